"""The state of a run as its events tell it: what the live and the plain display draw from."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from state.text import printable

ENDED = frozenset({"done", "failed", "skipped", "refused", "in_doubt"})
"""Statuses that a task doesn't leave by itself."""

STEPS = {
    "guard": "Reading the goal",
    "intent": "Understanding the goal",
    "decompose": "Making a plan",
    "route": "Checking the plan",
    "review": "Reviewing the plan",
    "execute": "Working",
    "act": "Working",
    "generate": "Writing the answer",
    "validate": "Checking the answer",
    "respond": "Finishing",
}


def one_line(text: object) -> str:
    """`text` made safe to show and put on one line."""
    return " ".join(printable(str(text)).split())


def as_typed(thread_id: str) -> str:
    """A thread's id as it is to be typed in a command: in quotes where a shell would take it apart."""
    return shlex.quote(one_line(thread_id))


@dataclass
class TaskProgress:
    """One task as it stands. Times are epoch seconds."""

    id: str
    goal: str = ""
    tool: str = ""
    needs: list[str] = field(default_factory=list)
    status: str = "waiting"
    detail: str = ""
    attempt: int = 1
    started: float | None = None
    ended: float | None = None
    replayed: bool = False
    items: dict[int, str] = field(default_factory=dict)
    items_total: int | None = None

    def seconds(self, now: float) -> float | None:
        """How long it has been at work, or was; None before it starts."""
        if self.started is None:
            return None
        return max(0.0, (self.ended if self.ended is not None else now) - self.started)

    def items_text(self) -> str:
        """How far a task over a list has come: '3/8', or '3' while the length isn't known."""
        if not self.items and self.items_total is None:
            return ""
        ended = sum(status in ENDED for status in self.items.values())
        return f"{ended}/{self.items_total}" if self.items_total is not None else str(ended)


@dataclass
class Progress:
    """Folds the events of a run into what is to be shown."""

    step: str = ""
    tasks: dict[str, TaskProgress] = field(default_factory=dict)
    text: str = ""
    notes: list[tuple[str, str]] = field(default_factory=list)
    began: float | None = None

    def feed(self, event: Mapping[str, Any]) -> None:
        """Take in one event of `state.events`; kinds it doesn't know are passed over."""
        at = float(event.get("at") or 0.0)
        if self.began is None and at:
            self.began = at
        kind = event.get("type")
        if kind == "step":
            self._step(event)
        elif kind == "plan":
            self.plan(event["plan"])
        elif kind == "task":
            self._task(event, at)
        elif kind == "text":
            self.text = ("" if event.get("restart") else self.text) + printable(str(event.get("text", "")))
        elif kind == "note":
            self.notes.append((str(event.get("level", "info")), one_line(event.get("message", ""))))

    def plan(self, plan: Mapping[str, Any]) -> None:
        """Show the tasks of `plan`; what is known of those that stay is kept."""
        before, self.tasks = self.tasks, {}
        for data in plan.get("tasks", ()):
            task_id = one_line(data["id"])
            known = before.get(task_id, TaskProgress(task_id))
            known.goal = one_line(data.get("goal") or known.goal or data.get("tool", ""))
            known.tool = one_line(data.get("tool") or "")
            known.needs = _needs(data)
            if isinstance(data.get("each"), list):
                known.items_total = len(data["each"])
            self.tasks[task_id] = known

    def settle(self, results: Mapping[str, Any] | None) -> None:
        """Let the run's results have the last word over the events."""
        for name, result in (results or {}).items():
            task = self.tasks.get(name)
            if task is None:
                task = self.tasks[name] = TaskProgress(name, goal=name, tool=one_line(result["tool"] or ""))
            task.status = str(result["status"])
            task.started, task.ended = result["started"], result["ended"]
            task.attempt = max(task.attempt, int(result["attempts"] or 1))
            if result["error"]:
                task.detail = one_line(result["error"]["message"])
            elif result["reason"]:
                task.detail = one_line(result["reason"])
            elif task.status == "done":
                task.detail = ""

    def stop(self, now: float) -> None:
        """The run was stopped: what was at work no longer is."""
        for task in self.tasks.values():
            if task.status in ("running", "retrying"):
                task.status, task.ended = "stopped", now

    def _step(self, event: Mapping[str, Any]) -> None:
        if event.get("status") == "started":
            self.step = str(event.get("step", ""))
        elif event.get("step") == self.step:
            self.step = ""

    def _task(self, event: Mapping[str, Any], at: float) -> None:
        task_id, status = one_line(event["task"]), str(event["status"])
        task = self.tasks.setdefault(task_id, TaskProgress(task_id, goal=task_id))
        if event.get("goal"):
            task.goal = one_line(event["goal"])
        if event.get("tool"):
            task.tool = one_line(event["tool"])
        item = event.get("item")
        if item is not None:
            task.items[int(item)] = status
            return
        task.status, task.detail = status, one_line(event.get("detail") or "")
        task.attempt = int(event.get("attempt") or task.attempt)
        task.replayed = bool(event.get("replayed", task.replayed))
        if status in ("running", "retrying", "asking"):
            task.started = task.started if task.started is not None else at
            task.ended = None
        elif status in ENDED and task.started is not None:
            task.ended = at
        elif status == "waiting":  # it was begun and given up
            task.started = task.ended = None


def _needs(data: Mapping[str, Any]) -> list[str]:
    from state.task import Task

    try:
        return [one_line(name) for name in Task.model_validate(dict(data)).needs()]
    except ValueError:
        return [one_line(name) for name in data.get("after") or ()]
