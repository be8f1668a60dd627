"""A ledger of effects in a process of its own, over HTTP on loopback: what really happened, whoever was killed.

`POST /plain` writes an entry for every request it gets. `POST /dedupe` writes one per Idempotency-Key. Both are
answered with what stands in the ledger. `GET /RUN` lists a run's entries.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from subprocess import PIPE, Popen
from typing import Any

RUN = "X-Run"


class Ledger:
    """A client of the ledger. `close` ends its process."""

    def __init__(self) -> None:
        self._process = Popen([sys.executable, "-S", "-m", "benchmarks.ledger"], stdout=PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def write(self, receiver: str, run: str, effect: str, key: str) -> None:
        """Have an effect written. `receiver`: 'plain' or 'dedupe'. Raises OSError."""
        self._request("POST", f"/{receiver}", {RUN: run, "Idempotency-Key": key}, effect)

    def entries(self, run: str) -> list[str]:
        """The effects of a run, in the order in which they happened."""
        answer: list[str] = json.loads(self._request("GET", f"/{run}", {}))
        return answer

    def close(self) -> None:
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process.kill()
        self._process.wait()

    def _request(self, method: str, path: str, headers: dict[str, str], body: str = "") -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body.encode(), headers)
            response = connection.getresponse()
            if response.status != 200:
                raise OSError(f"the ledger answered {response.status}")
            return response.read()
        finally:
            connection.close()


def serve() -> None:
    """Serve on a free port, and print it."""
    guard = threading.Lock()
    entries: dict[str, list[str]] = {}
    keys: set[str] = set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:
                return  # the client was killed while it was sending; no receiver takes half a request
            effect = body.decode()
            run, key = self.headers[RUN], f"{self.headers[RUN]} {self.headers['Idempotency-Key']}"
            with guard:
                if self.path == "/plain" or key not in keys:
                    entries.setdefault(run, []).append(effect)
                    keys.add(key)
            self._answer({"written": effect})

        def do_GET(self) -> None:
            with guard:
                self._answer(entries.get(self.path[1:], []))

        def _answer(self, value: Any) -> None:
            body = json.dumps(value).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            pass  # the client was killed; that is what this is for

    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    serve()
