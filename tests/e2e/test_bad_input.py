"""What nobody should give the command, and somebody will: a clear sentence, the right exit code, in bounded time."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import CONSTITUTION, LONGEST, ROOT, Ended, is_grounded
from tests.privileges import without_privileges

TEXTS = {CONSTITUTION.name: CONSTITUTION.read_text("utf-8")}
QUESTION = "How old must a senator be?"


@pytest.mark.parametrize("goal", ["", "   ", "\n\t"])
def test_an_empty_goal_is_a_usage_error(orchestrate, goal) -> None:
    ended = orchestrate("ask", goal)
    assert ended.code == 2
    assert "the goal is empty" in ended.err


def test_a_goal_of_a_megabyte_is_refused_with_the_limit(orchestrate) -> None:
    ended = orchestrate("ask", "-", stdin=b"why? " * 200_000)
    assert ended.code == 2
    assert "the limit is" in ended.err
    assert len(ended.err) < 2000


@pytest.mark.parametrize(
    "goal",
    [
        random.Random(7).randbytes(4000),
        b"\x00" * 40,
        b"How old must a senator\x00 be?",
        "How old must a senator be? Сколько лет 参议员多大 كم عمر \u202e\u2066🎉 \x1b[31m".encode(),
        b"\xff\xfe\xfa \xc3\x28",
        "\ud800\udfff lone".encode("utf-8", "surrogatepass"),
        b"?" * 500,
        b"{{t1}} {% raw %} ${HOME} `id` $(id) '; DROP TABLE checkpoints; --",
    ],
    ids=["binary", "NUL alone", "NUL inside", "mixed scripts", "no UTF-8", "surrogates", "marks", "templates"],
)
def test_goals_that_are_no_text_are_answered_or_refused(orchestrate, goal) -> None:
    ended = orchestrate("ask", "-", "--docs", CONSTITUTION, "--json", stdin=goal)
    assert ended.code in (0, 2, 4), ended.err
    if ended.code == 2:
        assert ended.json["error"]["message"]
    else:
        is_grounded(ended.json, texts=TEXTS)
    assert "\x00" not in ended.out
    assert "\x1b" not in ended.out + ended.err


def test_an_argument_that_is_no_text_is_no_crash(orchestrate) -> None:
    ended = orchestrate("ask", b"\xff\xfe how old must a senator be?", "--docs", CONSTITUTION)
    assert ended.code in (0, 2, 4), ended.err


def test_a_folder_without_documents_is_told_as_such(orchestrate, tmp_path: Path) -> None:
    folder = tmp_path / "nothing"
    folder.mkdir()
    ended = orchestrate("ask", QUESTION, "--docs", folder)
    assert ended.code != 0
    assert "no documents in" in ended.err + ended.out
    (folder / "a.bin").write_bytes(bytes(range(256)) * 100)
    ended = orchestrate("ask", QUESTION, "--docs", folder)
    assert ended.code != 0
    assert "no documents in" in ended.err + ended.out


def test_a_corrupt_pdf_never_stops_the_others(orchestrate, tmp_path: Path) -> None:
    (tmp_path / "broken.pdf").write_bytes(b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>" + os.urandom(5000))
    (tmp_path / "empty.pdf").touch()
    alone = orchestrate("ask", QUESTION, "--docs", tmp_path)
    assert alone.code in (1, 2, 4)
    assert "broken.pdf" in orchestrate("index", tmp_path).err + orchestrate("index", tmp_path).out
    shutil.copy(CONSTITUTION, tmp_path)
    beside = orchestrate("ask", QUESTION, "--docs", tmp_path, "--json")
    assert beside.code == 0, beside.err
    is_grounded(beside.json, texts=TEXTS)


def test_a_damaged_database_is_named_and_kept(orchestrate, home: Path) -> None:
    home.mkdir(mode=0o700)
    database = home / "orchestrate.sqlite"
    damaged = b"this was a database once " * 1000
    database.write_bytes(damaged)
    ended = orchestrate("ask", QUESTION, "--docs", CONSTITUTION, "--json")
    assert ended.code == 1
    assert "damaged" in ended.json["error"]["message"] or "not a database" in ended.json["error"]["message"]
    assert database.read_bytes() == damaged


def test_a_locked_database_is_waited_for_and_then_told(orchestrate, home: Path) -> None:
    orchestrate("ask", "What is 2 + 3?")
    connection = sqlite3.connect(home / "orchestrate.sqlite", isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        ended = orchestrate("ask", "What is 2 + 3?")
    finally:
        connection.rollback()
        connection.close()
    assert ended.code == 1
    assert "locked" in ended.err
    assert orchestrate("ask", "What is 2 + 3?").code == 0


def call_with(prefix: list[str], home: Path, *arguments: str) -> Ended:
    """Call the command below another one that takes something away from it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ORCHESTRATE_HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [*prefix, sys.executable, "-m", "cli.main", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=LONGEST, check=False)
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    assert "internal error" not in done.stderr + done.stdout, done.stderr
    return Ended(done.returncode, done.stdout, done.stderr)


def test_without_permission_to_write_it_says_where(home: Path) -> None:
    home.mkdir(mode=0o500)
    ended = call_with(without_privileges(), home, "ask", QUESTION, "--docs", str(CONSTITUTION))
    assert ended.code == 1, ended.err
    assert str(home) in ended.err
    assert "ORCHESTRATE_HOME" in ended.err or "permission" in ended.err


@pytest.mark.parametrize("kilobytes", [0, 4, 60, 200])
def test_a_file_that_may_not_grow_is_told(home: Path, kilobytes: int) -> None:
    limited = ["bash", "-c", f'ulimit -f {kilobytes}; exec "$@"', "bash"]
    ended = call_with(limited, home, "ask", QUESTION, "--docs", str(CONSTITUTION))
    assert ended.code in (0, 1, 2, 4), ended.err
    if ended.code in (1, 2):
        assert ended.err.count("error: ") == 1
        assert "disk" in ended.err or "written" in ended.err or "large" in ended.err


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 96 KB."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96k,mode=700", "tmpfs", place], check=False) if (
        os.geteuid() == 0 and shutil.which("mount")
    ) else None  # fmt: skip
    if made is None or made.returncode:
        pytest.skip("needs the right to mount")
    yield place
    subprocess.run(["umount", "-l", place], check=False)


def test_a_full_disk_is_told_and_the_run_goes_on_once_there_is_room(small_disk: Path) -> None:
    def ask(*arguments: str) -> Ended:
        return call_with([], small_disk, *arguments)

    ended = ask("ask", "What is 2 + 3?", "--thread", "t")
    filler = small_disk / "filler"
    if ended.code == 0:
        filler.write_bytes(b"x" * 1024)
        ended = ask("ask", QUESTION, "--thread", "t", "--docs", str(CONSTITUTION))
    assert ended.code in (1, 4), ended.out
    assert "disk" in ended.err + ended.out or "full" in ended.err + ended.out, ended.err + ended.out
    filler.unlink(missing_ok=True)
    subprocess.run(["mount", "-o", "remount,size=20m", small_disk], check=True)
    again = ask("ask", QUESTION, "--thread", "t2", "--docs", str(CONSTITUTION))
    assert again.code == 0, again.err
    assert "thirty Years" in again.out


def test_without_a_network_the_web_tools_say_so(home: Path, tmp_path: Path) -> None:
    alone = ["unshare", "-r", "-n"]
    if (
        shutil.which("unshare") is None
        or subprocess.run([*alone, sys.executable, "-c", ""], check=False, capture_output=True).returncode
    ):
        pytest.skip("needs network namespaces")
    plan = tmp_path / "plan.json"
    plan.write_text(
        '[{"id": "t1", "tool": "search_web", "args": {"query": "age of a senator"}},'
        ' {"id": "t2", "tool": "fetch_page", "args": {"url": "https://example.org/"}}]'
    )
    ended = call_with(alone, home, "ask", "look it up", "--plan", str(plan))
    assert ended.code == 1, ended.out
    assert "t1  failed" in ended.err
    assert "t2  failed" in ended.err
    assert "network" in ended.err.lower() or "resolved" in ended.err or "reached" in ended.err, ended.err
    fine = call_with(alone, home, "ask", QUESTION, "--docs", str(CONSTITUTION))
    assert fine.code == 0, fine.err
