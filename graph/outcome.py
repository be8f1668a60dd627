"""What a run came to, for scripts, notebooks and the command."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from state import display
from state.markup import Markup
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

    def _repr_html_(self) -> str:
        return display.question(self.kind, self.request, self.id)


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

    @property
    def timeline(self) -> Markup:
        """The run over its time, a bar per task, the critical path marked; a notebook draws it."""
        return display.timeline(self.results, self.report)

    @property
    def drawn_plan(self) -> Markup:
        """The plan as a graph, coloured by what became of each task; a notebook draws it."""
        return display.plan(self.plan or Plan(), self.results, self.report)

    def _repr_html_(self) -> str:
        parts = [question._repr_html_() for question in self.waiting]
        parts.append(display.answer(self.answer, self.citations) if self.answer else "")
        if self.stop_reason not in (None, "answered"):
            parts.append(display.warnings([self.stop_reason.replace("_", " ")]))
        if self.report is not None:
            drawn = display.timeline(self.results, self.report, caption=False)
            parts.append(display.folded("the run", Markup(drawn + display.report(self.report))))
        if self.plan is not None and self.plan.tasks:
            parts.append(display.folded("the plan", self.drawn_plan))
        return "".join(parts)

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
