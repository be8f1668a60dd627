"""The page and its API: a small ASGI application over `graph.run`, for one person."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from graph.names import new_thread_id
from graph.outcome import Outcome
from graph.run import ThreadError, aask, alook, aresume
from memory.persistence import open_checkpointer
from memory.settings import settings
from memory.threads import delete, list_threads
from state.text import printable
from web.bodies import Resume, Start, read
from web.door import Door, told
from web.fragments import Live, conclusion
from web.runs import AtWork, Runs

LARGEST_BODY = 256 * 1024
MOST_THREADS = 100
_EXAMPLES = [
    "What is 17 % of 240, and what is 12 % of it?",
    "What is the date today?",
    "What is 12.5 % of 480? Save the result to share.txt",
]
"""Goals that every brain can do without documents; the last one asks before it writes."""


@dataclass
class Site:
    """What the page serves: whom it lets in, and what its runs search unless told otherwise."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    docs: list[str] = field(default_factory=list)
    db: str | None = None
    runs: Runs = field(default_factory=Runs)
    how_to_open: str = "open the address that `orchestrate serve` printed, which carries it"

    async def key(self) -> str | None:
        """What opens the page."""
        return self.token


def create(site: Site | None = None, *, hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")) -> Starlette:
    """The application. `hosts`: the names it may be reached by; another in a request is refused, whoever sends it."""
    site = site or Site()

    routes = [
        Route("/", _page),
        Route("/api/health", _health),
        Route("/api/site", _served),
        Route("/api/runs", _start, methods=["POST"]),
        Route("/api/threads", _threads),
        Route("/api/threads/{thread}", _thread),
        Route("/api/threads/{thread}", _delete, methods=["DELETE"]),
        Route("/api/threads/{thread}/events", _events),
        Route("/api/threads/{thread}/resume", _resume, methods=["POST"]),
        Route("/api/threads/{thread}/stop", _stop, methods=["POST"]),
        Mount("/static", StaticFiles(packages=[("web", "static")])),
    ]
    middleware = [Middleware(TrustedHostMiddleware, allowed_hosts=list(hosts)), Middleware(Door, site=site)]
    failures: dict[Any, Any] = {ValueError: _bad_request, AtWork: _busy, ThreadError: _missing, LookupError: _missing}
    app = Starlette(routes=routes, middleware=middleware, exception_handlers=failures)
    app.state.site = site
    return app


class _TooLarge(ValueError):
    """The body of a request has more bytes than it may have."""


async def _page(request: Request) -> Response:
    return HTMLResponse(resources.files("web").joinpath("static/index.html").read_text("utf-8"))


async def _health(request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _served(request: Request) -> Response:
    """What runs think with, and search unless told otherwise, by name: a database's URL may hold a password."""
    site, known = _site(request), await asyncio.to_thread(settings)  # they may have to be read from a file
    thinks = known.brain or ("chat" if known.has_model else "reflex")
    brain = f"the model {known.model}" if thinks == "chat" else "the embedded brain, which quotes and needs no key"
    docs = [Path(path).name for path in site.docs or known.docs]
    return JSONResponse({"docs": docs, "db": bool(site.db or known.db), "brain": brain, "examples": _EXAMPLES})


async def _start(request: Request) -> Response:
    """Begin a run, as `web.bodies.Start` has it. 202 with the thread's id."""
    site, wanted = _site(request), read(Start, await _json(request))
    thread_id, docs, db = wanted.thread_id or new_thread_id(), wanted.docs or site.docs or None, wanted.db or site.db
    chosen = {"policy": wanted.policy, "budget": wanted.budget, "plan": wanted.plan, "brain": wanted.brain}
    if wanted.type is not None:
        chosen["type"] = wanted.type
    site.runs.start(
        thread_id,
        lambda on_event: aask(wanted.goal, docs=docs, db=db, thread_id=thread_id, on_event=on_event, **chosen),
    )
    return JSONResponse({"thread_id": thread_id}, status_code=202)


async def _resume(request: Request) -> Response:
    """Go on with a thread, as `web.bodies.Resume` has it."""
    site, wanted, thread_id = _site(request), read(Resume, await _json(request)), request.path_params["thread"]
    outcome = await alook(thread_id)
    site.runs.start(
        thread_id,
        lambda on_event: aresume(thread_id, wanted.answers, retry_failed=wanted.retry_failed, on_event=on_event),
        Live(outcome.plan, dict(outcome.results)),
    )
    return JSONResponse({"thread_id": thread_id}, status_code=202)


async def _stop(request: Request) -> Response:
    await _site(request).runs.stop(request.path_params["thread"])
    return JSONResponse({"stopped": True})


async def _events(request: Request) -> Response:
    """The thread's run in this process as server-sent events, from the one after Last-Event-ID on."""
    run = _site(request).runs.find(request.path_params["thread"])
    if run is None:
        return Response(status_code=204)  # nothing is under way: an EventSource doesn't try again
    last = request.headers.get("last-event-id", "")

    async def lines() -> AsyncIterator[str]:
        async for number, message in run.messages(int(last) if last.isdigit() else 0):
            yield f"id: {number}\ndata: {json.dumps(message, ensure_ascii=False)}\n\n"
        yield "event: end\ndata: {}\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream")


async def _threads(request: Request) -> Response:
    runs = _site(request).runs
    async with open_checkpointer() as saver:
        found = await list_threads(saver, limit=MOST_THREADS)
    listed = [
        {
            "thread_id": one.thread_id,
            "goal": printable(one.goal),
            "status": "working" if runs.is_at_work(one.thread_id) else one.status,
            "stop_reason": one.stop_reason,
            "updated": one.updated,
        }
        for one in found
    ]
    return JSONResponse({"threads": listed})


async def _thread(request: Request) -> Response:
    """Where a thread stands, from its checkpoints. `at_work`: its events tell what comes of it."""
    thread_id = request.path_params["thread"]
    at_work = _site(request).runs.is_at_work(thread_id)
    try:
        outcome = await alook(thread_id)
    except ThreadError:
        if not at_work:
            raise
        outcome = Outcome(thread_id=thread_id)  # begun a moment ago: it has no checkpoint yet
    return JSONResponse({**conclusion(outcome), "at_work": at_work})


async def _delete(request: Request) -> Response:
    thread_id = request.path_params["thread"]
    await _site(request).runs.stop(thread_id)
    async with open_checkpointer() as saver:
        await delete(saver, thread_id)
    return Response(status_code=204)


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


async def _json(request: Request) -> Any:
    """What the request sends. Raises _TooLarge, and ValueError for what is no JSON."""
    received = b""
    async for chunk in request.stream():
        received += chunk
        if len(received) > LARGEST_BODY:
            raise _TooLarge(f"A request may have {LARGEST_BODY:,} bytes.")
    try:
        given = json.loads(received or b"{}")
        json.dumps(given, ensure_ascii=False).encode()  # half of a character couldn't be told again
        return given
    except ValueError:
        raise ValueError("The request isn't JSON.") from None
    except RecursionError:
        raise ValueError("The request is nested too deeply.") from None


async def _bad_request(request: Request, error: Exception) -> Response:
    return told(413 if isinstance(error, _TooLarge) else 400, str(error))


async def _busy(request: Request, error: Exception) -> Response:
    return told(409, str(error))


async def _missing(request: Request, error: Exception) -> Response:
    return told(404, str(error))
