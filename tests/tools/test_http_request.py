"""http_request calls APIs; a write carries its key, so that a receiver can tell a repetition."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from state.task import Task
from tests.nodes.harness import Bench
from tools.http_request import http_request
from tools.registry import Call, ToolFailure, current_call
from tools.safe_http import SafeHttp


@pytest.fixture
def key() -> Iterator[str]:
    token = current_call.set(Call(key="key-of-this-effect", thread_id="thread", task="t1"))
    yield "key-of-this-effect"
    current_call.reset(token)


async def test_json_goes_out_and_comes_back(loopback: Any, respond: Any, key: str) -> None:
    loopback.routes["/orders"] = respond(201, '{"id": 7}', Content_Type="application/json", Location="/orders/7")
    output = await http_request(allow=[loopback.host]).call(
        {"method": "POST", "url": f"{loopback.url}/orders", "body": {"article": "A1"}, "headers": {"X-Team": "sales"}}
    )
    assert (output.value["status"], output.value["body"]) == (201, {"id": 7})
    assert output.value["headers"]["location"] == "/orders/7"
    (request,) = loopback.received
    assert json.loads(request.body) == {"article": "A1"}
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-team"] == "sales"
    assert request.headers["idempotency-key"] == key
    assert output.evidence[0].text == '{"id": 7}'


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_reading_carries_no_key(loopback: Any, respond: Any, key: str, method: str) -> None:
    loopback.routes["/"] = respond(200, b"" if method == "HEAD" else "words", Content_Type="text/plain")
    output = await http_request(allow=[loopback.host]).call({"method": method, "url": f"{loopback.url}/"})
    assert output.value["body"] == ("" if method == "HEAD" else "words")
    assert "idempotency-key" not in loopback.received[0].headers


async def test_the_key_cannot_be_chosen_by_the_arguments(loopback: Any, respond: Any, key: str) -> None:
    loopback.routes["/"] = respond(204)
    headers = {"idempotency-KEY": "another"}
    await http_request(allow=[loopback.host]).call({"method": "DELETE", "url": f"{loopback.url}/", "headers": headers})
    assert loopback.received[0].headers["idempotency-key"] == key


async def test_a_receiver_that_dedupes_makes_one_effect_of_two_sends(loopback: Any, respond: Any, key: str) -> None:
    seen: set[str] = set()

    def once(request: Any) -> bytes:
        is_new = request.headers["idempotency-key"] not in seen
        seen.add(request.headers["idempotency-key"])
        return bytes(respond(201 if is_new else 200, "{}", Content_Type="application/json"))

    loopback.routes["/pay"] = once
    spec = http_request(allow=[loopback.host], receiver_dedupes=True)
    statuses = [
        (await spec.call({"method": "POST", "url": f"{loopback.url}/pay", "body": {"amount": 5}})).value["status"]
        for _ in range(2)
    ]
    assert statuses == [201, 200]
    assert len(seen) == 1
    assert spec.idempotent


@pytest.mark.parametrize(
    ("status", "kind"), [(400, "permanent"), (409, "permanent"), (500, "transient"), (429, "transient")]
)
async def test_errors_are_typed_and_say_what_was_answered(loopback: Any, respond: Any, status: int, kind: str) -> None:
    loopback.routes["/"] = respond(status, '{"error": "out of stock"}', Content_Type="application/json")
    with pytest.raises(ToolFailure, match=f"answered {status}.*out of stock") as failure:
        await http_request(allow=[loopback.host]).call({"method": "POST", "url": f"{loopback.url}/?token=s3cret"})
    assert failure.value.kind == kind
    assert "s3cret" not in str(failure.value)


async def test_arguments_that_make_no_sense_are_refused(loopback: Any, respond: Any) -> None:
    spec = http_request(allow=[loopback.host])
    with pytest.raises(ToolFailure, match="has no body") as failure:
        await spec.call({"method": "GET", "url": f"{loopback.url}/", "body": {}})
    assert failure.value.kind == "invalid_arguments"
    loopback.routes["/"] = respond(200, "{oops", Content_Type="application/json")
    with pytest.raises(ToolFailure, match="no JSON"):
        await spec.call({"method": "GET", "url": f"{loopback.url}/"})
    loopback.routes["/"] = respond(200, "[" * 300 + "]" * 300, Content_Type="application/json")
    with pytest.raises(ToolFailure, match="nested deeper"):
        await spec.call({"method": "GET", "url": f"{loopback.url}/"})


@pytest.mark.parametrize(
    ("given", "body", "note"),
    [
        ({"status": 303, "Location": "http://169.254.169.254/latest"}, "", ""),
        ({"status": 303, "Location": "http://[::"}, "", ""),
        ({"status": 201, "body": "OK", "Content_Type": "application/json"}, "OK", "no JSON"),
        ({"body": "[" * 100_000, "Content_Type": "application/json"}, "[" * 100_000, "no JSON"),
        ({"body": "[" * 300 + "]" * 300, "Content_Type": "application/json"}, "[" * 300 + "]" * 300, "nested deeper"),
        ({"body": b"caf\xe9", "Content_Type": "text/plain; charset=idna"}, "caf\N{REPLACEMENT CHARACTER}", ""),
        ({"body": "x" * 200_000}, None, "more than 150,000 bytes"),
        ({"body": gzip.compress(bytes(1_000_000)), "Content_Encoding": "gzip"}, None, "more than 150,000 bytes"),
        ({"body": "words", "Content_Encoding": "gzip"}, None, "damaged gzip"),
        ({"body": "words", "Content_Encoding": "br"}, None, "encoding 'br'"),
    ],
)
async def test_what_was_done_is_a_result_whatever_came_back(
    loopback: Any, respond: Any, given: dict[str, Any], body: str | None, note: str
) -> None:
    loopback.routes["/orders"] = respond(**given)
    tool = http_request(http=SafeHttp(allow=[loopback.host], max_bytes=150_000))
    bench = Bench([tool])
    order = Task(id="t", tool="http_request", args={"method": "POST", "url": f"{loopback.url}/orders", "body": {}})
    result = (await bench.run([order]))["results"]["t"]
    assert (result.status, len(loopback.received)) == ("done", 1)
    assert (result.value["status"], result.value["body"]) == (given.get("status", 200), body)
    assert result.value["headers"].get("location") == given.get("Location")
    assert note in result.value.get("note", "")
    assert bool(note) == ("note" in result.value)
    assert [effect.state for effect in await bench.journal.effects()] == ["done"]


@pytest.mark.parametrize(
    ("status", "state"), [(307, "failed"), (308, "failed"), (409, "failed"), (302, "in_doubt"), (500, "in_doubt")]
)
async def test_what_may_have_been_done_is_asked_about(loopback: Any, respond: Any, status: int, state: str) -> None:
    loopback.routes["/"] = respond(status, "x" * 200_000, Location="/elsewhere")
    bench = Bench([http_request(http=SafeHttp(allow=[loopback.host], max_bytes=150_000))])
    out = await bench.run([Task(id="t", tool="http_request", args={"method": "PUT", "url": f"{loopback.url}/"})])
    assert [asked.value["kind"] for asked in out.get("__interrupt__", [])] == ["in_doubt"] * (state == "in_doubt")
    assert [effect.state for effect in await bench.journal.effects()] == [state]
    assert len(loopback.received) == 1


async def test_private_receivers_are_refused() -> None:
    spec = http_request()
    with pytest.raises(ToolFailure) as failure:
        await spec.call({"method": "POST", "url": "http://127.0.0.1:8080/admin", "body": {}})
    assert (failure.value.kind, failure.value.sent) == ("refused", False)
    assert (spec.risk, spec.idempotent, spec.trusted) == ("write", False, False)
