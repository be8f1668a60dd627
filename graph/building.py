"""What every orchestration type shares: how a graph is begun, and how its wiring becomes a compiled graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from langchain_core.tools import BaseTool
from langgraph.graph import StateGraph

from graph.guarded import GuardedGraph, guarded
from graph.kits import make_kit
from memory.journal import Journal
from models.brain import Brain
from nodes.kit import Kit
from state.context import RunContext
from state.policy import Policy
from state.run import RunInput, RunOutput, RunState
from tools.registry import ToolSpec

Wiring = StateGraph[Any, Any, Any, Any]


class Build(Protocol):
    """The `build` function of an orchestration type; what it means is told at `graph.orchestrator.build`."""

    def __call__(
        self,
        brain: Brain | str | None = None,
        tools: Sequence[BaseTool | ToolSpec] | None = None,
        checkpointer: Any = None,
        store: Any = None,
        policy: Policy | str | Path | None = None,
        *,
        model: str | None = None,
        journal: Journal | None = None,
    ) -> GuardedGraph: ...


def built(wire: Callable[[Kit], Wiring], name: str) -> Build:
    """The `build` function of the type that `wire` wires."""

    def build(
        brain: Brain | str | None = None,
        tools: Sequence[BaseTool | ToolSpec] | None = None,
        checkpointer: Any = None,
        store: Any = None,
        policy: Policy | str | Path | None = None,
        *,
        model: str | None = None,
        journal: Journal | None = None,
    ) -> GuardedGraph:
        kit = make_kit(brain=brain, tools=tools, checkpointer=checkpointer, policy=policy, journal=journal, model=model)
        return guarded(wire(kit), checkpointer=checkpointer, store=store, name=name)

    build.__doc__ = f"The '{name}' graph, compiled; parameters as `graph.orchestrator.build`. Raises ValueError."
    return build


def begun() -> Wiring:
    """A graph without nodes, over the state that all types share."""
    return StateGraph(RunState, context_schema=RunContext, input_schema=RunInput, output_schema=RunOutput)
