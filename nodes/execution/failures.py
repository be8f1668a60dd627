"""Exceptions of tools as typed errors."""

from __future__ import annotations

import math
from typing import Any, get_args

from pydantic import ValidationError

from state.references import BadReference
from state.result import ErrorKind, TaskError
from state.waiting import retry_after
from tools.outcome import ToolFailure, was_sent, words_of

RETRYABLE = frozenset({"transient", "timeout"})
_LONGEST_MESSAGE = 1000
_TRANSIENT_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


def typed(error: BaseException) -> TaskError:
    """What kind of error an exception is, with a message for a person. Never raises, whatever a tool's own may be."""
    try:
        return _typed(error)
    except Exception:
        return TaskError(kind="permanent", message=_message(error))


def _typed(error: BaseException) -> TaskError:
    if isinstance(error, ToolFailure):
        kind = error.kind if error.kind in get_args(ErrorKind) else "permanent"
        return TaskError(kind=kind, message=_message(error), retry_after=_seconds(error.retry_after))
    if isinstance(error, TimeoutError):
        return TaskError(kind="timeout", message=words_of(error)[:_LONGEST_MESSAGE] or "it took too long")
    if isinstance(error, ValidationError | BadReference):
        return TaskError(kind="invalid_arguments", message=_message(error))
    status = _status(error)
    if status in _TRANSIENT_STATUS:
        return TaskError(kind="transient", message=_message(error), retry_after=_asked_to_wait(error))
    if isinstance(error, ConnectionError) or _is_transport_error(error):
        return TaskError(kind="transient", message=_message(error))
    return TaskError(kind="permanent", message=_message(error))


def leaves_doubt(error: BaseException) -> bool:
    """Whether a write that ended in `error` may have happened all the same."""
    return typed(error).kind in RETRYABLE and was_sent(error)


def _message(error: BaseException) -> str:
    text, name = words_of(error)[:_LONGEST_MESSAGE], type(error).__name__
    known = isinstance(error, ToolFailure | ValidationError | BadReference)
    return (text if known and text else f"{name}: {text}" if text else name)[:_LONGEST_MESSAGE]


def _seconds(value: Any) -> float | None:
    """A time to wait, if it is one."""
    return float(value) if isinstance(value, int | float) and math.isfinite(value) and value >= 0 else None


def _status(error: BaseException) -> int | None:
    response = getattr(error, "response", None)
    status = getattr(error, "status_code", None) or getattr(response, "status_code", None)
    return status if isinstance(status, int) else None


def _asked_to_wait(error: BaseException) -> float | None:
    headers: Any = getattr(getattr(error, "response", None), "headers", None)
    return retry_after(headers) if headers else None


def _is_transport_error(error: BaseException) -> bool:
    # By name, so that no HTTP library is imported to look at an error it didn't raise.
    names = {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(error).__mro__}
    return bool(names & {"httpx.TransportError", "aiohttp.ClientConnectionError", "openai.APIConnectionError"})
