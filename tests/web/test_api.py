"""The page's API over HTTP: who is let in, and a run from its start to its end."""

from __future__ import annotations

import httpx
import pytest

from tests.web.conftest import CONSTITUTION, WITHIN, Served, one_task, save
from web.page import LARGEST_BODY

SENATOR = "How old must a senator be?"


def without_token(served: Served) -> httpx.Client:
    return httpx.Client(base_url=served.address, trust_env=False, timeout=WITHIN)


@pytest.mark.parametrize("path", ["/", "/api/threads", "/api/site", "/static/app.js", "/?token=wrong"])
def test_only_who_has_the_token_is_let_in(served: Served, path: str) -> None:
    with without_token(served) as client:
        response = client.get(path)
    assert response.status_code == 401
    assert "orchestrate serve" in response.json()["error"]


def test_the_printed_address_leaves_a_cookie_and_no_token_in_the_address(served: Served) -> None:
    with without_token(served) as client:
        response = client.get(f"/?token={served.site.token}")
        assert (response.status_code, response.headers["location"]) == (303, "/")
        cookie = response.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        page = client.get("/")
    assert page.status_code == 200
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("host", ["attacker.example", "attacker.example:80", "127.0.0.1.attacker.example"])
def test_a_name_that_was_made_to_point_here_is_refused(served: Served, host: str) -> None:
    assert served.client.get("/api/threads", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("origin", ["https://attacker.example", "null", "http://127.0.0.1:1"])
def test_another_sites_request_is_refused(served: Served, origin: str) -> None:
    response = served.client.post("/api/runs", json={"goal": SENATOR}, headers={"Origin": origin})
    assert response.status_code == 403
    assert served.client.get("/api/threads").json() == {"threads": []}


def test_the_pages_own_request_is_let_in(served: Served) -> None:
    response = served.client.post("/api/runs", json={"goal": "2 + 3"}, headers={"Origin": served.address})
    assert response.status_code == 202
    served.end(response.json()["thread_id"])


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"{", 400, "isn't JSON"),
        (b"[]", 400, "JSON object"),
        (b"{}", 400, "goal is empty"),
        (b'{"goal": " "}', 400, "goal is empty"),
        (b'{"goal": "x", "type": "magic"}', 400, "no type 'magic'"),
        (b"[" * 100_000, 400, "nested too deeply"),
        (b'{"goal": "\\ud800"}', 400, "isn't JSON"),
        (b'{"goal": 5}', 400, "'goal' can't be used; send text"),
        (b'{"goal": "x", "type": {"a": 1}}', 400, "send one of hybrid"),
        (b'{"goal": "x", "docs": 5}', 400, "'docs' can't be used; send a list of files and folders"),
        (b'{"goal": "x", "docs": [5]}', 400, "send a list of files and folders"),
        (b'{"goal": "x", "db": 5}', 400, "send the URL of a database"),
        (b'{"goal": "x", "policy": ["auto"]}', 400, "send the name or the file of a policy"),
        (b'{"goal": "x", "plan": 5}', 400, "'plan' can't be used; send an object with \"tasks\""),
        (b'{"goal": "x", "budget": {"seconds": -1}}', 400, "(seconds: Input should be greater than 0); send an object"),
        (b'{"goal": "x", "budget": {"second": 1}}', 400, "(second: Extra inputs are not permitted); send an object"),
        (b'{"goal": "x", "thread_id": "a/b"}', 400, "can't have '/' in it"),
        (b'{"goal": "x", "document": ["a.txt"]}', 400, "no field 'document'; there are: goal, type"),
        (b" " * (LARGEST_BODY + 1), 413, "bytes"),
    ],
)
def test_what_cannot_be_run_is_told(served: Served, body: bytes, status: int, told: str) -> None:
    response = served.client.post("/api/runs", content=body)
    assert response.status_code == status
    assert told in response.json()["error"]

    assert served.client.get("/api/threads").json() == {"threads": []}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (b'{"answers": 5}', "'answers' can't be used; send an object"),
        (b'{"retry_failed": "x"}', "send true or false"),
        (b'{"answer": {"q": {}}}', "no field 'answer'; there are: answers, retry_failed"),
    ],
)
def test_what_no_thread_can_go_on_with_is_told(served: Served, body: bytes, told: str) -> None:
    response = served.client.post("/api/threads/none/resume", content=body)
    assert response.status_code == 400
    assert told in response.json()["error"]


def test_what_is_empty_is_left_out(served: Served) -> None:
    empty = {"type": "", "policy": None, "docs": [], "db": None, "plan": {}, "budget": {}, "thread_id": None}
    assert "thirty Years" in served.end(served.start(SENATOR, **empty))["answer"]


def test_one_document_needs_no_list_and_a_budget_holds(served: Served) -> None:
    last = served.end(served.start(SENATOR, docs=str(CONSTITUTION), budget={"tool_calls": 0}))
    assert last["stop_reason"] == "budget"


def test_documents_that_are_not_there_end_the_run_with_a_message(served: Served) -> None:
    last = served.end(served.start(SENATOR, docs=["/nowhere/at/all"]))
    assert last["type"] == "error"
    assert "/nowhere/at/all" in last["message"]


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_unknown_thread_is_not_found(served: Served, method: str) -> None:
    assert served.client.request(method, "/api/threads/none").status_code == 404


def test_an_unknown_thread_is_not_resumed_and_has_no_events(served: Served) -> None:
    assert served.resume("none").status_code == 404
    assert served.client.get("/api/threads/none/events").status_code == 204


def test_the_page_learns_what_is_searched_by_name_and_what_thinks(served: Served) -> None:
    told = served.client.get("/api/site").json()
    assert (told["docs"], told["db"]) == (["us-constitution.txt"], False)
    assert "embedded" in told["brain"]
    assert told["examples"]


def test_a_run_is_told_from_its_plan_to_its_answer_and_again_from_any_point(served: Served) -> None:
    thread = served.start(SENATOR)
    said = served.events(thread)
    kinds = [message["type"] for _, message in said]
    assert [number for number, _ in said] == list(range(1, len(said) + 1))
    assert kinds.index("plan") < kinds.index("task") < kinds.index("text") < kinds.index("outcome") == len(kinds) - 1
    outcome = said[-1][1]
    assert "thirty Years" in outcome["answer"]
    assert "us-constitution.txt" in outcome["answer"]
    assert outcome["finished"]
    assert served.events(thread, after=3) == said[3:]
    stored = served.client.get(f"/api/threads/{thread}").json()
    assert stored["answer"] == outcome["answer"]
    assert not stored["at_work"]
    listed = served.client.get("/api/threads").json()["threads"]
    assert [(one["thread_id"], one["goal"], one["status"], one["stop_reason"]) for one in listed] == [
        (thread, SENATOR, "done", "answered")
    ]


def test_what_waits_is_approved(served: Served) -> None:
    thread = served.start("Save a note", policy="ask", plan=save())
    (question,) = served.end(thread)["waiting"]
    assert (question["name"], question["args"]["path"]) == ("write_file", "note.txt")
    assert not (served.place / "note.txt").exists()
    assert served.resume(thread, answers={question["id"]: {"decisions": [{"type": "approve"}]}}).status_code == 202
    said = [message for _, message in served.events(thread)]
    assert said[0]["type"] == "plan"
    assert said[0]["statuses"]["t2"] == "done"
    assert said[-1]["finished"]
    assert (served.place / "note.txt").read_text() == "kept"


def test_an_answer_that_does_not_fit_is_told_and_the_question_stays_open(served: Served) -> None:
    thread = served.start("Save a note", policy="ask", plan=save())
    (question,) = served.end(thread)["waiting"]
    edited = {"type": "edit", "edited_action": {"name": "write_file", "args": {"path": 3}}}
    served.resume(thread, answers={question["id"]: {"decisions": [edited]}})
    last = served.end(thread)
    assert last["type"] == "error"
    assert "'content' is a required property" in last["message"]
    (still,) = served.client.get(f"/api/threads/{thread}").json()["waiting"]
    assert still["id"] == question["id"]


def test_a_thread_runs_once_at_a_time_stops_and_goes_on(served: Served) -> None:
    thread = served.start("Hold", plan=one_task("hold", name="a"))
    served.held("a")
    again = served.client.post("/api/runs", json={"goal": "2 + 3", "thread_id": thread})
    assert again.status_code == 409
    assert "at work" in again.json()["error"]
    assert served.client.get(f"/api/threads/{thread}").json()["at_work"]
    assert [one["status"] for one in served.client.get("/api/threads").json()["threads"]] == ["working"]
    assert served.client.post(f"/api/threads/{thread}/stop").json() == {"stopped": True}
    assert served.end(thread)["type"] == "stopped"
    assert not served.client.get(f"/api/threads/{thread}").json()["finished"]
    assert [one["status"] for one in served.client.get("/api/threads").json()["threads"]] == ["unfinished"]
    served.let_go("a")
    assert served.resume(thread).status_code == 202
    outcome = served.end(thread)
    assert outcome["finished"]
    assert "held a" in outcome["answer"]


def test_a_deleted_thread_is_gone(served: Served) -> None:
    thread = served.start("2 + 3")
    served.end(thread)
    assert served.client.delete(f"/api/threads/{thread}").status_code == 204
    assert served.client.get("/api/threads").json() == {"threads": []}
    assert served.client.get(f"/api/threads/{thread}").status_code == 404


def test_what_a_tool_says_is_text_in_what_the_page_is_given(served: Served) -> None:
    outcome = served.end(served.start("Shout", plan=one_task("shout", to="<b>you</b>")))
    given = "".join(
        [outcome["answer"], outcome["drawing"], outcome["timeline"], outcome["report"], *outcome["results"]]
    )
    assert "&lt;img src=x" in given
    assert "<img" not in given
    assert "<script" not in given
