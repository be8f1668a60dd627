from __future__ import annotations

import subprocess
import sys

import pytest

COMMANDS = [
    [], ["ask"], ["chat"], ["resume"], ["approve"], ["threads"], ["threads", "list"], ["threads", "show"],
    ["threads", "history"], ["threads", "fork"], ["threads", "delete"], ["threads", "prune"], ["report"], ["journal"],
    ["audit"], ["index"], ["tools"], ["graph"], ["policy"], ["policy", "check"], ["doctor"],
]  # fmt: skip
HEAVY = ("langgraph", "langchain_core", "langchain_openai", "rich", "sqlalchemy", "httpx", "state.record")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_by_example(orchestrate, command) -> None:
    ran = orchestrate(*command, "--help")
    assert ran.code == 0
    assert "Example" in ran.out
    assert " ".join(["orchestrate", *command]) in ran.out


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['orchestrate', 'ask', '--help']\n"
        "from cli.main import run\n"
        "try: run()\n"
        "except SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")


def test_no_arguments_show_help(orchestrate) -> None:
    ran = orchestrate()
    assert "ask" in ran.out + ran.err
    assert "Look around" in ran.out + ran.err


def test_version(orchestrate) -> None:
    assert orchestrate("--version").out.startswith("orchestrate ")
