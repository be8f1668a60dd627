"""Traces by OpenTelemetry: a real collector on loopback gets the spans of a real process."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("openinference.instrumentation.langchain")
pytest.importorskip("opentelemetry.exporter.otlp.proto.http")

EXAMPLES = str(Path(__file__).parents[2] / "examples")
GOAL = "How old must a senator be, how old a president, and what is the difference?"
SECRET = "sk-proj-" + "Ab3dEf6hIj9kLm2n" * 3


class Collector:
    """Takes OTLP over HTTP and keeps what it got."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received.append(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def spans(self) -> list[Any]:
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        requests = [ExportTraceServiceRequest.FromString(body) for body in self.received]
        return [
            span
            for request in requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    serving = threading.Thread(target=made.server.serve_forever)
    serving.start()
    yield made
    made.server.shutdown()
    serving.join()
    made.server.server_close()


def orchestrate(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *words],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


def test_a_run_its_steps_and_its_tasks_are_spans(collector: Collector) -> None:
    ended = orchestrate("ask", GOAL, "--docs", EXAMPLES, "--quiet", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    assert ended.returncode == 0, ended.stderr
    spans = collector.spans()
    by_id = {span.span_id: span for span in spans}
    named = {span.name: span for span in spans}
    (root,) = [span for span in spans if not span.parent_span_id]
    for step in ("guard", "intent", "decompose", "route", "execute", "generate", "validate", "respond"):
        assert by_id[named[step].parent_span_id] is root
    task = named["t5 calculate"]
    assert by_id[task.parent_span_id] is named["execute"]
    about = {one.key: one.value.string_value for one in task.attributes}
    assert about["orchestrate.task"] == "t5"
    assert about["orchestrate.status"] == "done"
    assert [event.name for event in task.events] == ["running", "done"]
    assert {span.trace_id for span in spans} == {root.trace_id}


def test_what_is_asked_and_read_stays_out_of_them(collector: Collector) -> None:
    ended = orchestrate("ask", GOAL, "--docs", EXAMPLES, "--quiet", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    assert ended.returncode == 0, ended.stderr
    sent = b"".join(collector.received)
    assert b"t1 search_documents" in sent
    for text in (GOAL, "Age of thirty Years", "abs(30 - 35)"):
        assert text.encode() not in sent


def test_with_texts_shown_a_secret_is_redacted_all_the_same(collector: Collector, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    own = tmp_path / "own.py"
    own.write_text(
        "from pathlib import Path\nfrom tools.registry import tool\n\n"
        "@tool(trusted=True)\ndef look(key: str) -> str:\n    'Look with a key.'\n"
        f"    Path({str(seen)!r}).write_text(key)\n    return 'otters'\n"
    )
    plan = tmp_path / "plan.json"
    plan.write_text('{"tasks": [{"id": "t1", "tool": "look", "args": {"key": "%s"}}]}' % SECRET)  # noqa: UP031
    ended = orchestrate(
        "ask",
        f"Look with {SECRET}",
        "--plan",
        str(plan),
        "--quiet",
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=f"{collector.url}/v1/traces",
        OPENINFERENCE_HIDE_INPUTS="false",
        OPENINFERENCE_HIDE_OUTPUTS="false",
        ORCHESTRATE_TOOLS=str(own),
    )
    assert seen.read_text() == SECRET, ended.stderr
    sent = b"".join(collector.received)
    assert b"otters" in sent
    assert SECRET.encode() not in sent


def test_a_collector_that_is_not_there_costs_no_answer(collector: Collector) -> None:
    collector.server.server_close()
    ended = orchestrate("ask", "What is 2 + 3?", "--quiet", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    assert ended.returncode == 0
    assert "5" in ended.stdout
    assert "Traceback" not in ended.stderr


def test_nothing_of_it_is_imported_unless_it_is_wanted() -> None:
    code = (
        "import sys; from graph.orchestrator import build; build(brain='reflex', tools=[]);"
        "print(any(name.startswith(('openinference', 'opentelemetry.exporter')) for name in sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "False"


def test_the_doctor_tells_where_traces_go(collector: Collector) -> None:
    ended = orchestrate("doctor", OTEL_EXPORTER_OTLP_ENDPOINT=collector.url)
    assert f"OpenTelemetry to {collector.url}/v1/traces" in " ".join(ended.stdout.split())
