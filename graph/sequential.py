"""Sequential: prompt, search, answer. No branches and no loops."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langchain_core.tools import BaseTool
from langgraph.graph import END, START, StateGraph
from nodes.respond import respond

from graph.guarded import GuardedGraph, guarded
from graph.kits import make_kit
from memory.journal import Journal
from models.brain import Brain
from nodes.execute import execute
from nodes.generate import generate
from nodes.guard import guard
from nodes.intent import intent
from nodes.kit import Kit
from nodes.sequence import sequence
from nodes.validate import validate
from state.context import RunContext
from state.policy import Policy
from state.run import RunInput, RunOutput, RunState
from tools.registry import ToolSpec


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
    """The sequential graph; parameters as `graph.orchestrator.build`."""
    kit = make_kit(brain=brain, tools=tools, checkpointer=checkpointer, policy=policy, journal=journal, model=model)
    return guarded(wire(kit), checkpointer=checkpointer, store=store, name="sequential")


def wire(kit: Kit) -> StateGraph[Any, Any, Any, Any]:
    """The graph, before it is compiled."""
    graph = StateGraph(RunState, context_schema=RunContext, input_schema=RunInput, output_schema=RunOutput)
    graph.add_sequence(
        [
            ("guard", guard(kit)),
            ("intent", intent(kit)),
            ("search", sequence(kit)),
            ("execute", execute(kit)),
            ("generate", generate(kit)),
            ("validate", validate(kit)),
            ("respond", respond(kit)),
        ]
    )
    graph.add_edge(START, "guard")
    graph.add_edge("respond", END)
    return graph
