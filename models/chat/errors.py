"""What can go wrong with a model's server, told as a sentence that says what to do next."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from models.brain import BrainError
from state.budget import Usage
from state.waiting import retry_after

FailureKind = Literal[
    "key", "not_found", "rate_limit", "quota", "server", "unreachable", "timeout", "dropped", "refused", "context",
    "garbage",
]  # fmt: skip

_TRANSIENT: frozenset[FailureKind] = frozenset({"rate_limit", "server", "unreachable", "timeout", "dropped", "garbage"})
_LASTING: frozenset[FailureKind] = frozenset({"key", "not_found", "quota", "unreachable"})
_TOO_LONG = re.compile(
    r"context_length|context length|context window|context size|maximum context|exceed_context|prompt is too long"
    r"|too many (input )?tokens|input tokens exceed|reduce the length",
    re.IGNORECASE,
)
_KEY = re.compile(r"\b(sk|pk|rk|key)-[\w*.-]{6,}|(?i:bearer)\s+\S+")
_DROPPED = "The model server at {where} broke off in the middle of its answer. Try again, or look at the server's log."
_LONGEST_DETAIL = 300


class ModelFailure(BrainError):
    """One call of a model failed. `detail` is what its server said, shortened, without secrets."""

    def __init__(
        self,
        message: str,
        kind: FailureKind,
        *,
        detail: str = "",
        retry_after: float | None = None,
        usage: Usage | None = None,
    ) -> None:
        super().__init__(message, usage=usage, lasting=kind in _LASTING)
        self.kind: FailureKind = kind
        self.detail = detail
        self.retry_after = retry_after

    @property
    def transient(self) -> bool:
        """Whether the same call may succeed if made again."""
        return self.kind in _TRANSIENT

    def as_dropped(self, where: str) -> ModelFailure:
        """This failure, when it came in the middle of an answer."""
        return ModelFailure(_DROPPED.format(where=where), "dropped", detail=self.detail, usage=self.usage)


def without_secrets(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` with keys struck out: the known ones, and what looks like one."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, "***")
    return _KEY.sub("***", text)


def without_credentials(url: str) -> str:
    """A URL fit to be shown: no user, password, query or fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def failure_of(
    error: BaseException, *, where: str, model: str, timeout: float, secrets: Iterable[str] = ()
) -> ModelFailure:
    """What an exception of a chat model means. Knows the SDKs' exceptions by their status and names."""
    status = _status(error)
    detail = without_secrets(_detail(error), secrets)
    kind = _kind(error, status, detail)
    seconds = _asked_to_wait(error)
    answered = f"The model server at {where} answered {status}"
    name = "its name (--model or ORCHESTRATE_MODEL)"
    if kind == "key" and status == 403:
        message = f"{answered}: the key may not use the model '{model}'. Check OPENAI_API_KEY and {name}."
    elif kind == "key":
        message = f"{answered}: the key is wrong. Check OPENAI_API_KEY."
    elif kind == "not_found":
        message = f"{answered}: it has no model '{model}', or the address is wrong. Check {name} and OPENAI_BASE_URL."
    elif kind == "quota":
        message = f"{answered}: the account's quota is used up. Check its billing, or use another key or model."
    elif kind == "rate_limit":
        wait = f" and asks to wait {seconds:.0f} s" if seconds else ""
        message = f"The model server at {where} limits the rate (429){wait}. Try again later, or use another model."
    elif kind == "server":
        code = f" answered {status}" if status else " failed"
        message = f"The model server at {where}{code}: {detail or 'no reason given'}. Try again later."
    elif kind == "unreachable":
        message = f"The model server at {where} can't be reached. Check that it runs, and OPENAI_BASE_URL."
    elif kind == "timeout":
        message = (
            f"The model server at {where} said nothing for {timeout:g} s. Raise ORCHESTRATE_MODEL_TIMEOUT, or use a "
            "faster model."
        )
    elif kind == "dropped":
        message = _DROPPED.format(where=where)
    elif kind == "context":
        message = f"The input is too long for the model '{model}'. Use a model with a longer context, or fewer sources."
    elif kind == "refused":
        message = f"{answered}: {detail or 'it refuses the request'}. Check that the model '{model}' is a chat model."
    else:
        message = (
            f"What came from {where} isn't a chat completion ({detail or type(error).__name__}). "
            "Check OPENAI_BASE_URL: it usually ends in /v1."
        )
    return ModelFailure(message, kind, detail=detail, retry_after=seconds)


def _kind(error: BaseException, status: int | None, detail: str) -> FailureKind:
    names = {cls.__name__ for cls in type(error).__mro__}
    if "ContextOverflowError" in names or (status in (None, 400, 413, 422, 500) and _TOO_LONG.search(detail)):
        return "context"
    if status is not None:
        return _kind_of_status(status, detail)
    if isinstance(error, TimeoutError) or any("Timeout" in name for name in names):
        return "timeout"
    if names & {"RemoteProtocolError", "ReadError", "ConnectionResetError", "IncompleteRead"}:
        return "dropped"
    if isinstance(error, ConnectionError) or names & {"APIConnectionError", "ModelConnectionError", "ConnectError"}:
        return "dropped" if _caused_by(error, {"RemoteProtocolError", "ReadError"}) else "unreachable"
    return "server" if type(error).__name__ == "APIError" else "garbage"


def _kind_of_status(status: int, detail: str) -> FailureKind:
    if status in (401, 403):
        return "key"
    if status == 404:
        return "not_found"
    if status in (402, 429):
        return "quota" if status == 402 or "quota" in detail.lower() else "rate_limit"
    if status == 408:
        return "timeout"
    return "server" if status >= 500 or status in (409, 425) else "refused"


def _caused_by(error: BaseException | None, names: set[str]) -> bool:
    for _ in range(10):
        if error is None:
            return False
        if type(error).__name__ in names:
            return True
        error = error.__cause__ or error.__context__
    return False


def _status(error: BaseException) -> int | None:
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) and status >= 400 else None


def _detail(error: BaseException) -> str:
    body = getattr(error, "body", None)
    said = body.get("message") if isinstance(body, dict) else None
    code = body.get("code") if isinstance(body, dict) else None
    text = f"{said}" if said else str(error)
    if isinstance(code, str) and code not in text:
        text = f"{text} ({code})"
    return " ".join(text.split())[:_LONGEST_DETAIL].rstrip(". ")


def _asked_to_wait(error: BaseException) -> float | None:
    headers = getattr(getattr(error, "response", None), "headers", None)
    return retry_after(headers) if headers else None
