"""Specialists: agents that a supervisor hands tasks to, as data."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from state.record import Record
from state.task import AGENT, Task


class Specialist(Record):
    """An agent with tools, a prompt and bounds of its own."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,31}$", description="As in 'researcher'.")
    about: str = Field(description="What it is good at, for whoever hands out the tasks.")
    prompt: str = Field(default="", description="What it is told it is.")
    tools: list[str] = Field(default_factory=list, description="The tools it may use; none: all that read.")
    max_steps: int = Field(default=8, ge=1, le=50, description="Thoughts it may have on one task.")
    budget: dict[str, float] = Field(
        default_factory=dict, description="What it may spend on one task: tokens, money, model_calls, tool_calls."
    )

    def takes(self, task: Task, goal: str) -> Task:
        """`task` as one for this specialist, with `goal` as what it is to find out or do."""
        args: dict[str, Any] = {"goal": goal, "prompt": self.prompt or self.about, "tools": list(self.tools)}
        args |= {"max_steps": self.max_steps} | ({"budget": dict(self.budget)} if self.budget else {})
        return task.model_copy(update={"tool": AGENT, "args": args})
