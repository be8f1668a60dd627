"""A thread with a person in it: tools that note what they did, a brain that plans as told, questions and answers."""

from __future__ import annotations

from typing import Any

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from graph.orchestrator import build
from memory.journal import journal_for
from models.brain import Thought
from state.intent import Intent
from state.plan import Plan, Task
from state.policy import Policy
from tests.nodes.brains import ScriptedBrain
from tools.ask_human import ask_human
from tools.registry import ToolSpec, tool

APPROVE = {"decisions": [{"type": "approve"}]}


def reject(why: str) -> dict[str, Any]:
    return {"decisions": [{"type": "reject", "message": why}]}


def edit(name: str, **args: Any) -> dict[str, Any]:
    return {"decisions": [{"type": "edit", "edited_action": {"name": name, "args": args}}]}


class Planner(ScriptedBrain):
    """Makes the given plans one after the other, the last one again and again."""

    def __init__(self, *plans: list[Task]) -> None:
        super().__init__("Done.")
        self.plans, self.told = [Plan(tasks=tasks) for tasks in plans], list[str]()

    async def decompose(self, intent: Intent, **given: Any) -> Thought[Plan]:
        self.told += [str(problem) for problem in given.get("problems") or ()]
        return Thought(self.plans.pop(0) if len(self.plans) > 1 else self.plans[0])


class Office:
    """A thread of a graph whose tools note what they did."""

    def __init__(self, brain: Planner | None = None, **policy: Any) -> None:
        self.done: list[str] = []
        self.saver = InMemorySaver()
        self.brain = brain or Planner([])
        self.policy = policy
        self.config: Any = {"configurable": {"thread_id": "t", "user": "ann"}}

    @property
    def graph(self) -> Any:
        return build(brain=self.brain, tools=self.tools(), checkpointer=self.saver, policy=Policy(**self.policy))

    def tools(self) -> list[ToolSpec]:
        @tool(risk="irreversible")
        def pay(to: str, amount: float = 1) -> str:
            """Pay."""
            self.done.append(f"pay {to} {amount:g}")
            return "paid"

        @tool(risk="write", trusted=True)
        def note(text: str) -> str:
            """Write a note."""
            self.done.append(f"note {text}")
            return "noted"

        return [pay, note, ask_human()]

    async def ask(self, goal: str = "Do it.", *tasks: Task) -> list[Any]:
        """The questions a goal comes to."""
        await self.graph.ainvoke({"goal": goal, "plan": Plan(tasks=list(tasks)) if tasks else None}, self.config)
        return await self.open()

    async def answer(self, response: Any) -> dict[str, Any]:
        out: dict[str, Any] = await self.graph.ainvoke(Command(resume=response), self.config)
        return out

    async def open(self) -> list[Any]:
        return list((await self.graph.aget_state(self.config)).interrupts)

    async def audit(self) -> list[Any]:
        return [one for one in await journal_for(self.saver).decisions("t") if not one.kind.endswith(":asked")]


def pay(name: str = "t1", to: str = "ben", **more: Any) -> Task:
    return Task(id=name, tool="pay", args={"to": to}, **more)
