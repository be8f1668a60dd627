"""A scripted model whose plan is written as far as a test lets it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver

from evals.servers.openai_server import OpenAIServer, Reply, Request
from graph.building import build_graph
from graph.guarded import GuardedGraph
from graph.orchestrator import wire
from memory.settings import Settings
from models.chat import ChatBrain
from tools.registry import ToolSpec, tool

GOAL = "What do the shelves hold?"


def look(task: str, what: str, **more: Any) -> dict[str, Any]:
    return {"id": task, "goal": f"Look at {what}", "tool": "look", "args": {"what": what}, **more}


class Model:
    """Answers as a model would. `plans`: one per request for a plan, the last again and again.

    What follows the text `until` of a plan is written only once `go_on` is set.
    """

    def __init__(self, *plans: Sequence[Mapping[str, Any]] | str, until: str | None = None) -> None:
        self._plans = list(plans)
        self._until = until
        self.go_on = threading.Event()
        self.plans_asked: list[Request] = []

    def __call__(self, request: Request) -> Reply | Mapping[str, Any]:
        system = str(request.messages[0]["content"])
        if system.startswith("You plan"):
            self.plans_asked.append(request)
            plan = self._plans.pop(0) if len(self._plans) > 1 else self._plans[0]
            text = plan if isinstance(plan, str) else json.dumps({"tasks": plan})
            return Reply(text, held=[(self._until, self.go_on)] if self._until else [])
        if system.startswith("You sort"):
            return {"kind": "question", "goal": GOAL, "questions": [GOAL], "constraints": []}
        if system.startswith("You answer"):
            return Reply("The shelf holds tea [1].")
        return {"action": "accept", "reason": "it is right", "findings": [], "tasks": []}


class Shelves:
    """Tools that count their calls, and can be waited for. `slow`: what is looked at until the test lets go."""

    def __init__(self, *slow: str) -> None:
        self.looked: list[str] = []
        self.written: list[str] = []
        self.cancelled: list[str] = []
        self.ended = {name: asyncio.Event() for name in "abcd"}
        self.at_work = asyncio.Event()
        self.free = asyncio.Event()
        self._slow = slow

    def tools(self) -> list[ToolSpec]:
        @tool(trusted=True, cost=0.01)
        async def look(what: str) -> str:
            """What a shelf holds."""
            self.looked.append(what)
            if what in self._slow:
                self.at_work.set()
                try:
                    await self.free.wait()
                except asyncio.CancelledError:
                    self.cancelled.append(what)
                    raise
            if what in self.ended:
                self.ended[what].set()
            return f"The shelf {what} holds tea"

        @tool(risk="write", trusted=True)
        async def label(what: str) -> str:
            """Put a label on a shelf."""
            self.written.append(what)
            return "labelled"

        return [look, label]


def graph_with(
    server: OpenAIServer,
    shelves: Shelves,
    *,
    policy: str | Any = "auto",
    saver: Any = None,
    wiring: Callable[..., Any] = wire,
    brain: Any = None,
) -> GuardedGraph:
    brain = brain or ChatBrain.from_settings(Settings(openai_base_url=server.url, model="gpt-4o"))
    saver = saver or InMemorySaver()
    return build_graph(wiring, "graph", brain=brain, tools=shelves.tools(), checkpointer=saver, policy=policy)
