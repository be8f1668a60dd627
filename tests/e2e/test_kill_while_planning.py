"""A run killed with -9 while its plan is being written, when tasks of it have already ended."""

from __future__ import annotations

from typing import Any

import pytest

from evals.servers.openai_server import OpenAIServer
from tests.e2e.conftest import CONSTITUTION, start
from tests.planning import SlowPlanner

GOAL = "What is 6 * 7 + 1?"
TASKS = [
    {"id": "t1", "goal": "Read", "tool": "calculate", "args": {"expression": "6 * 7"}},
    {"id": "t2", "goal": "Add", "tool": "calculate", "args": {"expression": "{{t1}} + 1"}},
]


@pytest.mark.slow
def test_it_goes_on_to_the_whole_plan(orchestrate: Any) -> None:
    model = SlowPlanner(GOAL, TASKS, until="t2", answer="It is 43 [2].")
    with OpenAIServer(model) as server:
        chosen = {"OPENAI_BASE_URL": server.url, "PYTHONUNBUFFERED": "1"}
        begun = start("ask", GOAL, "--docs", CONSTITUTION, "--thread", "t", environment=chosen)
        assert begun.process.stderr is not None
        said = [begun.process.stderr.readline().decode()]
        while said[-1] and not said[-1].startswith("t1  done"):
            said.append(begun.process.stderr.readline().decode())
        begun.process.kill()
        begun.process.communicate()
        assert said[-1], "the first task didn't end before the plan did"
        model.let_go.set()
        resumed = orchestrate("resume", "t", "--json", environment=chosen)
    assert resumed.code == 0, resumed.out + resumed.err
    values = {name: result["value"] for name, result in resumed.json["results"].items()}
    assert values == {"t1": 42, "t2": 43}
