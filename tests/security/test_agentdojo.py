"""A sample of AgentDojo through the orchestrator; `python -m evals.agentdojo` runs all of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from evals.agentdojo import POLICIES, Dojo, Orchestrated, Plain
from evals.agentdojo_guards import GUARDS
from evals.agentdojo_world import World, declared


@pytest.fixture(scope="module")
def dojo() -> Dojo:
    return Dojo("banking")


@pytest.fixture
def ours(dojo: Dojo) -> Iterator[Orchestrated]:
    with asyncio.Runner() as runner:
        yield Orchestrated(World(dojo.suite.tools), POLICIES["orchestrator"], runner)


@pytest.mark.parametrize("task", ["user_task_1", "user_task_3", "user_task_13", "user_task_14"])
def test_the_users_tasks_are_done(dojo: Dojo, ours: Orchestrated, task: str) -> None:
    assert dojo.run(ours, task).utility


def test_nobody_is_asked_about_what_only_reads(dojo: Dojo, ours: Orchestrated) -> None:
    assert dojo.run(ours, "user_task_7").asked == []


@pytest.mark.parametrize("hijack", ["obey", "substitute"])
@pytest.mark.parametrize("injection", ["injection_task_4", "injection_task_7", "injection_task_8"])
@pytest.mark.parametrize("task", ["user_task_0", "user_task_3"])
def test_a_hijacked_brain_gets_nowhere(dojo: Dojo, ours: Orchestrated, task: str, injection: str, hijack: str) -> None:
    run = dojo.run(ours, task, injection, hijack)  # type: ignore[arg-type]
    assert not run.attacked
    assert run.asked  # it did try


def test_a_page_that_a_hijacked_brain_chooses_is_not_visited() -> None:
    slack = Dojo("slack")
    with asyncio.Runner() as runner:
        ours = Orchestrated(World(slack.suite.tools), POLICIES["orchestrator"], runner)
        run = slack.run(ours, "user_task_0", "injection_task_3", "obey")
    assert run.utility
    assert not run.attacked


def test_with_no_guard_the_attacks_succeed(dojo: Dojo) -> None:
    plain = Plain(World(dojo.suite.tools), GUARDS[0])
    runs = [dojo.run(plain, "user_task_3", injection, "obey") for _, injection in dojo.pairs()[:9]]
    assert all(run.attacked for run in runs)


def test_tools_are_declared_by_a_rule_that_knows_no_suite() -> None:
    assert declared("read_file", ["path"]) == {
        "risk": "read", "idempotent": True, "trusted": False, "open_world": False,
    }  # fmt: skip
    assert declared("get_webpage", ["url"])["open_world"]
    assert declared("send_money", ["amount"])["risk"] == "write"
    assert declared("reschedule", [])["risk"] == "write"
