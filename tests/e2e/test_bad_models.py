"""A model's server that refuses, breaks or babbles: told in a sentence, bounded, and the embedded brain takes over."""

from __future__ import annotations

import pytest

from evals.servers.openai_server import OpenAIServer, Reply, Request
from tests.e2e.conftest import CONSTITUTION, is_grounded

TEXTS = {CONSTITUTION.name: CONSTITUTION.read_text("utf-8")}
QUESTION = "How old must a senator be?"


def always(reply: Reply | str):
    def respond(request: Request) -> Reply | str:
        return reply

    return respond


def ask(orchestrate, url: str, **environment: str):
    chosen = {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": "sk-test-0123456789"}
    return orchestrate("ask", QUESTION, "--docs", CONSTITUTION, "--json", environment={**chosen, **environment})


@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (Reply(status=401, error={"message": "Incorrect API key provided", "code": "invalid_api_key"}), "key"),
        (Reply(status=429, headers={"Retry-After": "1"}), "429"),
        (Reply(status=500), "500"),
        (Reply(status=404, error={"message": "The model does not exist"}), "model"),
        (Reply("as a language model, {{{ ]]] </s> \u0000 \ud83d", usage=None), ""),
        (Reply(raw=b"<html>502 Bad Gateway</html>"), ""),
        (Reply("{}", drop_after=0), ""),
        (Reply("word " * 8, token_latency=1.0), ""),
    ],
    ids=["wrong key", "rate limit", "error", "no such model", "garbage", "no JSON", "dropped", "slow"],
)
def test_a_bad_server_is_told_and_replaced(orchestrate, reply, told) -> None:
    with OpenAIServer(always(reply)) as server:
        ended = ask(orchestrate, server.url, **({"ORCHESTRATE_MODEL_TIMEOUT": "3"} if reply.token_latency else {}))
        asked = len(server.requests)
    assert ended.code == 0, ended.out
    assert "thirty Years" in ended.json["answer"]
    is_grounded(ended.json, texts=TEXTS)
    assert 1 <= asked <= 40
    notes = " ".join(ended.json["report"]["notes"])
    assert notes, "that the model wasn't used is never kept back"
    assert told.lower() in notes.lower(), notes
    assert "sk-test" not in ended.out + ended.err


def test_an_unreachable_server_is_told_and_replaced(orchestrate) -> None:
    ended = ask(orchestrate, "http://127.0.0.1:9/v1")
    assert ended.code == 0, ended.out
    assert "thirty Years" in ended.json["answer"]
    notes = " ".join(ended.json["report"]["notes"])
    assert "127.0.0.1:9" in notes or "reach" in notes or "connect" in notes.lower(), notes


def test_a_rate_limit_that_passes_is_waited_for(orchestrate) -> None:
    def respond(request: Request) -> Reply:
        return Reply(status=429, headers={"Retry-After": "1"}) if len(server.requests) == 1 else Reply("{}")

    with OpenAIServer(respond) as server:
        ended = ask(orchestrate, server.url)
        waits = [later.at - before.at for before, later in zip(server.requests, server.requests[1:], strict=False)]
    assert ended.code == 0, ended.out
    assert waits[0] >= 0.9


def test_an_invention_of_the_model_never_reaches_the_answer(orchestrate) -> None:
    """A model that plans well and then writes what no document says."""

    def respond(request: Request) -> Reply | str:
        return "A senator must be 99 years old, says Professor Quagmire of Atlantis [1]."

    with OpenAIServer(respond) as server:
        ended = ask(orchestrate, server.url)
    assert ended.code in (0, 4), ended.out
    assert "99" not in ended.json["answer"]
    assert "Quagmire" not in ended.json["answer"]
    is_grounded(ended.json, texts=TEXTS)
