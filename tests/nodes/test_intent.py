from __future__ import annotations

from typing import Any, cast

import pytest
from langgraph.runtime import Runtime

from memory.journal import Journal
from nodes.intent import intent
from nodes.kit import Kit
from state.budget import Budget
from state.context import RunContext
from state.plan import Plan, Task
from state.policy import Policy
from state.run import fresh_run
from tests.nodes.brains import ScriptedBrain
from tools.registry import Toolbox


@pytest.mark.parametrize("broken", [{"when": "t1 ="}, {"until": "round ="}, {"args": {"x": "{{t1.}}"}}])
async def test_a_plan_that_cannot_be_read_is_left_for_its_check(broken: dict[str, Any]) -> None:
    plan = Plan(tasks=[Task(id="t1", tool="echo"), Task.model_validate({"id": "w", "tool": "echo", **broken})])
    kit = Kit(brain=cast(Any, ScriptedBrain("unused")), tools=Toolbox(), policy=Policy(), journal=cast(Journal, None))
    state = fresh_run("Run the plan", plan=plan, budget=Budget(), run_key="k", started=1.0)
    assert (await intent(kit)(state, Runtime(context=RunContext())))["intent"].kind == "action"
