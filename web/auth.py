"""Who may do what on a LangGraph server, and what it may store of their words.

With ORCHESTRATE_API_TOKENS a caller needs `Authorization: Bearer TOKEN`, sees their own threads and nobody else's,
and can't widen what a run may reach: documents, databases, policies, models and assistants are the `admin`'s to
choose. Without tokens everybody may do everything: right for a server that only its own machine can reach.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Mapping
from typing import Any

from langgraph_sdk import Auth

from memory.settings import settings
from nodes.guard import InputError, clean_input
from nodes.receive import clean_event

ADMIN = "admin"
OWNER = "owner"
CHOSEN_BY_ADMIN = ("docs", "db", "policy", "brain", "model")
"""The fields of a run's configuration that reach beyond the caller's own."""

auth = Auth()


@auth.authenticate
async def authenticate(headers: Mapping[Any, Any]) -> Auth.types.MinimalUserDict:
    """The user that a request's token belongs to; nobody in particular if no tokens are set. 401 for a wrong one."""
    tokens = (await asyncio.to_thread(settings)).api_tokens
    if not tokens:
        return {"identity": "", "display_name": "everybody", "is_authenticated": False}
    scheme, _, given = _text(headers.get(b"authorization") or headers.get("authorization") or "").partition(" ")
    # All are compared, so that the time it takes tells nothing.
    found = [
        name
        for name, token in tokens.items()
        if hmac.compare_digest(token.get_secret_value().encode(), given.strip().encode())
    ]
    if scheme.lower() != "bearer" or not found:
        raise Auth.exceptions.HTTPException(status_code=401, detail="Send a token: 'Authorization: Bearer TOKEN'.")
    return {"identity": found[0], "display_name": found[0], "is_authenticated": True}


@auth.on
async def by_default(ctx: Auth.types.AuthContext, value: Any) -> bool:
    """What no rule below speaks of: crons, and the making of assistants."""
    return _is_unbound(ctx)


@auth.on.assistants.read
async def read_assistant(ctx: Auth.types.AuthContext, value: Any) -> bool:
    """Everybody may see what can be run."""
    return True


@auth.on.assistants.search
async def search_assistants(ctx: Auth.types.AuthContext, value: Any) -> bool:
    """Everybody may see what can be run."""
    return True


@auth.on.threads
async def own_threads(ctx: Auth.types.AuthContext, value: Any) -> dict[str, str] | None:
    """A thread is its maker's."""
    return _own(ctx)


@auth.on.threads.create
async def make_thread(ctx: Auth.types.AuthContext, value: Any) -> dict[str, str] | None:
    """A thread is its maker's, whatever its maker says; the admin may make one for somebody else."""
    _sign(ctx, value)
    return _own(ctx)


@auth.on.threads.update
async def update_thread(ctx: Auth.types.AuthContext, value: Any) -> dict[str, str] | None:
    """A thread stays its maker's, whoever changes it; only the admin can give it to somebody else."""
    if value.get("metadata") and not _is_unbound(ctx):
        _sign(ctx, value)
    return _own(ctx)


@auth.on.threads.create_run
async def create_run(ctx: Auth.types.AuthContext, value: Any) -> dict[str, str] | None:
    """Clean the input before the server stores it, and refuse a configuration that isn't the caller's to choose.

    A run may make the thread that it is in, so it is signed as a thread is.
    """
    run = value.get("kwargs") or value  # Aegra has the fields of the request where LangGraph's server has `kwargs`
    if not _is_unbound(ctx):
        given = [(run.get("config") or {}).get("configurable") or {}, run.get("context") or {}]
        if chosen := [name for name in CHOSEN_BY_ADMIN if any(one.get(name) for one in given)]:
            told = f"{', '.join(chosen)}: only '{ADMIN}' may choose that; use an assistant that has it."
            raise Auth.exceptions.HTTPException(status_code=403, detail=told)
    if run.get("input") is not None:
        # Beside a command the server makes nothing of an input, but would store it.
        run["input"] = None if run.get("command") else await _cleaned(run["input"])
    _sign(ctx, value)
    return _own(ctx)


@auth.on.store
async def own_store(ctx: Auth.types.AuthContext, value: Any) -> bool:
    """A user's part of the store is under their name."""
    namespace = list(value.get("namespace") or ())
    return _is_unbound(ctx) or namespace[:1] == [ctx.user.identity]


def _text(header: str | bytes) -> str:
    """Aegra gives headers as text, LangGraph's server as the bytes they were."""
    return header.decode("latin-1") if isinstance(header, bytes) else header


def _is_unbound(ctx: Auth.types.AuthContext) -> bool:
    return ctx.user.identity in ("", ADMIN) or isinstance(ctx.user, Auth.types.StudioUser)


def _own(ctx: Auth.types.AuthContext) -> dict[str, str] | None:
    """Which threads a caller may reach: None, all."""
    return None if _is_unbound(ctx) else {OWNER: ctx.user.identity}


def _sign(ctx: Auth.types.AuthContext, value: dict[str, Any]) -> None:
    """Note whose it is. Changed in place: LangGraph's server stores the very metadata that it gave."""
    if ctx.user.identity == "":
        return
    metadata = value.get("metadata")
    if not isinstance(metadata, dict):
        metadata = value["metadata"] = {}
    if not _is_unbound(ctx) or not metadata.get(OWNER):
        metadata[OWNER] = ctx.user.identity


async def _cleaned(given: Any) -> dict[str, Any]:
    limit = (await asyncio.to_thread(settings)).max_goal
    try:
        cleaned = clean_input(given, max_goal=limit)
        if isinstance(given, dict) and "event" in given:
            cleaned["event"] = clean_event(given["event"])
    except InputError as error:
        raise Auth.exceptions.HTTPException(status_code=422, detail=str(error)) from None
    return {name: value.to_json() if hasattr(value, "to_json") else value for name, value in cleaned.items()}
