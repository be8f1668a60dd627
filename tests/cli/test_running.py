"""The command as a process of its own, over a scripted run: on a terminal, in a pipe, and stopped."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import shlex
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("scripted_command.py")
COMMAND = shlex.join([sys.executable, str(SCRIPT)])
LONGEST = 240
"""Seconds until the command is given up."""
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def piped(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command with pipes."""
    command = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=LONGEST, env=os.environ | environment, stdin=subprocess.DEVNULL
    )


def on_terminal(
    *arguments: str,
    replies: list[tuple[str, str]] | None = None,
    stop_at: str = "",
    columns: int = 100,
    script: tuple[str, ...] = (str(SCRIPT),),
    **environment: str,
) -> tuple[str, int]:
    """Run the command on a terminal, and press Ctrl-C where it says `stop_at`; what it wrote, and its exit code."""
    terminal, its_end = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, *script, *arguments],
        stdin=its_end, stdout=its_end, stderr=its_end, start_new_session=True,
        env=os.environ | {"TERM": "xterm-256color", "COLUMNS": str(columns), "LINES": "30"} | environment,
    )  # fmt: skip
    os.close(its_end)
    replies, written, read, stopped = list(replies or []), b"", 0, False
    deadline = time.monotonic() + LONGEST
    while time.monotonic() < deadline:
        ready, _, _ = select.select([terminal], [], [], 0.2)
        if not ready:
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        if not piece:
            break
        written += piece
        text = written.decode(errors="replace")
        if replies and replies[0][0] in text[read:]:
            read = len(text)
            os.write(terminal, f"{replies.pop(0)[1]}\n".encode())
        if stop_at and not stopped and stop_at in text:
            stopped = True
            process.send_signal(signal.SIGINT)
    else:
        process.kill()
    code = process.wait()
    os.close(terminal)
    return written.decode(errors="replace"), code


def test_in_a_pipe_there_are_no_control_codes_and_progress_is_on_stderr() -> None:
    ran = piped("ask", "how old")
    assert ran.returncode == 0
    assert "\x1b" not in ran.stdout + ran.stderr
    assert "\u202e" not in ran.stdout
    assert "[bold]not bold[/bold]" in ran.stdout
    assert "[1] “the Age of thirty Years” — constitution.txt, line 12" in ran.stdout
    assert "t1  done" in ran.stderr
    assert "t1  done" not in ran.stdout
    assert re.search(
        r"1\.5 s · 0 model calls · 2 tool calls · 0 tokens · \$0 · reflex · thread [0-9a-f]{12}", ran.stdout
    )
    assert "orchestrate chat --thread" in ran.stdout


def test_quiet_is_the_answer_alone() -> None:
    ran = piped("ask", "how old", "--quiet")
    assert ran.stdout.startswith("thirty years [1]")
    assert "thread" not in ran.stdout
    assert ran.stderr == ""


def test_json_is_one_document_and_nothing_else() -> None:
    ran = piped("ask", "how old", "--json", "--thread", "mine")
    assert ran.returncode == 0
    assert ran.stderr == ""
    document = json.loads(ran.stdout)
    assert document["thread_id"] == "mine"
    assert document["stop_reason"] == "answered"
    assert document["citations"][0]["quote"] == "the Age of thirty Years"
    assert document["results"]["t1"]["status"] == "done"
    assert document["waiting"] == []
    assert not set(ran.stdout) & set("\x1b\x07\u202e")
    assert "\x1b]0;owned" in document["answer"]


def test_in_a_pipe_a_question_is_printed_with_the_commands_that_answer_it() -> None:
    ran = piped("ask", "mail it", "--thread", "mine")
    assert ran.returncode == 3
    assert "t2 send_email asks for approval" in ran.stdout
    assert "body = thirty years" in ran.stdout
    assert "UNTRUSTED: t1 (search_documents)" in ran.stdout
    assert "orchestrate approve mine --id 0123abcd --approve" in ran.stdout
    assert "\x1b" not in ran.stdout


def test_a_thread_id_is_told_as_it_is_to_be_typed() -> None:
    ran = piped("ask", "mail it", "--thread", "ann's mail")
    assert "orchestrate approve 'ann'\"'\"'s mail' --id 0123abcd --approve" in ran.stdout
    assert (
        "orchestrate chat --thread 'my own'   details: orchestrate report 'my own'"
        in piped("ask", "how old", "--thread", "my own").stdout
    )


def test_a_waiting_run_as_json() -> None:
    ran = piped("ask", "mail it", "--json")
    assert ran.returncode == 3
    (waiting,) = json.loads(ran.stdout)["waiting"]
    assert waiting["request"]["action_requests"][0]["name"] == "send_email"


def test_on_a_terminal_the_plan_is_live_and_hostile_text_harmless() -> None:
    written, code = on_terminal("ask", "how old", PACE="0.12")
    assert code == 0
    assert "\x1b[?25l" in written  # it was live
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")  # and gave the cursor back
    assert "\x1b]0;" not in written
    assert "\u202e" not in written
    text = ESCAPES.sub("", written)
    assert "✓  t1  Age of a senator" in text
    assert "✗  t2" in text
    assert "[red]no" in text
    assert "[1] “the Age of thirty Years” — constitution.txt, line 12" in text
    assert "Understanding the goal" in text


def test_no_color_is_honoured() -> None:
    written, code = on_terminal("ask", "how old", NO_COLOR="1")
    assert code == 0
    assert not re.search(r"\x1b\[(?:[0-9]+;)*(?:3[0-7]|38|9[0-7])(?:;[0-9]+)*m", written)


def test_a_dumb_terminal_gets_lines() -> None:
    written, code = on_terminal("ask", "how old", TERM="dumb")
    assert code == 0
    assert "\x1b" not in written
    assert "t1  done" in written


def test_on_a_terminal_the_person_is_asked_and_the_run_goes_on() -> None:
    written, code = on_terminal("ask", "mail it", replies=[("(l)ater > ", "r"), ("why (optional) > ", "too rude")])
    text = ESCAPES.sub("", written)
    assert code == 0
    assert "untrusted: t1 (search_documents)" in text
    assert "{'0123abcd': {'decisions': [{'type': 'reject', 'message': 'too rude'}]}}" in " ".join(text.split())


def test_putting_a_question_off_exits_3() -> None:
    written, code = on_terminal("ask", "mail it", "--thread", "mine", replies=[("(l)ater > ", "l")])
    assert code == 3
    assert "orchestrate approve mine" in written


@pytest.mark.parametrize(
    ("words", "answer"), [("yes", "'type': 'approve'"), ("no", "'message': 'rude'"), ("reject", "'message': 'rude'")]
)
def test_a_question_takes_the_words_people_type(words: str, answer: str) -> None:
    written, code = on_terminal("ask", "mail it", replies=[("(l)ater > ", words), ("why (optional) > ", "rude")])
    assert code == 0
    assert answer in " ".join(ESCAPES.sub("", written).split())


def test_quit_puts_a_question_off() -> None:
    written, code = on_terminal("ask", "mail it", replies=[("(l)ater > ", "perhaps"), ("(l)ater > ", "/quit")])
    assert code == 3
    assert "this is open; type one of: a, e, r, p, l" in ESCAPES.sub("", written)


def test_editing_asks_for_each_argument() -> None:
    replies = [("(l)ater > ", "e"), ("to [board@example.org] > ", "me@example.org"), ("body [", "")]
    written, code = on_terminal("ask", "mail it", replies=replies)
    assert code == 0
    assert "'to': 'me@example.org'" in " ".join(ESCAPES.sub("", written).split())


TOOL = """from tools.registry import tool

@tool(risk="irreversible")
def pay(to: str, amount: float) -> str:
    \"\"\"Pay.\"\"\"
    return f"paid {to} {amount:g}"
"""


def test_an_answer_that_does_not_fit_is_told_and_asked_for_again(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(TOOL)
    plan = {"tasks": [{"id": "t1", "tool": "pay", "args": {"to": "ann", "amount": 5}}]}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    real = ("-c", "import sys; from cli.main import run; sys.exit(run())")
    where = {"ORCHESTRATE_TOOLS": str(tmp_path / "own.py"), "PYTHONPATH": str(Path(__file__).parents[2])}
    written, code = on_terminal(
        "ask", "Pay her", "--plan", str(tmp_path / "plan.json"), "--thread", "pay",
        replies=[("(l)ater > ", "l")], script=real, **where,
    )  # fmt: skip
    assert code == 3
    replies = [("(l)ater > ", "e"), ("to [ann] > ", ""), ("amount [5] > ", '"lots"'), ("(l)ater > ", "a")]
    written, code = on_terminal("approve", "pay", replies=replies, script=real, **where)
    text = " ".join(ESCAPES.sub("", written).split())
    assert "'lots' is not of type 'number'" in text
    assert "paid ann 5" in text
    assert code == 0


@pytest.mark.parametrize("goal", ["how old", "hang"])
def test_ctrl_c_ends_what_would_go_on_for_long_and_says_how_to_go_on(goal) -> None:
    written, code = on_terminal("ask", goal, "--thread", "mine", stop_at="Understanding", PACE="3600")
    assert code == 130
    assert "orchestrate resume mine" in written
    assert "Traceback" not in written
    assert "\x1b[?25h" in written


@pytest.mark.parametrize(
    "words",
    [["ask", "how old", "--json"], ["ask", "how old", "--quiet"], ["--help"], ["tools"]],
    ids=lambda words: words[-1],
)
def test_a_reader_that_leaves_is_no_error(words: list[str]) -> None:
    end, beginning = os.pipe()
    os.close(end)
    command = [sys.executable, str(SCRIPT), *words]
    done = subprocess.run(command, stdout=beginning, stderr=subprocess.PIPE, text=True, timeout=LONGEST)
    os.close(beginning)
    assert (done.returncode, done.stderr.count("error"), done.stderr.count("Traceback")) == (0, 0, 0)


def test_ctrl_c_while_the_command_is_loaded_leaves_no_trace() -> None:
    code = (
        "import builtins, sys\n"
        "real = builtins.__import__\n"
        "def stopping(name, *args, **kwargs):\n"
        "    if name == 'cli.main': raise KeyboardInterrupt\n"
        "    return real(name, *args, **kwargs)\n"
        "builtins.__import__ = stopping\n"
        "from cli.entry import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=LONGEST)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_a_closed_stream_is_no_error(closed: str) -> None:
    done = subprocess.run(["bash", "-c", f"{COMMAND} ask 'how old' {closed}"], capture_output=True, timeout=LONGEST)
    assert done.returncode == 0
    assert b"error" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
@pytest.mark.parametrize("words", ["ask 'how old' --thread mine", "ask 'how old' --thread mine --json", "--help"])
def test_output_that_cannot_be_written_is_told_once_and_plainly(words: str) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{COMMAND} {words} > /dev/full"], capture_output=True, text=True, timeout=LONGEST
    )
    assert done.returncode == 1
    assert "the output couldn't be written: No space left on device" in done.stderr
    assert "THREAD" not in done.stderr
    assert "Traceback" not in done.stderr
    assert ("orchestrate threads show mine" in done.stderr) == ("mine" in words)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
def test_progress_that_cannot_be_written_does_not_cost_the_answer() -> None:
    done = subprocess.run(
        ["bash", "-c", f"{COMMAND} ask 'how old' 2> /dev/full"],
        capture_output=True,
        text=True,
        timeout=LONGEST,
    )
    assert done.returncode == 0
    assert "thirty years" in done.stdout


def typed(lines: str) -> subprocess.CompletedProcess[str]:
    """A conversation in a pipe, which ends with these lines."""
    command = [sys.executable, str(SCRIPT), "chat"]
    return subprocess.run(command, input=lines, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("lines", "answer"),
    [
        ("yes", "'type': 'approve'"),
        ("Y", "'type': 'approve'"),
        ("approve", "'type': 'approve'"),
        ("perhaps\n/threads\nyes", "'type': 'approve'"),
        ("no", "'type': 'reject', 'message': ''"),
        ("n\ntoo long", "'message': 'too long'"),
        ("reject\ntoo long", "'message': 'too long'"),
        ("e\nme@example.org\n", "'to': 'me@example.org'"),
    ],
)
def test_a_question_in_a_conversation_takes_the_words_people_type(lines: str, answer: str) -> None:
    done = typed(f"mail it\n{lines}\n")
    assert answer in " ".join(done.stdout.split())
    assert (done.returncode, done.stderr.count("error")) == (0, 0)


@pytest.mark.parametrize("lines", ["", "perhaps\n", "/quit\n", "e\n", "e\n/quit\n", "r\n/quit\n", "l\n/quit\n"])
def test_a_conversation_may_be_left_at_a_question(lines: str) -> None:
    done = typed(f"mail it\n{lines}")
    assert "still open; go on with: orchestrate chat --thread" in done.stdout
    assert (done.returncode, done.stderr.count("error")) == (3, 0)


def test_at_a_question_another_thread_can_be_begun() -> None:
    done = typed("mail it\n/new\nhow old\n")
    assert "thirty years" in done.stdout.partition("(l)ater")[2]
    assert done.returncode == 0


@pytest.mark.parametrize("lines", ["", "/quit\n", "/help\n"])
def test_a_conversation_without_a_goal_leaves_nothing_to_go_on_with(lines: str) -> None:
    done = typed(lines)
    assert "go on with" not in done.stdout
    assert done.returncode == 0


def test_a_conversation_takes_answers_commands_and_goals() -> None:
    replies = [
        ("> ", "mail it"),
        ("(l)ater", "a"),
        ("1.5 s", "/plan"),
        ("president", "how old"),
        ("1.5 s", "/new"),
        ("thread ", "/quit"),
    ]
    written, code = on_terminal("chat", replies=replies)
    text = ESCAPES.sub("", written)
    assert code == 0
    assert "'type': 'approve'" in text
    assert "orchestrate chat --thread" in text
