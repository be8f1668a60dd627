"""What can't be a tool is said when it is given, not when a plan calls it."""

from __future__ import annotations

import math
from typing import Annotated, Any

import pytest
from langchain_core.tools import InjectedToolArg, StructuredTool
from langchain_core.tools import tool as langchain_tool
from langgraph.prebuilt import InjectedState, InjectedStore, ToolRuntime

from tools.registry import Toolbox, ToolSpec, tool


def look(at: str = "") -> str:
    """Look."""
    return at


def made(**metadata: Any) -> StructuredTool:
    return StructuredTool.from_function(look, metadata=metadata)


@pytest.mark.parametrize(
    ("term", "value", "told"),
    [
        ("risk", "none", "one of 'read', 'write', 'irreversible'"),
        ("risk", ["read"], "one of 'read', 'write', 'irreversible'"),
        ("trusted", None, "True or False"),
        ("trusted", "no", "True or False"),
        ("idempotent", 1, "True or False"),
        ("timeout", "5", "a number of seconds above 0"),
        ("timeout", 0, "a number of seconds above 0"),
        ("timeout", math.nan, "a number of seconds above 0"),
        ("retries", None, "a whole number from 0 on"),
        ("retries", -1, "a whole number from 0 on"),
        ("retries", True, "a whole number from 0 on"),
        ("concurrency", 0, "a whole number from 1 on"),
        ("concurrency", 2.5, "a whole number from 1 on"),
        ("rate", 0, "a number of calls a second above 0, or None"),
        ("cost", -1, "an amount in US dollars from 0 on"),
        ("cost", math.inf, "an amount in US dollars from 0 on"),
        ("unavailable", True, "the reason as text, or None"),
        ("roles", {"at": "adress"}, "'by name', or 'address', 'amount', 'content' for each argument"),
        ("mints", "id", "a list of names"),
    ],
)
def test_a_term_that_has_no_meaning_is_said(term: str, value: Any, told: str) -> None:
    for give in (lambda: ToolSpec.of(made(**{term: value})), lambda: tool(**{term: value})(look)):
        with pytest.raises(ValueError) as raised:
            give()
        assert str(raised.value) == f"the tool 'look': {term} is {told}, not {value!r}"


def test_what_else_the_metadata_holds_is_left_alone_and_a_misspelt_term_is_said() -> None:
    assert ToolSpec.of(made(retries=0, rate=2, mints=["id"], owner=None, retrys="x")).retries == 0
    with pytest.raises(ValueError, match="the tool 'look': there is no term 'retrys'; there are: risk, idempotent"):
        tool(retrys=3)(look)


@pytest.mark.parametrize("name", ["model", "agent", "event"])
def test_a_name_with_a_meaning_of_its_own_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"a tool can't be called '{name}'"):
        Toolbox([tool(name=name)(look)])


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two tools are called 'look'"):
        Toolbox([tool(look), made()])


@langchain_tool
def of_state(at: str, state: Annotated[dict[str, Any], InjectedState]) -> str:
    """Look."""
    return at


@langchain_tool
def of_store(at: str, store: Annotated[Any, InjectedStore()]) -> str:
    """Look."""
    return at


@langchain_tool
def of_runtime(at: str, runtime: ToolRuntime) -> str:
    """Look."""
    return at


@langchain_tool
def of_user(at: str, user: Annotated[str, InjectedToolArg]) -> str:
    """Look."""
    return at


@langchain_tool
def of_user_if_any(at: str, user: Annotated[str | None, InjectedToolArg] = None) -> str:
    """Look."""
    return f"{at} {user}"


@pytest.mark.parametrize(
    ("given", "missing"), [(of_state, "state"), (of_store, "store"), (of_runtime, "runtime"), (of_user, "user")]
)
def test_what_only_langgraphs_tool_node_could_call_is_refused(given: StructuredTool, missing: str) -> None:
    with pytest.raises(ValueError, match=f"'{given.name}' can't be called: .* would inject '{missing}'"):
        Toolbox([given])


async def test_what_is_injected_but_has_a_default_does_without() -> None:
    (spec,) = Toolbox([of_user_if_any]).values()
    assert (await spec.call({"at": "x"})).value == "x None"
