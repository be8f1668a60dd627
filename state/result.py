"""What a task came to: its value, its evidence, or a typed error."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from state.record import Record

TaskStatus = Literal["done", "failed", "skipped", "refused", "in_doubt", "pending"]
ErrorKind = Literal[
    "transient", "permanent", "timeout", "refused", "invalid_arguments", "budget", "repeated", "not_found"
]


class Origin(Record):
    """Where a value comes from, and whether it may be acted on without asking.

    Untrusted is contagious: whatever is computed from an untrusted value is untrusted.
    """

    trusted: bool = True
    composed: bool = Field(
        default=False,
        description="Whether a model chose it after reading untrusted text: it may carry what the model has seen.",
    )
    picked: bool = Field(
        default=False,
        description="Whether code chose it by what the plan says: the one value that fits, or the id of a new record.",
    )
    minted: list[str] = Field(
        default_factory=list,
        description="Fields of the value that the tool's own system assigned to the record that the plan named.",
    )
    sources: list[str] = Field(
        default_factory=list,
        description="Origins, e.g. 'plan', 'user', 'tool:search_web', 'task:t1', 'https://...'",
    )

    @staticmethod
    def merge(origins: list[Origin]) -> Origin:
        """The origin of a value made from all of `origins`."""
        sources = dict.fromkeys(source for origin in origins for source in origin.sources)
        return Origin(
            trusted=all(o.trusted for o in origins),
            composed=any(o.composed for o in origins),
            picked=any(o.picked for o in origins) and all(o.picked or o.trusted for o in origins),
            sources=list(sources),
        )

    def by_model(self) -> Origin:
        """The origin of what a model makes of a value of this origin."""
        return self if self.trusted else self.model_copy(update={"composed": True, "picked": False, "minted": []})


class Evidence(Record):
    """A piece of text that a task brought back and an answer may quote."""

    text: str = Field(description="The text as retrieved; quotations must occur in it verbatim.")
    source: str = Field(description="File, URL, table or tool the text came from.")
    place: str = Field(default="", description="Where in the source: page, heading, line, row.")
    task: str = Field(default="", description="Id of the task that brought it.")
    kind: Literal["text", "value"] = Field(default="text", description="'value': computed or looked up, not prose.")
    trusted: bool = False
    url: str | None = None
    date: str | None = None
    score: float | None = None


class TaskError(Record):
    """Why a task has no value."""

    kind: ErrorKind
    message: str
    retry_after: float | None = Field(default=None, description="Seconds the receiver asked for.")


class TaskResult(Record):
    """The outcome of one task. Times are epoch seconds."""

    task: str
    status: TaskStatus
    value: Any = None
    error: TaskError | None = None
    reason: str | None = Field(default=None, description="Why skipped, refused or in doubt.")
    evidence: list[Evidence] = Field(default_factory=list)
    origin: Origin = Field(default_factory=Origin)
    attempts: int = 0
    started: float | None = None
    ended: float | None = None
    tool: str = ""
    items: list[TaskResult] = Field(default_factory=list, description="One per item of `each`, in the list's order.")
    rounds: int = 0

    @property
    def ok(self) -> bool:
        return self.status == "done"

    def _repr_html_(self) -> str:
        from state.display import task_result

        return task_result(self)


class Citation(Record):
    """A verbatim quotation that carries one claim of the answer."""

    number: int
    quote: str
    source: str
    place: str = ""
    task: str = ""
    url: str | None = None
    date: str | None = None
