"""AutoGen's tools, where AutoGen is installed."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tools.bridges.autogen import autogen_tool

autogen_core = pytest.importorskip("autogen_core")
CancellationToken = autogen_core.CancellationToken
pytestmark = pytest.mark.filterwarnings("ignore")


async def test_a_tool_keeps_its_schema_and_is_unknown_by_default() -> None:
    from autogen_core.tools import FunctionTool

    async def double(n: int) -> dict[str, int]:
        return {"twice": 2 * n}

    spec = autogen_tool(FunctionTool(double, description="Twice a number."))
    assert (await spec.call({"n": 4})).value == {"twice": 8}
    assert (spec.name, spec.description) == ("double", "Twice a number.")
    assert spec.parameters["required"] == ["n"]
    assert (spec.risk, spec.idempotent, spec.trusted) == ("write", False, False)


async def test_cancelling_the_call_cancels_the_tool() -> None:
    from autogen_core.tools import FunctionTool

    tokens: list[Any] = []
    begun = asyncio.Event()

    async def wait(cancellation_token: CancellationToken) -> str:
        tokens.append(cancellation_token)
        begun.set()
        await asyncio.Event().wait()
        return ""

    calling = asyncio.create_task(autogen_tool(FunctionTool(wait, description="Wait.")).call({}))
    await begun.wait()
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert tokens[0].is_cancelled()
