"""`orchestrate events` as a person meets it, and the monitoring example as it stands."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "examples/monitoring"


def orchestrate(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        cwd=os.environ["ORCHESTRATE_FILES"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@contextmanager
def running(config: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "events", "run", str(config)],
        cwd=os.environ["ORCHESTRATE_FILES"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def heard(process: subprocess.Popen[str], what: str) -> str:
    """The line that has `what` in it; fails if the process ends before."""
    assert process.stderr is not None
    for line in process.stderr:
        if what in line:
            return line
    raise AssertionError(f"it ended before it said '{what}'")


@pytest.fixture
def monitoring(place: Path) -> Path:
    shutil.copytree(MONITORING, place, dirs_exist_ok=True)
    return place


@pytest.mark.slow
def test_the_monitoring_example_finds_asks_and_then_writes(monitoring: Path) -> None:
    assert orchestrate("events", "check", "events.toml").returncode == 0
    with running(monitoring / "events.toml") as process:
        assert "logs, morning" in heard(process, "taking in events")
        with (monitoring / "logs/shop.log").open("a") as log:
            log.write("2026-11-23T07:01:00Z INFO order 1042 paid\n")
            log.write("2026-11-23T07:01:03Z ERROR writer: no space left on device /var/log\n")
        thread = heard(process, "parked").split()[-1]
        assert not (monitoring / "incidents").exists()
        listed = json.loads(orchestrate("events", "list", "--json").stdout)
        assert [(entry["status"], entry["thread_id"]) for entry in listed] == [("parked", thread)]
        approved = orchestrate("approve", thread, "--approve")
        assert approved.returncode == 0, approved.stderr
        (report,) = (monitoring / "incidents").iterdir()
        written = report.read_text()
        assert "4: 2026-11-23T07:01:03Z ERROR writer: no space left on device" in written
        assert "remove rotated logs older than 14 days" in written
        assert "order 1042" not in written
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert "done" in orchestrate("events", "list").stdout


def test_what_a_service_passes_over_is_said(place: Path) -> None:
    text = '[sources.a]\ntype = "files"\npaths = "."\ngoal = "x"\nkey = "{{event.data.lines}}"\npattern = "*.log"\n'
    (place / "events.toml").write_text(text)
    with running(place / "events.toml") as process:
        heard(process, "taking in events")
        (place / "new.log").touch()
        assert "new.log is passed over: The event has no key" in heard(process, "files a")


@pytest.mark.slow
def test_one_service_works_on_a_queue(monitoring: Path) -> None:
    with running(monitoring / "events.toml") as process:
        heard(process, "taking in events")
        second = orchestrate("events", "run", "events.toml")
        assert second.returncode == 1
        assert "another `orchestrate events run` works on" in second.stderr
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


def test_dead_events_are_listed_and_replayed(place: Path) -> None:
    assert "there are no such events" in orchestrate("events", "dead").stdout
    assert "nothing was given up" in orchestrate("events", "replay", "--all").stdout
    wrong = orchestrate("events", "replay", "x")
    assert (wrong.returncode, "given up were not: x" in wrong.stderr) == (1, True)
    assert orchestrate("events", "replay").returncode == 2
    assert "there is no status 'lost'" in orchestrate("events", "list", "--status", "lost").stderr


def test_an_event_can_be_handed_in_by_hand(monitoring: Path) -> None:
    data = '{"path": "logs/shop.log", "lines": [{"number": 1, "text": "ERROR no space left"}], "text": "1: ERROR"}'
    sent = orchestrate("events", "send", "events.toml", "logs", "--id", "e1", "--data", data)
    assert sent.stdout.startswith("accepted: its run is the thread logs-")
    again = orchestrate("events", "send", "events.toml", "logs", "--id", "e1", "--data", data)
    assert again.stdout.startswith("duplicate")
    assert orchestrate("events", "send", "events.toml", "other").returncode == 2
    assert orchestrate("events", "send", "events.toml", "logs", "--data", "{").returncode == 2
    (entry,) = json.loads(orchestrate("events", "list", "--json", "--status", "queued").stdout)
    assert entry["event"]["key"] == "logs/shop.log"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sources = 3", "sources: "),
        ("[sources.a]\ngoal = 'x'", "sources.a: it needs a `type`: schedule, webhook, files or chat"),
        ("[sources.a]\ntype = 'schedule'\ngoal = 'x'\ncron = 'often'", "sources.a.cron: 'often' is no cron expression"),
        (
            "[sources.a]\ntype = 'schedule'\ngoal = 'x'\ncron = '0 7 * * *'\ntimezone = 'Berlin'",
            "sources.a.timezone: there is no time zone 'Berlin'",
        ),
        (
            "[sources.a]\ntype = 'files'\npaths = '.'\ngoal = 'Look at {{page.text}}'",
            "sources.a.goal: '{{page.text}}' must refer to the event",
        ),
        ("[sources.a]\ntype = 'files'\npaths = '.'\ngoal = 'x'\nmatch = '['", "'[' is no regular expression"),
        ("[sources.a]\ntype = 'files'\npaths = '.'\ngoal = 'x'\nmuch = 1", "sources.a.much: Extra inputs"),
        ("[sources.'a b']\ntype = 'files'\npaths = '.'\ngoal = 'x'", "'a b' is no name for a source"),
        (
            "[sources.a]\ntype = 'webhook'\nsecret_env = 'NOT_SET'\ngoal = 'x'",
            "the environment variable NOT_SET is not set",
        ),
        ("[sources.a]\ntype = 'files'\npaths = '.'\ngoal = 'x'\nplan = 'none.json'", "none.json can't be read"),
        (
            "[sources.a]\ntype='files'\npaths='.'\ngoal='x'\n[[sources.a.tasks]]\nid='t'\ntool='fly'",
            "there is no tool 'fly'",
        ),
        ("not toml", "is no TOML"),
    ],
)
def test_a_wrong_file_is_told_where_it_is_wrong(place: Path, orchestrate_here: Any, text: str, told: str) -> None:
    (place / "events.toml").write_text(text)
    code, err = orchestrate_here("events", "check", str(place / "events.toml"))
    assert code in (1, 2)
    assert told in err


@pytest.fixture
def orchestrate_here(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    from cli.main import run

    def call(*arguments: str) -> tuple[Any, str]:
        monkeypatch.setattr(sys, "argv", ["orchestrate", *arguments])
        try:
            code: Any = run()
        except SystemExit as end:
            code = end.code
        return code, capsys.readouterr().err

    return call


@pytest.mark.parametrize("command", [[], ["run"], ["check"], ["send"], ["list"], ["dead"], ["replay"]], ids=" ".join)
def test_every_command_explains_itself_by_example(
    command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from cli.main import run

    monkeypatch.setattr(sys, "argv", ["orchestrate", "events", *command, "--help"])
    with pytest.raises(SystemExit):
        run()
    assert " ".join(["orchestrate", "events", *command]) in capsys.readouterr().out.partition("Example")[2]
