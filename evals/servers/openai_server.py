"""A scripted server that speaks OpenAI's chat completions protocol over real HTTP, on loopback.

    with OpenAIServer(["Hello.", Reply(status=429, headers={"Retry-After": "1"}), Reply("Hi.")]) as server:
        ...  # OPENAI_BASE_URL=server.url; afterwards look at server.requests

The script is a list (one reply per request, in order of arrival) or a function of the request. Answers are streamed
if the request asks for it. Latencies are slept, so figures measured against it are the same on any machine.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_TOKEN = re.compile(r"\s*\S{1,8}")


@dataclass(frozen=True)
class Request:
    """One request as it came: the JSON body, the headers in lower case, and when (time.monotonic)."""

    body: dict[str, Any]
    headers: dict[str, str]
    path: str
    at: float

    @property
    def messages(self) -> list[dict[str, Any]]:
        return list(self.body.get("messages") or [])

    @property
    def text(self) -> str:
        """All the messages' text."""
        return "\n".join(message["content"] for message in self.messages if isinstance(message.get("content"), str))

    @property
    def stream(self) -> bool:
        return bool(self.body.get("stream"))


@dataclass(frozen=True)
class Reply:
    """What the server does with one request. Times in seconds; a token is a word, or eight characters of a long one.

    `usage`: (input, output) tokens; 'auto' counts them, None leaves usage out. `tool_calls`: (name, arguments) pairs.
    `drop_after`: break the connection off after that many tokens (0: before the first byte). `raw`: a body that is
    sent as it is, instead of a completion. `held`: (end, event): of a streamed text, what follows `end` is sent only
    once the event is set. `error`: members of the error object of a status other than 200.
    """

    text: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    error: Mapping[str, Any] = field(default_factory=dict)
    tool_calls: Sequence[tuple[str, Any]] = ()
    usage: tuple[int, int] | str | None = "auto"
    finish_reason: str = "stop"
    latency: float = 0.0
    token_latency: float = 0.0
    drop_after: int | None = None
    held: Sequence[tuple[str, threading.Event]] = ()
    raw: bytes | None = None


Responder = Callable[[Request], "Reply | str | Mapping[str, Any]"]
Script = Responder | Iterable["Reply | str | Mapping[str, Any]"]


class OpenAIServer:
    """The server; a context manager. A script's text is an answer, a mapping an answer in JSON.

    `refuses`: members of the body that it answers with 400, as servers without structured output do. `key`: the
    only key it takes. When a list is at its end, requests are answered with 400 and counted in `unexpected`.
    """

    def __init__(self, script: Script = (), *, refuses: Iterable[str] = (), key: str | None = None) -> None:
        self.requests: list[Request] = []
        self.unexpected = 0
        self.refuses = set(refuses)
        self.key = key
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._respond: Responder | None = script if callable(script) else None
        self._script = [] if callable(script) else list(script)
        self._http: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The base URL, ending in /v1."""
        assert self._http is not None, "the server isn't running"
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> OpenAIServer:
        self._http = _Listener(("127.0.0.1", 0), _handler_of(self))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        assert self._http is not None
        assert self._thread is not None
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def extend(self, *replies: Reply | str | Mapping[str, Any]) -> None:
        """Add to the end of a script that is a list."""
        with self._lock:
            self._script += replies

    def sleep(self, seconds: float) -> None:
        """Sleep, but not longer than the server lives."""
        if seconds > 0:
            self._stopping.wait(seconds)

    def wait(self, event: threading.Event) -> None:
        """Wait for an event, but not longer than the server lives."""
        while not self._stopping.is_set() and not event.wait(0.02):
            pass

    def reply_to(self, request: Request) -> Reply:
        """The scripted reply; what is refused isn't taken from the script."""
        with self._lock:
            self.requests.append(request)
            if self.key is not None and request.headers.get("authorization") != f"Bearer {self.key}":
                given = request.headers.get("authorization", "").removeprefix("Bearer ")
                error = {"message": f"Incorrect API key provided: {given}.", "code": "invalid_api_key"}
                return Reply(status=401, error=error)
            if refused := sorted(self.refuses & set(request.body)):
                return Reply(status=400, error={"message": f"Unsupported parameter: '{refused[0]}'."})
            if self._respond is None:
                if not self._script:
                    self.unexpected += 1
                    return Reply(status=400, error={"message": "the script is at its end"})
                return _reply(self._script.pop(0))
        return _reply(self._respond(request))


def _reply(given: Reply | str | Mapping[str, Any]) -> Reply:
    if isinstance(given, Reply):
        return given
    return Reply(given if isinstance(given, str) else json.dumps(given))


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is none of the server's business."""


class _Handler(BaseHTTPRequestHandler):
    server_: OpenAIServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: what came is in `requests`."""

    def do_GET(self) -> None:
        self._send(200, {"object": "list", "data": [{"id": "scripted", "object": "model"}]})

    def do_POST(self) -> None:
        received = time.monotonic()
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(body, headers, self.path, received)
        if not self.path.endswith("/chat/completions"):
            self._send(404, {"error": {"message": f"there is nothing at {self.path}"}})
            return
        reply = self.server_.reply_to(request)
        self.server_.sleep(reply.latency)
        if reply.raw is not None:
            self._send(reply.status, reply.raw, reply.headers)
        elif reply.status != 200:
            error = {"message": f"error {reply.status}", "type": "error", "code": None, **reply.error}
            self._send(reply.status, {"error": error}, reply.headers)
        elif reply.drop_after == 0:
            self._drop()
        elif request.stream:
            self._stream(request, reply)
        else:
            tokens = _TOKEN.findall(reply.text)
            self.server_.sleep(reply.token_latency * len(tokens))
            completion = _completion(request, reply)
            if reply.drop_after is None:
                self._send(200, completion, reply.headers)
            else:
                self._begin(200, "application/json", {"Content-Length": str(len(json.dumps(completion)))})
                self.wfile.write(json.dumps(completion).encode()[:20])
                self._drop()

    def _stream(self, request: Request, reply: Reply) -> None:
        self._begin(200, "text/event-stream", {"Transfer-Encoding": "chunked", **reply.headers})
        self._event(_chunk(request, {"role": "assistant", "content": ""}))
        sent, held = "", list(reply.held)
        for number, token in enumerate(_TOKEN.findall(reply.text) + _rest(reply.text)):
            while held and held[0][0] in sent:
                self.server_.wait(held.pop(0)[1])
            sent += token
            if number == reply.drop_after:
                self._drop()
                return
            self.server_.sleep(reply.token_latency)
            self._event(_chunk(request, {"content": token}))
        if reply.tool_calls:
            calls = [{"index": index, **call} for index, call in enumerate(_tool_calls(reply))]
            self._event(_chunk(request, {"tool_calls": calls}))
        self._event(_chunk(request, {}, _finish(reply)))
        usage = _usage(request, reply)
        if usage and (request.body.get("stream_options") or {}).get("include_usage"):
            self._event({**_chunk(request, {}), "choices": [], "usage": usage})
        self._write(b"data: [DONE]\n\n")
        self._write(b"")

    def _event(self, value: Mapping[str, Any]) -> None:
        self._write(f"data: {json.dumps(value)}\n\n".encode())

    def _write(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def _begin(self, status: int, content_type: str, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, status: int, body: Mapping[str, Any] | bytes, headers: Mapping[str, str] | None = None) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._begin(status, "application/json", {"Content-Length": str(len(data)), **(headers or {})})
        self.wfile.write(data)

    def _drop(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def _handler_of(server: OpenAIServer) -> type[_Handler]:
    return type("Handler", (_Handler,), {"server_": server})


def _completion(request: Request, reply: Reply) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": reply.text}
    if reply.tool_calls:
        message |= {"content": reply.text or None, "tool_calls": _tool_calls(reply)}
    completion = {
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "created": 0,
        "model": request.body.get("model", "scripted"),
        "choices": [{"index": 0, "message": message, "finish_reason": _finish(reply)}],
    }
    usage = _usage(request, reply)
    return completion | ({"usage": usage} if usage else {})


def _chunk(request: Request, delta: Mapping[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    return {
        "id": "chatcmpl-scripted",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": request.body.get("model", "scripted"),
        "choices": [{"index": 0, "delta": dict(delta), "finish_reason": finish_reason}],
    }


def _finish(reply: Reply) -> str:
    return "tool_calls" if reply.tool_calls else reply.finish_reason


def _tool_calls(reply: Reply) -> list[dict[str, Any]]:
    return [
        {
            "id": f"call_{number}",
            "type": "function",
            "function": {"name": name, "arguments": args if isinstance(args, str) else json.dumps(args)},
        }
        for number, (name, args) in enumerate(reply.tool_calls)
    ]


def _usage(request: Request, reply: Reply) -> dict[str, int] | None:
    if reply.usage is None:
        return None
    given, made = (
        (len(_TOKEN.findall(request.text)), len(_TOKEN.findall(reply.text)))
        if isinstance(reply.usage, str)
        else reply.usage
    )
    return {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made}


def _rest(text: str) -> list[str]:
    """The white space that a text ends with, which is no token."""
    trailing = text[len(text.rstrip()) :]
    return [trailing] if trailing else []
