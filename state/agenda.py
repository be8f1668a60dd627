"""The list of what an agent has still to do for its goal, as it keeps it itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from state.record import Record

TodoStatus = Literal["pending", "in_progress", "completed", "given_up"]


class Todo(Record):
    """One thing to do, in an agent's own words."""

    goal: str = Field(description="What is to be found out or done.")
    status: TodoStatus = "pending"

    @property
    def is_open(self) -> bool:
        return self.status in ("pending", "in_progress")


def listed(agenda: Iterable[Todo]) -> str:
    """The list as a person and a model read it."""
    marks = {"pending": " ", "in_progress": "~", "completed": "x", "given_up": "-"}
    return "\n".join(f"- [{marks[todo.status]}] {todo.goal}" for todo in agenda)
