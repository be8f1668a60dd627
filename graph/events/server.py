"""The HTTP server of events: signed webhooks, and conversations over a websocket."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from graph.events.config import ChatSource, EventsConfig, WebhookSource
from graph.events.signature import BadSignature, verify
from memory.queued import EventStatus, QueuedEvent, QueueFull
from memory.settings import settings
from nodes.guard import InputError

if TYPE_CHECKING:
    from graph.events.intake import Intake
    from graph.outcome import Outcome

RETRY_AFTER = 10
"""Seconds after which a sender may try again when the queue was full."""
MOST_MESSAGES = 8
"""Messages of one connection that may wait for their answers."""
_TURNED_AWAY = {"status": "rejected", "error": "another event of its key is at work; send it again later"}


class Reception:
    """What comes in over HTTP. `told` is to be called with what becomes of each event."""

    def __init__(self, config: EventsConfig, intake: Intake, *, now: Callable[[], float] = time.time) -> None:
        self._config = config
        self._intake = intake
        self._now = now
        self._listening: dict[tuple[str, str], asyncio.Queue[dict[str, Any]]] = {}
        self._secrets = {s.name: s.secrets() for s in config.sources.values() if isinstance(s, WebhookSource)}
        self._tokens = {s.name: s.token() for s in config.sources.values() if isinstance(s, ChatSource)}

    def app(self) -> Starlette:
        """The routes: `POST /hooks/NAME`, `/chat/NAME`, and `GET /health`."""
        return Starlette(
            routes=[
                Route("/hooks/{name}", self.webhook, methods=["POST"]),
                WebSocketRoute("/chat/{name}", self.chat),
                Route("/health", self.health),
            ]
        )

    def told(self, entry: QueuedEvent, status: EventStatus, outcome: Outcome | None, error: str) -> None:
        """Pass on what became of an event to whoever waits for it."""
        waiting = self._listening.get((entry.source, entry.id))
        if waiting is not None:
            waiting.put_nowait(_answer(entry, status, outcome, error))

    async def health(self, request: Request) -> JSONResponse:
        """Whether it is at work."""
        return JSONResponse({"status": "ok"})

    async def webhook(self, request: Request) -> JSONResponse:
        """202 as soon as the event is on the disk; 401 if its signature or time is wrong, 503 if the queue is full."""
        source = self._config.sources.get(request.path_params["name"])
        if not isinstance(source, WebhookSource):
            return _refused(404, f"there is no webhook '{request.path_params['name']}'")
        try:
            body = await _body(request, source.largest)
        except ClientDisconnect:
            return _refused(400, "the request ended early")
        if body is None:
            return _refused(413, f"the request has more than {source.largest} bytes")
        now = self._now()
        try:
            event_id = verify(request.headers, body, self._secrets[source.name], now=now, tolerance=source.tolerance)
            data = _data(request.headers.get("content-type", ""), body)
            receipt = await self._intake.take(source, event_id, data, at=now)
        except BadSignature as error:
            return _refused(401, str(error))
        except InputError as error:
            return _refused(422, str(error))
        except QueueFull as error:
            return _refused(503, str(error), {"Retry-After": str(RETRY_AFTER)})
        if receipt.status == "rejected":
            return JSONResponse(_TURNED_AWAY, 409)
        return JSONResponse({"status": receipt.status, "event": event_id, "thread": receipt.thread_id}, 202)

    async def chat(self, socket: WebSocket) -> None:
        """A conversation: `{"text", "id"?}` comes in; what became of it goes out, as it is known."""
        source = self._config.sources.get(socket.path_params["name"])
        if not isinstance(source, ChatSource) or not self._may_connect(socket, source):
            await socket.close(1008)  # before it is accepted: an HTTP 403
            return
        await socket.accept()
        name = socket.query_params.get("conversation") or uuid.uuid4().hex
        out: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        mine: set[tuple[str, str]] = set()
        sending = asyncio.create_task(_send_all(socket, out))
        try:
            if not await self._is_user(socket, source):
                await socket.close(1008, "a token is needed")
                return
            out.put_nowait({"type": "ready", "conversation": name})
            while True:
                out.put_nowait(await self._said(source, name, await socket.receive_text(), out, mine))
        except (WebSocketDisconnect, KeyError):  # a KeyError: a message that isn't text
            return
        finally:
            for event in mine:
                self._listening.pop(event, None)
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending

    def _may_connect(self, socket: WebSocket, source: ChatSource) -> bool:
        """A page may connect only from an origin that is allowed; what isn't a browser sends none."""
        origin = socket.headers.get("origin")
        return origin is None or origin in source.origins

    async def _is_user(self, socket: WebSocket, source: ChatSource) -> bool:
        """By `Authorization: Bearer TOKEN`, or, since pages can't send that, `{"token": ...}` as the first message."""
        scheme, _, given = socket.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            message = _json(await asyncio.wait_for(socket.receive_text(), 10))
            given = str(message.get("token", ""))
        return hmac.compare_digest(given.strip().encode(), self._tokens[source.name].encode())

    async def _said(
        self,
        source: ChatSource,
        conversation: str,
        message: str,
        out: asyncio.Queue[dict[str, Any]],
        mine: set[tuple[str, str]],
    ) -> dict[str, Any]:
        said = _json(message)
        text, number = said.get("text"), str(said.get("id") or uuid.uuid4().hex)
        if not isinstance(text, str) or not text.strip():
            return {"type": "error", "error": 'send {"text": "..."}'}
        if len(text) > settings().max_goal:
            return {"type": "error", "id": number, "error": f"at most {settings().max_goal} characters"}
        if len([event for event in mine if event in self._listening]) >= MOST_MESSAGES:
            return {"type": "error", "id": number, "error": "too many messages wait for answers; wait for one"}
        event_id = hashlib.sha256(json.dumps([conversation, number]).encode()).hexdigest()[:24]
        name = (source.name, event_id)
        mine.add(name)
        self._listening[name] = out
        try:
            receipt = await self._intake.take(
                source, event_id, {"text": text, "id": number}, at=self._now(), conversation=conversation
            )
        except (QueueFull, InputError) as error:
            self._listening.pop(name, None)
            return {"type": "error", "id": number, "error": str(error)}
        if receipt.status == "rejected":
            self._listening.pop(name, None)
            return {"type": "error", "id": number, "error": "the message before is still at work"}
        return {"type": receipt.status, "id": number, "event": event_id, "thread": receipt.thread_id}


async def _send_all(socket: WebSocket, out: asyncio.Queue[dict[str, Any]]) -> None:
    with suppress(WebSocketDisconnect, RuntimeError):
        while True:
            await socket.send_json(await out.get())


async def _body(request: Request, most: int) -> bytes | None:
    """The body; None if it has more bytes than it may have."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > most:
            return None
    return body


def _data(content_type: str, body: bytes) -> Any:
    """JSON as it is, anything else as `{"text": ...}`. Raises InputError."""
    text = body.decode("utf-8", "replace")
    if "json" not in content_type:
        return {"text": text}
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"The request is no JSON: {error}.") from None


def _json(message: str) -> dict[str, Any]:
    try:
        said = json.loads(message)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _answer(entry: QueuedEvent, status: EventStatus, outcome: Outcome | None, error: str) -> dict[str, Any]:
    data = entry.event.get("data")
    known = {"id": data.get("id") if isinstance(data, dict) else None, "event": entry.id, "thread": entry.thread_id}
    if status == "queued":
        return {"type": "retrying", **known, "error": error}
    if outcome is None:
        return {"type": status, **known, "error": error}
    if outcome.waiting:
        questions = [{"id": one.id, "kind": one.kind, "request": one.request} for one in outcome.waiting]
        return {"type": "waiting", **known, "questions": questions}
    citations = [citation.to_json() for citation in outcome.citations]
    return {
        "type": "answer", **known, "answer": outcome.answer, "citations": citations, "stop_reason": outcome.stop_reason,
    }  # fmt: skip


def _refused(status: int, error: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"status": "refused", "error": error}, status, headers)
