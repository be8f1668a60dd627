"""A graph that is nothing but `execute`, to test execution on its own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, cast

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph

from graph.routes import after_execute
from memory.journal import Journal, journal_for
from models.brain import Brain
from nodes.execute import execute
from nodes.kit import Kit
from state.budget import Budget
from state.context import RunContext
from state.plan import Plan
from state.policy import NAMED, Policy
from state.run import RunState, fresh_run
from tools.registry import Toolbox


class Bench:
    """Runs plans on given tools, with a checkpointer of its own or a given one."""

    def __init__(
        self,
        tools: Sequence[Any],
        *,
        policy: Policy | str = "auto",
        checkpointer: Any = None,
        brain: Brain | None = None,
        journal: Journal | None = None,
        concurrency: int = 64,
    ) -> None:
        self.checkpointer = checkpointer or InMemorySaver()
        self.journal = journal or journal_for(self.checkpointer)
        kit = Kit(
            brain=cast(Brain, brain),
            tools=Toolbox(tools),
            policy=NAMED[policy] if isinstance(policy, str) else policy,
            journal=self.journal,
            concurrency=concurrency,
        )
        graph = StateGraph(RunState, context_schema=RunContext)
        graph.add_node("execute", execute(kit))
        graph.add_edge(START, "execute")
        graph.add_conditional_edges("execute", lambda s: "execute" if after_execute(s) == "execute" else END)
        self.graph = graph.compile(checkpointer=self.checkpointer)

    def config(self, thread: str = "t") -> Any:
        return {"configurable": {"thread_id": thread, "user": "tester"}}

    async def run(
        self, plan: Plan | list[Any], *, budget: Budget | None = None, thread: str = "t", run_key: str = "key"
    ) -> dict[str, Any]:
        plan = plan if isinstance(plan, Plan) else Plan(tasks=plan)
        given = fresh_run("goal", plan=plan, budget=budget or Budget(), run_key=run_key, started=time.time())
        return await self.graph.ainvoke(given, self.config(thread), durability="sync")

    async def resume(self, given: Any = None, *, thread: str = "t") -> dict[str, Any]:
        return await self.graph.ainvoke(given, self.config(thread), durability="sync")

    async def events(self, plan: list[Any], *, thread: str = "t") -> list[Any]:
        given = fresh_run("goal", plan=Plan(tasks=plan), budget=Budget(), run_key="key", started=time.time())
        stream = self.graph.astream(given, self.config(thread), stream_mode="custom")
        return [event async for event in stream]
