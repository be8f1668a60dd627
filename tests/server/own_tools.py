"""Tools a user brings (ORCHESTRATE_TOOLS), made so that a test can hold a run where it wants and count what it did."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from tools.registry import tool

PLACE = Path(os.environ["TEST_PLACE"])


@tool(risk="irreversible")
def pay(to: str) -> str:
    """Pay somebody, once more each time it is called."""
    with (PLACE / "ledger").open("a") as ledger:
        ledger.write(f"{to}\n")
    return f"paid {to}"


@tool(risk="write")
def note(text: str) -> str:
    """Note something, once more each time it is called."""
    with (PLACE / "ledger").open("a") as ledger:
        ledger.write(f"{text}\n")
    return f"noted {text}"


@tool(risk="read", trusted=True, timeout=400, retries=0)
async def hold(name: str) -> str:
    """Wait until the test lets go."""
    await asyncio.to_thread((PLACE / f"{name}.held").write_text, str(os.getpid()))
    until = time.monotonic() + 300
    while not await asyncio.to_thread((PLACE / f"{name}.let-go").exists):
        if time.monotonic() > until:
            raise TimeoutError(name)
        await asyncio.sleep(0.02)
    return f"held {name}"
