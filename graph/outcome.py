"""What a run came to, for scripts, notebooks and the command."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from state.plan import Plan
from state.record import Record
from state.result import Citation, TaskResult
from state.run import RunReport, StopReason
from state.verdict import Verdict


class Waiting(Record):
    """A question that is open: answer it with `resume(thread_id, {id: response})`."""

    id: str
    kind: str = Field(description="approval, plan, clarify, question or in_doubt.")
    request: dict[str, Any] = Field(description="LangChain's request, with task, reason and provenance.")


class Outcome(Record):
    """The state of a run when it stopped: finished, or waiting for a person."""

    thread_id: str
    goal: str = ""
    answer: str = ""
    citations: list[Citation] = Field(default_factory=list)
    results: dict[str, TaskResult] = Field(default_factory=dict)
    plan: Plan | None = None
    verdict: Verdict | None = None
    stop_reason: StopReason | None = None
    report: RunReport | None = None
    waiting: list[Waiting] = Field(default_factory=list)

    @property
    def finished(self) -> bool:
        """Whether the run has ended; if not, it waits for a person or was interrupted."""
        return self.report is not None and not self.waiting

    @classmethod
    def of(cls, thread_id: str, values: dict[str, Any], interrupts: Any) -> Outcome:
        """The outcome in a thread's state."""
        waiting = [
            Waiting(id=one.id, kind=one.value.get("kind", "question"), request=dict(one.value))
            if isinstance(one.value, dict)
            else Waiting(id=one.id, kind="question", request={"value": one.value})
            for one in interrupts
        ]
        known = {name: values[name] for name in cls.model_fields if values.get(name) is not None}
        return cls(**{**known, "thread_id": thread_id, "waiting": waiting})
