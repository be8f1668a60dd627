"""The command over the real graph, with the embedded brain."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from cli.console import aside
from memory.settings import settings

SENATE = """Article I. Section 3.

No Person shall be a Senator who shall not have attained to the Age of thirty Years, and been nine Years a Citizen
of the United States.

Article II. Section 1.

Neither shall any Person be eligible to the Office of President who shall not have attained to the Age of thirty five
Years, and been fourteen Years a Resident within the United States.
"""


NOISY = """
import os, subprocess
from tools.registry import tool

print("on import")

@tool(trusted=True)
def noisy(text: str) -> str:
    'Say a text, with much ado.'
    print("by print")
    os.write(1, b"by the system\\n")
    subprocess.run(["echo", "by a process"])
    return text
"""


@pytest.fixture
def documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ORCHESTRATE_FILES", str(tmp_path))
    folder = tmp_path / "law"
    folder.mkdir()
    (folder / "constitution.txt").write_text(SENATE)
    return folder


@pytest.fixture
def writing(tmp_path: Path) -> Path:
    """A plan that writes what it read."""
    plan = tmp_path / "plan.json"
    tasks = [
        {"id": "t1", "tool": "search_documents", "args": {"query": "age of a senator"}},
        {"id": "t2", "tool": "write_file", "args": {"path": "out.txt", "content": "{{t1[0].text}}"}},
    ]
    plan.write_text(json.dumps({"tasks": tasks}))
    return plan


def test_a_goal_is_answered_with_its_source_and_looked_back_on(orchestrate, documents) -> None:
    ran = orchestrate("ask", "How old must a senator be?", "--docs", str(documents), "--thread", "senate")
    assert ran.code == 0, ran.err
    assert "thirty Years" in ran.out
    assert "— law/constitution.txt" in ran.out
    assert "plan:" in ran.err

    listed = orchestrate("threads")
    assert listed.out.split("\t")[:2] == ["senate", "done"]
    assert json.loads(orchestrate("threads", "list", "--json").out)[0]["thread_id"] == "senate"
    report = orchestrate("report", "sen")
    assert "█" in report.out
    assert "critical path" in report.out
    assert "> How old must a senator be?" in orchestrate("threads", "show", "senate").out
    assert "(end)" in orchestrate("threads", "history", "senate").out
    assert "nothing" in orchestrate("journal", "senate").out
    again = orchestrate("resume", "senate", "--json")
    assert again.code == 0
    assert "thirty Years" in json.loads(again.out)["answer"]


def test_a_follow_up_has_the_documents_of_its_thread(orchestrate, documents) -> None:
    orchestrate("ask", "How old must a senator be?", "--docs", str(documents), "--thread", "senate")
    ran = orchestrate("ask", "And a president?", "--thread", "senate")
    assert ran.code == 0, ran.err
    assert "thirty five" in ran.out


def test_what_is_not_in_the_documents_is_a_partial_answer(orchestrate, documents) -> None:
    ran = orchestrate("ask", "Who won the 1998 football world cup?", "--docs", str(documents))
    assert ran.code == 4


def test_a_write_of_untrusted_text_waits_is_edited_and_recorded(orchestrate, documents, writing) -> None:
    options = ("--plan", str(writing), "--docs", str(documents), "--thread", "w")
    ran = orchestrate("ask", "write it down", *options)
    assert ran.code == 3
    assert "UNTRUSTED" in ran.out
    assert not Path("out.txt").exists()

    open_ = orchestrate("approve", "w", "--json")
    assert open_.code == 3
    assert json.loads(open_.out)["waiting"][0]["kind"] == "approval"
    assert orchestrate("approve", "w", "--task", "t9", "--approve").code == 2
    assert orchestrate("approve", "w", "--edit", "{oops").code == 2
    assert "no argument path2" in orchestrate("approve", "w", "--edit", '{"path2": "x"}').err
    busy = orchestrate("ask", "something else", "--thread", "w")
    assert busy.code == 1
    assert "orchestrate approve" in busy.err

    done = orchestrate("approve", "w", "--task", "t2", "--edit", '{"content": "mine"}')
    assert done.code == 0, done.err
    assert Path("out.txt").read_text() == "mine"
    assert "done\tt2\twrite_file\t1" in orchestrate("journal", "w").out
    decisions = json.loads(orchestrate("audit", "w", "--json").out)
    assert decisions[-1]["decided"]["type"] == "edit"
    assert orchestrate("approve", "w", "--approve").code == 1


def test_a_run_that_goes_on_says_what_is_planned_and_what_is_done(orchestrate, documents, writing) -> None:
    orchestrate("ask", "write it down", "--plan", str(writing), "--docs", str(documents), "--thread", "w", "--quiet")
    told = orchestrate("approve", "w", "--approve").err.splitlines()
    assert told[:2] == ["plan:", "  t1  search_documents  search_documents"]
    assert told[2].startswith("  t2  write_file")
    assert told[3] == "t1  done  as recorded"
    assert [line for line in told if line.startswith("t2  done")]
    assert orchestrate("resume", "w").err.splitlines()[-2:] == ["t1  done  as recorded", "t2  done  as recorded"]
    assert orchestrate("resume", "w", "--quiet").err == ""


def test_a_rejection_is_fed_back(orchestrate, documents, writing) -> None:
    orchestrate("ask", "write it down", "--plan", str(writing), "--docs", str(documents), "--thread", "w")
    ran = orchestrate("approve", "w", "--reject", "not there", "--json")
    assert ran.code == 4, ran.out
    result = json.loads(ran.out)["results"]["t2"]
    assert result["status"] == "refused"
    assert "not there" in json.dumps(result)
    assert not Path("out.txt").exists()


def test_policy_check_says_what_would_ask_and_why(orchestrate, documents, writing) -> None:
    ran = orchestrate("policy", "check", str(writing), "--docs", str(documents))
    assert ran.code == 0
    lines = [line.split("\t") for line in ran.out.splitlines()]
    assert lines[0][:4] == ["t1", "search_documents", "read", "auto"]
    assert lines[1][:4] == ["t2", "write_file", "write", "ask"]
    assert "content" in lines[1][4]
    free = json.loads(
        orchestrate("policy", "check", str(writing), "--docs", str(documents), "--policy", "auto", "--json").out
    )
    assert [task["action"] for task in free["tasks"]] == ["auto", "auto"]


def test_policy_check_shows_fallbacks_and_what_agents_are_given(orchestrate, documents, writing) -> None:
    tasks = [
        {"id": "t1", "tool": "list_files", "on_error": "fallback: now"},
        {"id": "t2", "tool": "agent", "args": {"goal": "tidy up", "tools": ["read_file", "write_file"]}},
    ]
    writing.write_text(json.dumps({"tasks": tasks}))
    ran = orchestrate("policy", "check", str(writing), "--docs", str(documents))
    lines = [line.split("\t") for line in ran.out.splitlines()]
    assert [line[:4] for line in lines] == [
        ["t1", "list_files", "read", "auto"],
        ["t1", "now", "read", "auto"],
        ["t2", "agent", "read", "auto"],
        ["t2", "read_file", "read", "auto"],
        ["t2", "write_file", "write", "ask"],
    ]


def test_policy_check_names_the_problems_of_a_plan(orchestrate, tmp_path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text('[{"id": "t1", "tool": "teleport"}]')
    ran = orchestrate("policy", "check", str(plan))
    assert ran.code == 1
    assert "teleport" in ran.err


def test_fork_delete_and_prune(orchestrate, documents) -> None:
    orchestrate("ask", "How old must a senator be?", "--docs", str(documents), "--thread", "one")
    made = orchestrate("threads", "fork", "one", "--id", "two")
    assert made.code == 0
    assert "two" in made.out
    assert orchestrate("threads", "delete", "one").code == 2  # nobody is there to ask
    assert orchestrate("threads", "delete", "one", "--yes").code == 0
    assert "one" not in [line.split("\t")[0] for line in orchestrate("threads").out.splitlines()]
    assert "dropped" in orchestrate("threads", "prune", "--keep-last", "1").out
    assert orchestrate("resume", "two").code == 0


def test_deleting_without_a_question_takes_the_full_id(orchestrate, documents, monkeypatch) -> None:
    orchestrate("ask", "How old must a senator be?", "--docs", str(documents), "--thread", "f2b912a712eb")
    refused = orchestrate("threads", "delete", "f2", "--yes")
    assert refused.code == 2
    assert "no thread 'f2'" in refused.err
    assert "f2b912a712eb" in refused.err
    assert orchestrate("threads", "show", "f2").code == 0

    asked: list[str] = []
    monkeypatch.setattr("cli.console.interactive", lambda: True)
    monkeypatch.setattr("typer.confirm", lambda text: asked.append(text))
    assert orchestrate("threads", "delete", "f2").code == 0
    assert "f2b912a712eb" in asked[0]
    assert "How old must a senator be?" in asked[0]
    assert orchestrate("threads", "show", "f2").code == 0
    assert orchestrate("threads", "delete", "f2b912a712eb", "--yes").code == 0


def test_what_tools_print_stays_out_of_the_answer(tmp_path: Path) -> None:
    (tmp_path / "noisy.py").write_text(NOISY)
    plan = tmp_path / "plan.json"
    plan.write_text('{"tasks": [{"id": "t1", "tool": "noisy", "args": {"text": "hello"}}]}')
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "ask", "Say hello", "--plan", str(plan), "--json"],
        capture_output=True,
        text=True,
        timeout=240,
        env=os.environ | {"ORCHESTRATE_TOOLS": str(tmp_path / "noisy.py"), "ORCHESTRATE_HOME": str(tmp_path / "home")},
        stdin=subprocess.DEVNULL,
    )
    assert json.loads(done.stdout)["results"]["t1"]["value"] == "hello"
    for printed in ("on import", "by print", "by the system", "by a process"):
        assert printed in done.stderr


def test_what_a_tool_that_was_left_behind_prints_stays_out_of_it_too(capsys: pytest.CaptureFixture[str]) -> None:
    over = threading.Event()

    def late() -> None:
        over.wait(20)
        sys.stdout.write("late\n")

    with aside(json=True):
        thread = threading.Thread(target=late)
        thread.start()
    with aside():
        pass
    sys.stdout.write("the answer\n")
    over.set()
    thread.join()
    assert capsys.readouterr() == ("the answer\n", "late\n")


@pytest.mark.parametrize(("rows", "told"), [(9, "9 in all [1]"), (25, "25 in all [1]"), (300, "300 in all [1]")])
def test_a_list_that_is_cut_says_how_long_it_is(orchestrate, tmp_path, rows, told) -> None:
    with closing(sqlite3.connect(tmp_path / "cities.sqlite")) as connection, connection:
        connection.execute("CREATE TABLE cities (name TEXT, country TEXT)")
        connection.executemany(
            "INSERT INTO cities VALUES (?, 'France')", [(f"Town {chr(97 + n // 26)}{n}",) for n in range(rows)]
        )
    ran = orchestrate("ask", "Which cities are in France?", "--db", f"sqlite:///{tmp_path}/cities.sqlite")
    assert ran.code == 0, ran.out
    assert told in ran.out
    assert ("…" in ran.out) == (rows > 10)


def test_index_then_ask(orchestrate, documents) -> None:
    first, second = orchestrate("index", str(documents)), orchestrate("index", str(documents), "--json")
    assert "1 added" in first.out
    assert json.loads(second.out)["unchanged"] == 1


def test_tools_graph_and_doctor(orchestrate, tmp_path) -> None:
    tools = {tool["name"]: tool for tool in json.loads(orchestrate("tools", "--json").out)}
    assert tools["calculate"]["available"]
    assert "ORCHESTRATE_SMTP_URL" in tools["send_email"]["unavailable"]
    assert "graph TD" in orchestrate("graph").out
    checks = {check["name"]: check for check in json.loads(orchestrate("doctor", "--json").out)}
    assert checks["SQLite"]["state"] == "ok"
    assert "reflex" in checks["brain"]["found"]


@pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz's dot")
def test_a_picture_goes_to_a_file_or_without_one_to_stdout(orchestrate, tmp_path) -> None:
    drawn = orchestrate("graph", "--svg", "--as", "sequential").out
    assert drawn.rstrip().endswith("</svg>")
    assert drawn == orchestrate("graph", "--as", "sequential", "--svg").out
    ran = orchestrate("graph", "--as", "sequential", "--svg", str(tmp_path / "g.svg"))
    assert "written:" in ran.out
    assert (tmp_path / "g.svg").read_text() == drawn


def test_a_budget_may_be_json_and_ends_with_what_was_found(orchestrate, tmp_path) -> None:
    sums = [
        {"id": f"t{n}", "goal": f"Sum {n}", "tool": "calculate", "args": {"expression": f"{n} + 1"}} for n in (1, 2)
    ]
    (tmp_path / "plan.json").write_text(json.dumps({"tasks": [sums[0], sums[1] | {"after": ["t1"]}]}))
    ran = orchestrate("ask", "Both sums", "--plan", str(tmp_path / "plan.json"), "--budget", '{"tool_calls": 1}')
    assert ran.code == 4
    assert "1 + 1 = 2 [1]" in ran.out
    assert "Sum 2: failed: the budget of tool calls is used up" in ran.out
    assert ran.err.count("plan:") == 1


@pytest.mark.parametrize(("name", "content"), [("a.pdf", b"%PDF-1.4 broken"), ("a.txt", b"")])
def test_documents_that_cannot_be_read_say_why(orchestrate, tmp_path, name, content) -> None:
    (tmp_path / name).write_bytes(content)
    ran = orchestrate("ask", "What is in it?", "--docs", str(tmp_path / name))
    assert ran.code == 2
    assert f"no document could be read: {tmp_path / name} is " in ran.err


def test_what_cannot_be_done_is_said_whole(orchestrate) -> None:
    ran = orchestrate("ask", "Translate 'hello' into French")
    assert "Set OPENAI_API_KEY or OPENAI_BASE_URL to use a model that writes." in ran.out
    assert "What is missing" not in ran.out


def test_without_graphviz_a_picture_is_refused_with_a_way_out(orchestrate, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ran = orchestrate("graph", "--svg", str(tmp_path / "g.svg"))
    assert ran.code == 1
    assert "--mermaid" in ran.err


PAY = """from tools.registry import tool

@tool(risk="irreversible")
def pay(to: str, amount: float) -> str:
    'Pay.'
    return f"paid {to} {amount:g}"
"""


@pytest.mark.parametrize(
    ("edited", "says"),
    [
        ('{"amount"', "--edit: it is no JSON object: Expecting"),
        ("amount=7", 'as in --edit \'{"to": "ann"}\''),
        ("[7]", "no JSON object, as {...} is"),
        ("{}", "nothing is edited"),
        ('{"amount": 5, "to": "ann"}', "nothing is edited"),
        ('{"sum": 7}', "there is no argument sum to edit"),
        ("@/nope.json", "/nope.json can't be read: No such file"),
        ('{"amount": "lots"}', "amount: 'lots' is not of type 'number'\n"),
        ('{"amount": 1e999}', "inf is no number of JSON"),
        ('{"amount": 100000000000000000000}', "an integer of more than 64 bits"),
    ],
)
def test_an_edit_that_does_not_fit_says_what_to_do_and_leaves_the_question(
    orchestrate, tmp_path, monkeypatch, edited, says
) -> None:
    (tmp_path / "own.py").write_text(PAY)
    monkeypatch.setenv("ORCHESTRATE_TOOLS", str(tmp_path / "own.py"))
    plan = tmp_path / "pay.json"
    plan.write_text(json.dumps([{"id": "t1", "tool": "pay", "args": {"to": "ann", "amount": 5}}]))
    assert orchestrate("ask", "Pay her", "--plan", str(plan), "--thread", "pay").code == 3
    ran = orchestrate("approve", "pay", "--edit", edited)
    assert ran.code == 2
    assert says in ran.err
    assert "decisions" not in ran.err
    assert "paid ann 7" in orchestrate("approve", "pay", "--edit", '{"amount": 7}').out


def test_doctor_finds_what_is_wrong_and_keeps_secrets(orchestrate, home, monkeypatch) -> None:
    home.mkdir()
    (home / "orchestrate.sqlite").write_bytes(b"this is no database at all" * 100)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    monkeypatch.setenv("ORCHESTRATE_POLICY", "nope")
    monkeypatch.setenv("ORCHESTRATE_SMTP_URL", "smtp://user:hidden@127.0.0.1:9")
    ran = orchestrate("doctor", "--json")
    assert ran.code == 1
    checks = {check["name"]: check for check in json.loads(ran.out)}
    for name in ("threads", "brain", "policy", "mail"):
        assert checks[name]["state"] == "problem", checks[name]
        assert checks[name]["advice"]
    assert "secret" not in ran.out
    assert "hidden" not in ran.out


@pytest.mark.parametrize(
    ("variable", "tool", "check", "value", "is_usable"),
    [
        ("ORCHESTRATE_DB", "query_database", "database", "sqlite:///~/sales.sqlite", True),
        ("ORCHESTRATE_DB", "query_database", "database", "sqlite:///~/empty.sqlite", False),
        ("ORCHESTRATE_DB", "query_database", "database", "sqlite:///~/none.sqlite", False),
        ("ORCHESTRATE_DB", "query_database", "database", "sqlite://", False),
        ("ORCHESTRATE_DB", "query_database", "database", "mysql://user:hidden@127.0.0.1/sales", False),
        ("ORCHESTRATE_DB", "query_database", "database", "postgresql://user:hidden@127.0.0.1:9/sales", False),
        ("ORCHESTRATE_DB", "query_database", "database", "postgresql://user:hidden@127.0.0.1:port/sales", False),
        ("ORCHESTRATE_SMTP_URL", "send_email", "mail", "127.0.0.1:25", False),
        ("ORCHESTRATE_SMTP_URL", "send_email", "mail", "smtp://127.0.0.1:0", False),
        ("ORCHESTRATE_SMTP_URL", "send_email", "mail", "smtp://user:hidden@127.0.0.1:port", False),
    ],
)
def test_doctor_says_what_the_tool_says(
    orchestrate, tmp_path, monkeypatch, variable, tool, check, value, is_usable
) -> None:
    for file, statement in (("sales", "CREATE TABLE sales (price)"), ("empty", "VACUUM")):
        with closing(sqlite3.connect(tmp_path / f"{file}.sqlite")) as connection:
            connection.execute(statement)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(variable, value)
    (spec,) = [one for one in json.loads(orchestrate("tools", "--json").out) if one["name"] == tool]
    ran = orchestrate("doctor", "--json")
    (found,) = [one for one in json.loads(ran.out) if one["name"] == check]
    assert (spec["available"], found["state"]) == ((True, "ok") if is_usable else (False, "problem"))
    assert is_usable or found["found"] == spec["unavailable"]
    assert "hidden" not in ran.out


@pytest.mark.parametrize(
    ("source", "state", "found"),
    [
        ("from tools.registry import tool\n\n@tool\ndef ring(): 'Ring.'\n", "ok", "own.py: ring"),
        (None, "problem", "there is no file"),
        ("raise RuntimeError('no stock')\n", "problem", "RuntimeError: no stock"),
        ("x = 1\n", "problem", "mark functions with @tool"),
    ],
)
def test_doctor_loads_your_own_tools(orchestrate, tmp_path, monkeypatch, source, state, found) -> None:
    if source is not None:
        (tmp_path / "own.py").write_text(source)
    monkeypatch.setenv("ORCHESTRATE_TOOLS", str(tmp_path / "own.py"))
    (check,) = [one for one in json.loads(orchestrate("doctor", "--json").out) if one["name"] == "own tools"]
    assert check["state"] == state
    assert found in check["found"]
    assert (check["advice"] != "") == (state == "problem")


@pytest.mark.parametrize(
    ("place", "found"), [("{file}", "is no directory"), ("{file}/below", "is no directory"), ("/proc/home", "can't be")]
)
def test_doctor_tries_whether_anything_can_be_kept(orchestrate, tmp_path, monkeypatch, place, found) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ORCHESTRATE_HOME", place.format(file=tmp_path / "file"))
    checks = {check["name"]: check for check in json.loads(orchestrate("doctor", "--json").out)}
    for name in ("home", "threads"):
        assert checks[name]["state"] == "problem"
        assert found in checks[name]["found"]
        assert "ORCHESTRATE_HOME" in checks[name]["advice"]


def test_doctor_tries_the_port_that_mail_is_sent_by(orchestrate, monkeypatch) -> None:
    tried = []

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        tried.append(address)
        return socket.socket()

    monkeypatch.setattr(socket, "create_connection", connect)
    for url in ("smtp://mail.example", "smtps://mail.example", "smtp://mail.example:2525"):
        monkeypatch.setenv("ORCHESTRATE_SMTP_URL", url)
        settings.cache_clear()
        orchestrate("doctor")
    assert tried == [("mail.example", 587), ("mail.example", 465), ("mail.example", 2525)]


def test_values_that_cannot_be_used_are_usage_errors(orchestrate) -> None:
    for arguments, says in (
        (["--policy", "nope"], "no policy 'nope'"),
        (["--brain", "chat"], "needs a model"),
        (["--db", "sqlite:///nope.sqlite"], "nope.sqlite"),
        (["--db", "sales"], "no URL"),
    ):
        ran = orchestrate("ask", "x", *arguments)
        assert ran.code == 2, (arguments, ran.err)
        assert says in ran.err
    ran = orchestrate("ask", "a" * 1_000_000)
    assert ran.code == 2
    assert "the limit is" in ran.err
