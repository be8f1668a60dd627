"""A brain that acts by script, and a worker process that can be killed while it does.

python scripted_agent.py begin|resume DIRECTORY
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from graph.run import aask, aresume
from models.brain import Action, Step, Thought
from models.reflex import ReflexBrain
from state.budget import Usage
from tools.registry import ToolSpec, tool

COST = Usage(input_tokens=100, output_tokens=10, model_calls=1, money=0.01)
Choose = Callable[[str, list[Step], str], Action]


class ScriptedAgent(ReflexBrain):
    """Takes the actions that `choose` chooses from the goal, the steps so far and the prompt; else as reflex."""

    def __init__(self, choose: Choose, *, name: str = "scripted") -> None:
        self._choose = choose
        self._name = name
        self.prompts: list[str] = []
        self.tools: list[list[str]] = []

    @property
    def name(self) -> str:
        return self._name

    async def next_action(
        self, goal: str, *, tools: Sequence[ToolSpec], steps: Sequence[Step], prompt: str = ""
    ) -> Thought[Action]:
        self.prompts.append(prompt)
        self.tools.append([spec.name for spec in tools])
        return Thought(self._choose(goal, list(steps), prompt), COST)


def in_turn(*actions: Action) -> Choose:
    """One action after the other, then the answer."""

    def choose(goal: str, steps: list[Step], prompt: str) -> Action:
        return actions[len(steps)] if len(steps) < len(actions) else Action(answer="that is all")

    return choose


def ledger_tools(directory: Path) -> list[ToolSpec]:
    """A tool that reads and one that writes, both counted in a file; each ends the process where told to, once."""

    def count(what: str) -> None:
        with (directory / "ledger").open("a") as ledger:
            ledger.write(what + "\n")
        trap = directory / f"kill {what}"
        if trap.exists():
            trap.unlink()
            os.kill(os.getpid(), signal.SIGKILL)

    @tool(risk="read", trusted=True)
    async def look(number: int) -> int:
        """Look."""
        count(f"look {number}")
        return number

    @tool(risk="write", trusted=True, idempotent=False)
    async def pay(number: int) -> str:
        """Pay."""
        count(f"pay {number}")
        return f"paid {number}"

    return [look, pay]


ACTIONS = (
    Action(tool="look", args={"number": 1}),
    Action(tool="pay", args={"number": 2}),
    Action(tool="look", args={"number": 3}),
)


async def work(mode: str, directory: Path) -> None:
    options: dict[str, Any] = {
        "brain": ScriptedAgent(in_turn(*ACTIONS)),
        "tools": ledger_tools(directory),
        "policy": "auto",
        "checkpointer": f"sqlite:///{directory / 'runs.sqlite'}",
    }
    if mode == "begin":
        await aask("Look and pay.", type="agentic", thread_id="t", **options)
    else:
        outcome = await aresume("t", **options)
        print(outcome.model_dump_json())  # noqa: T201


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], Path(sys.argv[2])))
