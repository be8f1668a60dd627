from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.waiting import retry_after


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "120"}, 120.0),
        ({"retry-after": " 7 "}, 7.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 -0000"}, 0.0),
        ({"retry-after": "Wed, 99 Oct 2015 07:28:00 GMT"}, None),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "?", "retry-after": "9"}, 9.0),
    ],
)
def test_what_a_server_asks_for_in_seconds(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


@pytest.mark.parametrize("has_zone", [True, False])
def test_a_date_to_come(has_zone: bool) -> None:
    date = datetime.now(UTC) + timedelta(seconds=90)
    written = format_datetime(date, usegmt=True) if has_zone else format_datetime(date.replace(tzinfo=None))
    soon = retry_after({"retry-after": written})
    assert soon is not None
    assert 60 < soon <= 90


@given(st.text(max_size=40))
def test_nothing_breaks_it(value: str) -> None:
    found = retry_after({"retry-after": value, "retry-after-ms": value})
    assert found is None or 0 <= found < float("inf")
