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
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from graph.events.config import ChatSource, EventsConfig, WebhookSource
from graph.events.signature import BadSignature, verify
from memory.database import PersistenceError
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
MOST_UNREAD = 100
"""What may be told to a connection that reads nothing of it, before it is closed."""
TOKEN_WITHIN = 10.0
"""Seconds in which a page must send its token."""
_TURNED_AWAY = {"status": "rejected", "error": "another event of its key is at work; send it again later"}


@dataclass(eq=False)
class _Connection:
    """One end of a conversation: what is still to be told to it, and the events (source, id) it waits for."""

    out: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    waits_for: set[tuple[str, str]] = field(default_factory=set)


class Reception:
    """What comes in over HTTP. `told` is to be called with what becomes of each event."""

    def __init__(self, config: EventsConfig, intake: Intake, *, now: Callable[[], float] = time.time) -> None:
        self._config = config
        self._intake = intake
        self._now = now
        self._listening: dict[tuple[str, str], set[_Connection]] = {}
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
        """Pass on what became of an event to all who wait for it; they go on waiting only if it is tried again."""
        event = (entry.source, entry.id)
        for connection in list(self._listening.get(event, ())):
            connection.out.put_nowait(_answer(entry, status, outcome, error))
            if status != "queued":
                self._stop_waiting(connection, event)

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
        connection = _Connection()
        sending = asyncio.create_task(_send_all(socket, connection.out))
        try:
            await socket.close(1008, await self._converse(socket, source, connection))
        except WebSocketDisconnect:
            return
        finally:
            for event in list(connection.waits_for):
                self._stop_waiting(connection, event)
            sending.cancel()
            with suppress(asyncio.CancelledError):
                await sending

    async def _converse(self, socket: WebSocket, source: ChatSource, connection: _Connection) -> str:
        """Take messages in until the other end leaves, or is to be closed: the reason why."""
        if not await self._is_user(socket, source):
            return "a token is needed"
        name = socket.query_params.get("conversation") or uuid.uuid4().hex
        connection.out.put_nowait({"type": "ready", "conversation": name})
        while connection.out.qsize() < MOST_UNREAD:
            message = await _received(socket)
            connection.out.put_nowait(await self._said(source, name, message, connection))
        return "nothing is read of what is answered"

    def _may_connect(self, socket: WebSocket, source: ChatSource) -> bool:
        """A page may connect only from an origin that is allowed; what isn't a browser sends none."""
        origin = socket.headers.get("origin")
        return origin is None or origin in source.origins

    async def _is_user(self, socket: WebSocket, source: ChatSource) -> bool:
        """By `Authorization: Bearer TOKEN`, or, since pages can't send that, `{"token": ...}` as the first message."""
        scheme, _, given = socket.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            try:
                message = _json(await asyncio.wait_for(_received(socket), TOKEN_WITHIN))
            except TimeoutError:
                return False
            given = str(message.get("token", ""))
        return hmac.compare_digest(given.strip().encode(), self._tokens[source.name].encode())

    async def _said(
        self, source: ChatSource, conversation: str, message: str, connection: _Connection
    ) -> dict[str, Any]:
        """Take a message in; what is to be said to that."""
        said = _json(message)
        text, number = said.get("text"), str(said.get("id") or uuid.uuid4().hex)
        if not isinstance(text, str) or not text.strip():
            return {"type": "error", "error": 'send {"text": "..."}'}
        if len(text) > settings().max_goal:
            return {"type": "error", "id": number, "error": f"at most {settings().max_goal} characters"}
        if len(connection.waits_for) >= MOST_MESSAGES:
            return {"type": "error", "id": number, "error": "too many messages wait for answers; wait for one"}
        event_id = hashlib.sha256(json.dumps([conversation, number]).encode()).hexdigest()[:24]
        event = (source.name, event_id)
        waits_already = event in connection.waits_for
        self._wait(connection, event)  # first, since it may be answered before its receipt is here
        try:
            receipt = await self._intake.take(
                source, event_id, {"text": text, "id": number}, at=self._now(), conversation=conversation
            )
            is_open = receipt.status == "accepted" or (receipt.status == "duplicate" and await self._is_open(event))
        except (QueueFull, InputError, PersistenceError) as error:
            if not waits_already:
                self._stop_waiting(connection, event)
            return {"type": "error", "id": number, "error": str(error)}
        if not is_open:
            self._stop_waiting(connection, event)
        for ended in receipt.ended:
            self.told(ended, ended.status, None, "")
        if receipt.status == "rejected":
            return {"type": "error", "id": number, "error": "the message before is still at work"}
        return {"type": receipt.status, "id": number, "event": event_id, "thread": receipt.thread_id}

    async def _is_open(self, event: tuple[str, str]) -> bool:
        """Whether something is still to be told of an event."""
        entry = await self._intake.queue.find(*event)
        return entry is not None and entry.status in ("queued", "running")

    def _wait(self, connection: _Connection, event: tuple[str, str]) -> None:
        self._listening.setdefault(event, set()).add(connection)
        connection.waits_for.add(event)

    def _stop_waiting(self, connection: _Connection, event: tuple[str, str]) -> None:
        connection.waits_for.discard(event)
        others = self._listening.get(event, set())
        others.discard(connection)
        if not others:
            self._listening.pop(event, None)


async def _received(socket: WebSocket) -> str:
    """The next message; an empty one where it isn't text, for which starlette has a KeyError."""
    try:
        return await socket.receive_text()
    except KeyError:
        return ""


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
    """What a message says; nothing if it is no JSON, or has characters in it that can't be sent back."""
    try:
        said = json.loads(message)
        json.dumps(said, ensure_ascii=False).encode()
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
