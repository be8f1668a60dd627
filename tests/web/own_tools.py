"""Tools a user brings (ORCHESTRATE_TOOLS): one that a test holds where it wants, one that says what acts in a page."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from tools.registry import tool

HOSTILE = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"


def place() -> Path:
    """Where the test and its tools meet."""
    return Path(os.environ["TEST_PLACE"])


@tool(risk="read", trusted=True, timeout=400, retries=0)
async def hold(name: str) -> str:
    """Wait until the test lets go."""
    await asyncio.to_thread((place() / f"{name}.held").touch)
    until = time.monotonic() + 300
    while not await asyncio.to_thread((place() / f"{name}.let-go").exists):
        if time.monotonic() > until:
            raise TimeoutError(name)
        await asyncio.sleep(0.02)
    return f"held {name}"


@tool(risk="read", retries=0)
def shout(to: str) -> str:
    """Say what would act, if a page took it for HTML."""
    return f"{HOSTILE} to {to}"
