"""The time of day, in any zone, and nothing but the time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tools.now import now
from tools.registry import ToolFailure


async def test_now_in_utc() -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    output = await now.call({})
    moment = datetime.fromisoformat(output.value["iso"])
    assert before <= moment <= datetime.now(UTC)
    assert output.value["date"] == moment.date().isoformat()
    assert output.value["weekday"] == moment.strftime("%A")
    assert output.value["timezone"] == "UTC"
    assert output.value["date"] in output.evidence[0].text


async def test_now_elsewhere() -> None:
    output = await now.call({"timezone": "Asia/Kolkata"})
    assert output.value["iso"].endswith("+05:30")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Europe", "a\0b"])
async def test_unknown_zones_are_refused(zone: str) -> None:
    with pytest.raises(ToolFailure, match="no time zone"):
        await now.call({"timezone": zone})
