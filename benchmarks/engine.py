"""The execution engine on its own: a graph that is nothing but `execute`, so that nothing else is measured."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, cast

from langgraph.graph import END, START, StateGraph

from graph.routes import after_execute
from memory.journal import Journal, journal_for
from models.brain import Brain
from nodes.execute import execute
from nodes.kit import Kit
from state.budget import Budget
from state.context import RunContext
from state.plan import Plan
from state.policy import NAMED
from state.run import RunState, fresh_run
from tools.registry import Toolbox, ToolSpec


def execution_graph(
    tools: Sequence[ToolSpec],
    *,
    checkpointer: Any,
    journal: Journal | None = None,
    policy: str = "auto",
    concurrency: int = 64,
) -> Any:
    """A compiled graph that runs the plan of its input on `tools`."""
    kit = Kit(
        brain=cast(Brain, None),
        tools=Toolbox(tools),
        policy=NAMED[policy],
        journal=journal or journal_for(checkpointer),
        concurrency=concurrency,
    )
    graph = StateGraph(RunState, context_schema=RunContext)
    graph.add_node("execute", execute(kit))
    graph.add_edge(START, "execute")
    graph.add_conditional_edges("execute", lambda s: "execute" if after_execute(s) == "execute" else END)
    return graph.compile(checkpointer=checkpointer)


def begin(plan: Plan, *, run_key: str = "run", budget: Budget | None = None) -> dict[str, Any]:
    """The input that runs `plan`."""
    return fresh_run("benchmark", plan=plan, budget=budget or Budget(), run_key=run_key, started=time.time())
