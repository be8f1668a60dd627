"""now: the current date and time."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field

from state.result import Evidence
from tools.registry import ToolFailure, ToolOutput, tool


@tool(risk="read", trusted=True, timeout=10)
def now(
    timezone: Annotated[str, Field(description="IANA name, as 'Europe/Berlin'.")] = "UTC",
) -> ToolOutput:
    """The current date, time and day of the week in a time zone.

    Returns {"iso", "date", "time", "weekday", "timezone"}.
    """
    try:
        zone = ZoneInfo(timezone.strip() or "UTC")
    except (KeyError, ValueError, OSError):  # whatever zoneinfo makes of an odd name, or of a folder
        message = f"there is no time zone '{timezone}'; use an IANA name, as 'UTC' or 'America/New_York'"
        raise ToolFailure(message, kind="invalid_arguments", sent=False) from None
    moment = datetime.now(zone)
    value = {
        "iso": moment.isoformat(timespec="seconds"),
        "date": moment.date().isoformat(),
        "time": moment.strftime("%H:%M:%S"),
        "weekday": moment.strftime("%A"),
        "timezone": zone.key,
    }
    text = f"It is {value['weekday']}, {value['date']}, {value['time']} ({value['timezone']})."
    return ToolOutput(value, [Evidence(text=text, source="now", kind="value", trusted=True, score=1.0)])
