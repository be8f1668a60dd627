"""LangChain's own tools: each kind can be called, and what it returns is told as what it means."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool, InjectedToolCallId, Tool, ToolException
from langchain_core.tools import tool as langchain_tool
from langgraph.types import Command

from state.plan import check_plan
from tools.registry import Call, ToolFailure, ToolSpec, current_call


def shout(text: str) -> str:
    return text.upper()


async def shout_later(text: str) -> str:
    return text.upper()


@pytest.mark.parametrize(
    "made",
    [
        Tool(name="shout", func=shout, description="Shout."),
        Tool(name="shout", func=None, coroutine=shout_later, description="Shout."),
    ],
    ids=["sync", "async"],
)
async def test_a_tool_for_a_single_text_takes_it(made: Tool) -> None:
    args = {"tool_input": "hello"}
    spec = ToolSpec.of(made)
    assert spec.parameters["required"] == ["tool_input"]
    for known in (spec, made):
        assert check_plan({"tasks": [{"id": "t1", "tool": "shout", "args": args}]}, [known]) == []
    assert (await spec.call(args)).value == "HELLO"


@langchain_tool
def with_id(count: int, call_id: Annotated[str, InjectedToolCallId]) -> dict[str, Any]:
    """Say what it was given."""
    return {"count": count, "id": call_id}


@langchain_tool
async def with_id_later(count: int, call_id: Annotated[str, InjectedToolCallId]) -> dict[str, Any]:
    """Say what it was given."""
    return {"count": count, "id": call_id}


@pytest.mark.parametrize("made", [with_id, with_id_later], ids=["sync", "async"])
async def test_the_id_of_a_call_is_its_key_and_values_stay_json(made: BaseTool) -> None:
    token = current_call.set(Call(key="k7"))
    try:
        assert (await ToolSpec.of(made).call({"count": 3})).value == {"count": 3, "id": "k7"}
    finally:
        current_call.reset(token)


def message(text: str, **more: Any) -> ToolMessage:
    return ToolMessage(text, tool_call_id="x", **more)


PICTURE = {"type": "image", "url": "https://example.org/a.png"}


@pytest.mark.parametrize(
    ("returned", "value"),
    [
        (message("done"), "done"),
        (message("done", artifact={"rows": 2}), {"rows": 2}),
        (ToolMessage([{"type": "text", "text": "a"}, "b"], tool_call_id="x"), "ab"),
        (ToolMessage([PICTURE], tool_call_id="x"), [PICTURE]),
        ([message("one"), message("two")], ["one", "two"]),
        (Command(update={"who": "ann", "messages": [message("found ann")]}), "found ann"),
        (Command(update={"who": "ann"}), {"who": "ann"}),
        (Command(goto="elsewhere"), None),
        ([{"type": "text", "text": "a"}], [{"type": "text", "text": "a"}]),
    ],
)
async def test_a_message_or_a_command_is_what_it_tells(returned: Any, value: Any) -> None:
    @langchain_tool
    def look() -> Any:
        """Look."""
        return returned

    assert (await ToolSpec.of(look).call({})).value == value


@pytest.mark.parametrize(
    ("returned", "value"),
    [
        (("text", {"rows": 2}), {"rows": 2}),
        (("text", None), "text"),
        ("text", "text"),
        (("a", "b", "c"), ("a", "b", "c")),
    ],
)
async def test_an_artifact_is_the_value_and_what_has_none_is_taken_as_it_is(returned: Any, value: Any) -> None:
    @langchain_tool(response_format="content_and_artifact")
    def look() -> Any:
        """Look."""
        return returned

    assert (await ToolSpec.of(look).call({})).value == value


@pytest.mark.parametrize(
    "handled", [True, "it went wrong", lambda error: "it went wrong"], ids=["true", "text", "call"]
)
async def test_an_error_that_langchain_would_hand_on_as_a_result_is_an_error(handled: Any) -> None:
    @langchain_tool
    def look() -> str:
        """Look."""
        raise ToolException("nothing there")

    look.handle_tool_error = handled
    with pytest.raises(ToolException, match="nothing there"):
        await ToolSpec.of(look).call({})
    assert look.handle_tool_error is handled


async def test_a_message_of_an_error_is_an_error() -> None:
    @langchain_tool
    def look() -> ToolMessage:
        """Look."""
        return message("nothing there", status="error")

    with pytest.raises(ToolFailure, match="nothing there"):
        await ToolSpec.of(look).call({})


class Counter(BaseTool):
    """A tool with a state of its own."""

    name: str = "counter"
    description: str = "Count."
    count: int = 0

    def _run(self, by: int) -> int:
        raise NotImplementedError

    async def _arun(self, by: int) -> int:
        self.count += by
        return self.count


async def test_a_tool_keeps_its_state_in_itself() -> None:
    counter = Counter()
    spec = ToolSpec.of(counter)
    assert [(await spec.call({"by": 2})).value for _ in range(2)] == [2, 4]
    assert counter.count == 4
