from __future__ import annotations

import json

import pytest


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["ask", ""], "the goal is empty"),
        (["ask", "  \n "], "the goal is empty"),
        (["ask", "x", "--budget", "soon"], "name=value"),
        (["ask", "x", "--budget", "hours=3"], "there is no bound 'hours'"),
        (["ask", "x", "--budget", "seconds=-1"], "seconds"),
        (["ask", "x", "--budget", "seconds=many"], "seconds"),
        (["ask", "x", "--budget", "rounds=100000000000000000000"], "rounds: Input should be less than or equal to 92"),
        (
            ["ask", "x", "--budget", '{"tokens": 100000000000000000000}'],
            "tokens: Input should be less than or equal to 92",
        ),
        (["ask", "x", "--budget", "seconds=nan"], "finite number"),
        (["ask", "x", "--budget", "money=1e400"], "finite number"),
        (["ask", "x", "--budget", "tokens=1.5"], "tokens: Input should be a valid integer"),
        (["ask", "x", "--budget", " , "], "no bound"),
        (["ask", "x", "--budget", '{"seconds": '], "it is no JSON object"),
        (["ask", "x", "--budget", "{}"], "no bound"),
        (["ask", "x", "--budget", '{"hours": 3}'], "there is no bound 'hours'"),
        (["ask", "x", "--docs", "/not/there"], "/not/there"),
        (["ask", "x", "--as", "magic"], "no type 'magic'"),
        (["ask", "x", "--brain", "galaxy"], "no brain 'galaxy'"),
        (["ask", "x", "--plan", "/not/there.json"], "can't be read"),
        (["ask", "-", "--plan", "-"], "stdin"),
        (["ask", "x", "--thread", "a\nb"], "thread's id"),
        (["threads", "fork", "t", "--id", "a\nb"], "thread's id"),
        (["approve", "t", "--approve", "--reject"], "one decision"),
        (["approve", "t", "because"], "goes with --reject"),
        (["events", "list", "--limit", "100000000000000000000"], "less than or equal to"),
        (["threads", "history", "x", "--limit", "100000000000000000000"], "less than or equal to"),
        (["threads", "prune"], "say what to keep"),
        (["threads", "prune", "--older-than", "soon"], "no age"),
        (["graph", "--mermaid", "--svg", "x.svg"], "one form"),
        (["index", "/not/there"], "/not/there"),
        (["ask", "x", "--wrong"], "--wrong"),
        (["nonsense"], "nonsense"),
    ],
)
def test_wrong_usage_exits_2_with_a_sentence(orchestrate, arguments, says) -> None:
    ran = orchestrate(*arguments)
    assert ran.code == 2
    assert says in ran.err
    assert "Traceback" not in ran.err
    assert ran.out == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("not json", "is no plan"),
        ('{"tasks": [{"id": "t1"}]}', "tool"),
        ('{"tasks": [{"id": "t1", "tool": "now"}, {"id": "t1", "tool": "now"}]}', "two tasks are called 't1'"),
        ('[{"id": "a", "tool": "now", "after": ["b"]}, {"id": "b", "tool": "now", "after": ["a"]}]', "cycle"),
        ('{"tasks": [{"id": "t1", "tool": "model", "args": {"prompt": "{{t9}}"}}]}', "t9"),
    ],
)
def test_a_bad_plan_is_wrong_usage(orchestrate, tmp_path, text, says) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(text)
    ran = orchestrate("ask", "x", "--plan", str(plan))
    assert ran.code == 2
    assert says in ran.err


@pytest.mark.parametrize("words", [["ask", ""], ["ask"], ["ask", "x", "--wrong"]])
def test_errors_are_json_where_json_is_asked_for(orchestrate, words) -> None:
    ran = orchestrate(*words, "--json")
    assert ran.code == 2
    assert json.loads(ran.out)["error"]["code"] == 2


def test_a_thread_that_is_not_there(orchestrate) -> None:
    for command in (["report", "nope"], ["approve", "nope"], ["threads", "show", "nope"], ["journal", "nope"]):
        ran = orchestrate(*command)
        assert ran.code == 1, command
        assert "there is no thread 'nope'" in ran.err


def test_an_unknown_error_leaves_a_log_and_no_trace(orchestrate, home, monkeypatch) -> None:
    def broken(*args: object, **options: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("cli.checks.run_checks", broken)
    ran = orchestrate("doctor")
    assert ran.code == 1
    assert "internal error: RuntimeError: a bug" in ran.err
    assert "Traceback" not in ran.err
    (log,) = (home / "logs").iterdir()
    assert "Traceback" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0


def test_a_bad_setting_is_a_sentence(orchestrate, monkeypatch) -> None:
    monkeypatch.setenv("ORCHESTRATE_CONCURRENCY", "many")
    ran = orchestrate("threads")
    assert ran.code == 2
    assert "CONCURRENCY" in ran.err
    assert "Traceback" not in ran.err


def test_a_home_of_nobody_is_a_sentence(orchestrate, monkeypatch) -> None:
    monkeypatch.setenv("ORCHESTRATE_HOME", "~no-such-user/home")
    ran = orchestrate("threads")
    assert ran.code == 2
    assert "ORCHESTRATE_HOME: there is no ~no-such-user here" in ran.err


def test_a_home_that_cannot_be_made(orchestrate, tmp_path, monkeypatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ORCHESTRATE_HOME", str(tmp_path / "file" / "home"))
    ran = orchestrate("threads")
    assert ran.code == 1
    assert "Traceback" not in ran.err
    assert "internal error" not in ran.err
