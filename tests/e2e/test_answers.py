"""A goal, from the command to the answer, its sources and the thread's file."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import jsonschema
import pytest

from tests.e2e.conftest import CONSTITUTION, is_grounded, start

TEXTS = {CONSTITUTION.name: CONSTITUTION.read_text("utf-8")}
DOCUMENT = {
    "type": "object",
    "required": ["thread_id", "stop_reason", "answer", "citations", "results", "verdict", "report", "plan", "waiting"],
    "properties": {
        "thread_id": {"type": "string", "minLength": 1},
        "stop_reason": {
            "enum": ["answered", "not_found", "partial", "budget", "rounds", "refused", "declined", "failed", None]
        },
        "answer": {"type": "string"},
        "citations": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["number", "quote", "source", "place"],
                "properties": {"number": {"type": "integer"}, "quote": {"type": "string", "minLength": 1}},
            },
        },
        "results": {"type": "object", "additionalProperties": {"type": "object", "required": ["status", "value"]}},
        "report": {
            "type": ["object", "null"],
            "required": ["brain", "usage", "critical_path"],
            "properties": {"usage": {"type": "object", "required": ["seconds", "model_calls", "tool_calls", "money"]}},
        },
        "plan": {"type": ["object", "null"]},
        "waiting": {"type": "array"},
    },
}


def test_the_answer_comes_with_plan_status_sources_and_footer(orchestrate) -> None:
    goal = "How old must a senator be, how old a president, and what is the difference?"
    ended = orchestrate("ask", goal, "--docs", CONSTITUTION, "--thread", "ages")
    assert ended.code == 0, ended.err
    assert ended.err.startswith("plan:\n")
    for status in ("t1  running", "t2  running", "t1  done", "t5  done"):
        assert status in ended.err
    assert "thirty Years" in ended.out
    assert "thirty five Years" in ended.out
    assert "The difference is 5 [3]" in ended.out
    assert "— " in ended.out
    assert "us-constitution.txt, Article I, Section 3, line" in ended.out
    for figure in ("0 model calls", "tool calls", "tokens", "$", "reflex", "thread ages"):
        assert figure in ended.out


def test_json_is_one_document_and_every_quotation_stands_in_its_file(orchestrate) -> None:
    goal = "How long does a senator serve, and who presides over the trial of the president?"
    ended = orchestrate("ask", goal, "--docs", CONSTITUTION, "--json")
    assert ended.code == 0, ended.err
    jsonschema.validate(ended.json, DOCUMENT)
    assert ended.json["stop_reason"] == "answered"
    assert len(ended.json["citations"]) >= 2
    is_grounded(ended.json, texts=TEXTS)


def test_a_follow_up_in_a_new_process_knows_what_was_said(orchestrate) -> None:
    first = orchestrate("ask", "How old must a senator be?", "--docs", CONSTITUTION, "--thread", "t", "--json")
    assert "thirty Years" in first.json["answer"]
    then = orchestrate("ask", "and a representative?", "--thread", "t", "--json")
    assert then.code == 0, then.out
    assert "twenty five Years" in then.json["answer"]
    assert "thirty Years" not in then.json["answer"]
    is_grounded(then.json, texts=TEXTS)
    shown = orchestrate("threads", "show", "t")
    assert "How old must a senator be?" in shown.out
    assert "and a representative?" in shown.out


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["What is 17.5 % of 1240?"], 0, "answered"),
        (["Who won the 1998 world cup?", "--docs", str(CONSTITUTION)], 4, "not_found"),
        (["Send an email to bob@example.org saying hello", "--docs", str(CONSTITUTION)], 4, None),
    ],
)
def test_exit_codes_follow_the_outcome(orchestrate, arguments, code, reason) -> None:
    ended = orchestrate("ask", *arguments, "--json")
    assert ended.code == code, ended.out
    jsonschema.validate(ended.json, DOCUMENT)
    assert reason is None or ended.json["stop_reason"] == reason


def test_a_run_of_which_every_task_fails_has_failed(orchestrate, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps([{"id": "t1", "tool": "read_file", "args": {"path": "nowhere.txt"}}]))
    ended = orchestrate("ask", "read it", "--plan", plan, "--json", cwd=tmp_path)
    assert ended.code == 1, ended.out
    assert "nowhere.txt" in ended.out
    wrong = orchestrate("ask", "x", "--plan", tmp_path / "none.json", "--json")
    assert wrong.code == 2
    assert wrong.json["error"]["message"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["What is the boiling point of tungsten?", "--docs", CONSTITUTION],
        ["How much older must a bishop be than a rabbi?", "--docs", CONSTITUTION],
        ["Who is the region of West?", "--db", "sqlite:///sales.sqlite"],
        ["Sales in West", "--db", "sqlite:///sales.sqlite", "--plan", "rows.json"],
        ["Twice the sales in West", "--db", "sqlite:///sales.sqlite", "--plan", "twice.json"],
        ["The one in West", "--db", "sqlite:///sales.sqlite", "--plan", "pick.json"],
    ],
    ids=["documents", "comparison", "database", "rows", "reference", "pick"],
)
def test_what_is_not_found_is_no_failure_wherever_it_was_looked_for(orchestrate, tmp_path: Path, arguments) -> None:
    with closing(sqlite3.connect(tmp_path / "sales.sqlite")) as connection, connection:
        connection.execute("CREATE TABLE sales (region TEXT, amount REAL)")
        connection.executemany("INSERT INTO sales VALUES (?, ?)", [("North", 10), ("South", 20)])
    rows = {"id": "a", "tool": "query_database", "args": {"sql": "SELECT amount FROM sales WHERE region = 'West'"}}
    twice = {"id": "b", "tool": "calculate", "args": {"expression": "{{a.rows[0].amount}} * 2"}}
    pick = {"id": "b", "tool": "pick", "args": {"records": "{{a.rows}}", "field": "amount"}}
    for name, tasks in {"rows": [rows], "twice": [rows, twice], "pick": [rows, pick]}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(tasks))
    ended = orchestrate("ask", *arguments, "--json", cwd=tmp_path)
    assert (ended.code, ended.json["stop_reason"]) == (4, "not_found"), ended.out


def test_what_asks_a_person_waits_and_goes_on_after_a_restart(orchestrate, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    tasks = [
        {"id": "t1", "tool": "search_documents", "args": {"query": "age of a senator"}},
        {"id": "t2", "tool": "write_file", "args": {"path": "out.txt", "content": "{{t1[0].text}}"}},
    ]
    plan.write_text(json.dumps(tasks))
    asked = orchestrate(
        "ask", "write it down", "--plan", plan, "--docs", CONSTITUTION, "--thread", "w", "--json", cwd=tmp_path
    )
    assert asked.code == 3
    jsonschema.validate(asked.json, DOCUMENT)
    assert asked.json["waiting"][0]["request"]["action_requests"][0]["name"] == "write_file"
    assert not (tmp_path / "out.txt").exists()
    done = orchestrate("approve", "w", "--approve", "--json", cwd=tmp_path)
    assert done.code == 0, done.out + done.err
    assert (tmp_path / "out.txt").read_text().startswith("No Person shall be a Senator") or "Senator" in (
        tmp_path / "out.txt"
    ).read_text()


def test_files_are_private_and_hold_no_surprises(orchestrate, home: Path) -> None:
    orchestrate("ask", "How old must a senator be?", "--docs", CONSTITUTION, "--thread", "t")
    for path in home.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    with sqlite3.connect(home / "orchestrate.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_four_processes_share_one_file(home: Path) -> None:
    goals = [
        ("How old must a senator be?", "thirty Years"),
        ("How old must a president be?", "thirty five Years"),
        ("What is 15% of 340?", "51"),
        ("How long is the term of the president?", "four Years"),
    ]
    begun = [
        start("ask", goal, "--docs", CONSTITUTION, "--thread", f"t{number}", "--json")
        for number, (goal, _) in enumerate(goals)
    ]
    for ended, (goal, expected) in zip([one.end() for one in begun], goals, strict=True):
        assert ended.code == 0, (goal, ended.err)
        assert expected in ended.json["answer"]
        is_grounded(ended.json, texts=TEXTS)


def test_two_runs_of_one_thread_do_not_mix(home: Path) -> None:
    plan = json.dumps([{"id": "t1", "tool": "run_python", "args": {"code": "sum(range(1000000))"}}])
    begun = [
        start("ask", "add up", "--plan", _file(home, plan), "--thread", "same", "--json", "--policy", "auto")
        for _ in range(3)
    ]
    ended = [one.end() for one in begun]
    assert any(one.code == 0 for one in ended), [one.out for one in ended]
    for one in ended:
        assert one.code == 0 or "is being run" in one.err or "same" in one.err, one.err


def _file(home: Path, text: str) -> Path:
    home.mkdir(exist_ok=True)
    path = home.parent / "plan.json"
    path.write_text(text)
    return path
