"""What every orchestration type shares: how a graph is begun, and how its wiring becomes a compiled graph."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, Unpack

from langgraph.graph import END, StateGraph

from graph import routes
from graph.guarded import GuardedGraph, guarded
from graph.kits import make_kit
from graph.tracing import start_tracing
from memory.journal import Journal
from models.brain import Brain
from nodes.execute import execute
from nodes.generate import generate
from nodes.guardrails import Guards
from nodes.kit import Kit
from nodes.respond import respond
from nodes.validate import validate
from state.context import RunContext
from state.policy import Policy
from state.run import RunInput, RunOutput, RunState
from tools.registry import AnyTool

Wiring = StateGraph[Any, Any, Any, Any]

_GROWING = frozenset({"messages"})
"""Channels that what is returned is added to."""


class Choices(TypedDict, total=False):
    """What the `build` of every type takes by keyword; what each means is told at `graph.orchestrator.build`."""

    brain: Brain | str | None
    tools: Sequence[AnyTool] | None
    checkpointer: Any
    store: Any
    policy: Policy | str | Path | None
    model: str | None
    journal: Journal | None
    guards: Guards | None


def build_graph(wire: Callable[[Kit], Wiring], name: str, **choices: Unpack[Choices]) -> GuardedGraph:
    """The graph that `wire` makes of a kit, compiled with its entry guarded. Raises ValueError for an unknown name."""
    start_tracing()
    kit = make_kit(
        brain=choices.get("brain"),
        tools=choices.get("tools"),
        checkpointer=choices.get("checkpointer"),
        policy=choices.get("policy"),
        journal=choices.get("journal"),
        model=choices.get("model"),
        guards=choices.get("guards"),
    )
    return guarded(wire(kit), checkpointer=choices.get("checkpointer"), store=choices.get("store"), name=name)


def step(graph: Wiring, name: str, node: Callable[..., Awaitable[dict[str, Any]]]) -> None:
    """A node of which only what changes the state is stored: every value it returns is another row in the database."""

    @functools.wraps(node)
    async def run(state: Any, runtime: Any) -> dict[str, Any]:
        update = await node(state, runtime)
        return {key: value for key, value in update.items() if key in _GROWING or _is_new(state, key, value)}

    graph.add_node(name, run)


def _is_new(state: Mapping[str, Any], key: str, value: Any) -> bool:
    return key not in state or type(state[key]) is not type(value) or bool(state[key] != value)


def branch(graph: Wiring, node: str, route: Callable[[Any], str]) -> None:
    """A conditional edge from `node` to the one that `route`, a pure function of the state, names.

    As a coroutine, for LangGraph runs plain functions in threads, which takes longer to begin than these do to end.
    """

    @functools.wraps(route)
    async def choose(state: Any) -> str:
        return route(state)

    graph.add_conditional_edges(node, choose)


def begun() -> Wiring:
    """A graph without nodes, over the state that all types share."""
    return StateGraph(RunState, context_schema=RunContext, input_schema=RunInput, output_schema=RunOutput)


def carry_out(graph: Wiring, kit: Kit, after_validate: Callable[[Any], str] = routes.after_validate) -> None:
    """What every graph with a plan does once it may run: execute it, write the answer, check it, and respond."""
    step(graph, "execute", execute(kit))
    step(graph, "generate", generate(kit))
    step(graph, "validate", validate(kit))
    step(graph, "respond", respond(kit))
    branch(graph, "execute", routes.after_execute)
    graph.add_edge("generate", "validate")
    branch(graph, "validate", after_validate)
    graph.add_edge("respond", END)
