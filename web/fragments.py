"""What the page shows of a run: JSON with fragments of escaped HTML, drawn as the notebooks draw them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from graph.outcome import Outcome, Waiting
from state import display, wording
from state.events import Event
from state.plan import Plan
from state.result import TaskResult, TaskStatus
from state.text import printable

_ENDED = ("done", "failed", "skipped", "refused", "in_doubt", "pending")


@dataclass
class Live:
    """A plan while its tasks are at work."""

    plan: Plan | None = None
    results: dict[str, TaskResult] = field(default_factory=dict)
    started: dict[str, float] = field(default_factory=dict)

    def so_far(self) -> dict[str, Any] | None:
        """The plan a run goes on with and where its tasks stand, as a message; None if there is none yet."""
        if self.plan is None or not self.plan.tasks:
            return None
        return {
            "type": "plan",
            "plan": self.plan.model_dump(mode="json"),
            "statuses": self._statuses(),
            "drawing": str(display.plan(self.plan, self.results)),
        }

    def message(self, event: Event) -> dict[str, Any]:
        """An event as the page takes it: with the plan drawn anew where that changed."""
        message: dict[str, Any] = {**event}
        if event["type"] == "plan":
            before, self.plan = self.plan, Plan.model_validate(event["plan"])
            same = {task.id for task in self.plan.tasks if before and task in before.tasks}
            self.results = {name: result for name, result in self.results.items() if name in same}
            self.started = {name: at for name, at in self.started.items() if name in same}
            message["statuses"] = self._statuses()
            message["drawing"] = str(display.plan(self.plan, self.results))
        elif event["type"] == "task" and event.get("item") is None:
            self._follow(cast(dict[str, Any], event))
            if self.plan is not None and event["status"] in _ENDED:
                message["drawing"] = str(display.plan(self.plan, self.results))
        return message

    def _statuses(self) -> dict[str, str]:
        ended = {name: result.status for name, result in self.results.items()}
        return {**dict.fromkeys(self.started, "running"), **ended}

    def _follow(self, event: dict[str, Any]) -> None:
        name, status = event["task"], event["status"]
        if status == "running":
            self.started.setdefault(name, event["at"])
        elif status == "waiting":  # it was begun and given up
            self.started.pop(name, None)
        elif status in _ENDED:
            self.results[name] = TaskResult(
                task=name,
                status=cast(TaskStatus, status),
                tool=event.get("tool", ""),
                reason=event.get("detail"),
                started=self.started.get(name, event["at"]),
                ended=event["at"],
            )


def conclusion(outcome: Outcome) -> dict[str, Any]:
    """Where a run stands: its answer, its plan and its time drawn, and what it asks."""
    plan, made = outcome.plan, outcome.report
    results = [str(display.task_result(result)) for result in outcome.results.values()]
    return {
        "type": "outcome",
        "thread_id": outcome.thread_id,
        "goal": outcome.goal,
        "stop_reason": outcome.stop_reason,
        "answer": str(display.answer(outcome.answer, outcome.citations)) if outcome.answer else "",
        "drawing": str(display.plan(plan, outcome.results, made)) if plan and plan.tasks else "",
        "timeline": str(display.timeline(outcome.results, made, caption=False)) if outcome.results and made else "",
        "report": str(display.report(made)) if made else "",
        "results": results,
        "failed": any(result.status == "failed" for result in outcome.results.values()),
        "waiting": [question(one) for one in outcome.waiting],
        "finished": outcome.finished,
    }


def question(asked: Waiting) -> dict[str, Any]:
    """What a run asks a person, whole: nobody can decide about what was cut. All of it is text."""
    request = asked.request
    action = (request.get("action_requests") or [{}])[0]
    args, origins = action.get("args") or {}, request.get("provenance") or {}
    return {
        "id": asked.id,
        "kind": asked.kind,
        "name": action.get("name", ""),
        "asked": printable(str(action.get("description") or request.get("value") or action.get("name") or "")),
        "reason": printable(request.get("reason") or ""),
        "args": args,
        "rows": _steps(args.get("plan"))
        if asked.kind == "plan"
        else [_row(name, value, origins.get(name)) for name, value in args.items()],
        "allowed": (request.get("review_configs") or [{}])[0].get("allowed_decisions", []),
        "expires": request.get("expires_at"),
    }


def _steps(plan: Any) -> list[dict[str, Any]]:
    """All that a plan would do, task by task: the drawing shows no arguments."""
    tasks = plan.get("tasks", []) if isinstance(plan, dict) else []
    return [
        _row(task["id"], "\n".join([task["tool"], *wording.arguments(task), *wording.terms(task)]), None)
        for task in tasks
    ]


def _row(name: str, value: Any, origin: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "name": printable(name),
        "text": printable(display.as_text(value)),
        "sources": [printable(str(source)) for source in (origin or {}).get("sources") or []],
        "trusted": (origin or {}).get("trusted", True),
    }
