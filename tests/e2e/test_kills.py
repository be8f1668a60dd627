"""A run killed with -9 at any moment goes on in a new process, to the same answer."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import CONSTITUTION, is_grounded, start

GOAL = "How old must a senator be, how old a president, and what is the difference?"
TEXTS = {CONSTITUTION.name: CONSTITUTION.read_text("utf-8")}


def killed_after(line: str | None, pause: float, thread: str) -> None:
    """Start a run; kill it `pause` seconds after `line` of its progress, or after its start."""
    begun = start("ask", GOAL, "--docs", CONSTITUTION, "--thread", thread, environment={"PYTHONUNBUFFERED": "1"})
    errors = begun.process.stderr
    assert errors is not None
    while line is not None:
        said = errors.readline()
        assert said, "the run ended before it came there"
        if said.decode().startswith(line):
            break
    time.sleep(pause)
    begun.process.kill()
    begun.process.communicate()


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What a run that nobody disturbs answers."""
    home = tmp_path_factory.mktemp("undisturbed")
    ended = start("ask", GOAL, "--docs", CONSTITUTION, "--json", environment={"ORCHESTRATE_HOME": str(home)}).end()
    assert ended.code == 0, ended.err
    found: str = ended.json["answer"]
    return found


@pytest.mark.parametrize("line", ["plan:", "t1  running", "t2  done", "t5  running", "t5  done"])
def test_killed_and_resumed_it_answers_the_same(line, answer, orchestrate) -> None:
    killed_after(line, random.uniform(0, 0.02), "t")
    resumed = orchestrate("resume", "t", "--json")
    assert resumed.code == 0, resumed.out + resumed.err
    assert resumed.json["answer"] == answer
    is_grounded(resumed.json, texts=TEXTS)
    assert orchestrate("resume", "t", "--json").json["answer"] == answer


def test_killed_while_it_starts_it_is_resumed_or_was_never_there(answer, orchestrate, home: Path) -> None:
    for number in range(3):
        thread = f"t{number}"
        killed_after(None, random.uniform(0.2, 3.0), thread)
        resumed = orchestrate("resume", thread, "--json")
        if resumed.code == 1:
            assert f"there is no thread '{thread}'" in resumed.err
        else:
            assert (resumed.code, resumed.json["answer"]) == (0, answer)
