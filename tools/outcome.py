"""What a tool is told of the call it serves, and what comes of the call."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages.tool import ToolOutputMixin

from state.result import ErrorKind, Evidence


class ToolFailure(Exception):
    """A tool's typed error. Any other exception counts as permanent, time-outs and lost connections as transient.

    `sent`: False if it is certain that nothing reached the receiver, so that a write may be tried again. `done`: True
    if it is certain that it has been done, and only what came back is lost; a write hasn't failed then.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: ErrorKind = "permanent",
        retry_after: float | None = None,
        sent: bool = True,
        done: bool = False,
    ) -> None:
        super().__init__(message)
        self.kind: ErrorKind = kind
        self.retry_after = retry_after
        self.sent = sent
        self.done = done


@dataclass(frozen=True)
class ToolOutput(ToolOutputMixin):  # the mixin keeps LangChain from making text of it
    """What a tool returns when its evidence is more than its value: `value` is JSON."""

    value: Any
    evidence: list[Evidence] = field(default_factory=list)


@dataclass(frozen=True)
class Call:
    """The call a tool is serving, for tools that need more than their arguments."""

    key: str = ""
    thread_id: str = ""
    task: str = ""
    attempt: int = 1


NO_CALL = Call()
current_call: ContextVar[Call] = ContextVar("current_call", default=NO_CALL)
"""Inside a tool: the call being served; `current_call.get().key` is the idempotency key of an effect."""


def words_of(error: BaseException) -> str:
    """What an exception says; '' for one that can't say it."""
    try:
        return str(error).strip()
    except (Exception, SystemExit):
        return ""


def was_sent(error: BaseException) -> bool:
    """Whether something may have reached the receiver before `error`."""
    if isinstance(error, ToolFailure):
        return error.sent
    return not (isinstance(error, ConnectionRefusedError) or type(error).__name__ in {"ConnectError", "ConnectTimeout"})
