"""Review: a person approves the plan, or edits it."""

from __future__ import annotations

import time
from typing import Any

from langgraph.config import get_config
from langgraph.runtime import Runtime
from pydantic import ValidationError

from memory.journal import Decision
from nodes import emit
from nodes.kit import Kit, NodeFunction
from nodes.person import deciding
from state import approval
from state.context import RunContext
from state.plan import AGENT, Plan, check_plan
from state.policy import Policy
from state.run import RunState
from tools.registry import Toolbox


def review(kit: Kit) -> NodeFunction:
    """The step that lets a person see the plan before it runs, where the policy wants that."""

    async def run(state: RunState, runtime: Runtime[RunContext]) -> dict[str, Any]:
        here = await kit.for_run(runtime)
        plan = state.get("plan") or Plan()
        reason = reason_to_review(plan, state, here.policy, here.tools)
        if reason is None:
            return {"approved": True}
        if not here.policy.attended:
            return {"approved": True, "notes": [*(state.get("notes") or []), f"the plan was not reviewed: {reason}"]}
        asked = approval.question(
            "plan",
            name="review_plan",
            args={"plan": plan.to_json()},
            description=f"{state.get('goal', '')}\n{len(plan.tasks)} tasks",
            allowed=["approve", "edit", "reject"],
            reason=reason,
            args_schema={"type": "object", "properties": {"plan": Plan.model_json_schema()}, "required": ["plan"]},
        )
        response = approval.ask_person(asked, check=lambda given: _problem(given.decisions[0], here.tools))
        made = response.decisions[0]
        edited = _edited(made) if made.edited_action else None
        await _record(here, asked, made, response.who)
        if made.type == "reject":
            return {"approved": False, "notes": [*(state.get("notes") or []), f"the plan was rejected: {made.message}"]}
        if edited is not None:
            emit.plan(edited)
            return {"approved": True, "plan": edited, "plan_source": "person"}
        return {"approved": True}

    return run


def reason_to_review(plan: Plan, state: RunState, policy: Policy, tools: Toolbox) -> str | None:
    """Why a person should see the plan; None if it may run as it is. A caller's own plan is theirs already."""
    if state.get("plan_source") in ("caller", "person") or not plan.tasks or policy.plan == "auto":
        return None
    if policy.plan == "always":
        return "every plan is reviewed"
    writes = sorted(name for name in _used(plan) if name in tools and tools[name].risk != "read")
    return f"it does more than read: {', '.join(writes)}" if writes else None


def _used(plan: Plan) -> set[str]:
    """The names of the tools that a plan may use, those that it gives to agents included."""
    used = {name for task in plan.tasks for name in (task.tool, task.fallback) if name}
    for task in plan.tasks:
        given = task.args.get("tools") if AGENT in (task.tool, task.fallback) else None
        used.update(map(str, given if isinstance(given, list) else []))
    return used


def _edited(made: approval.HumanDecision) -> Plan:
    args = made.edited_action.args if made.edited_action else {}
    return Plan.model_validate(args.get("plan", args))


def _problem(made: approval.HumanDecision, tools: Toolbox) -> str | None:
    if made.edited_action is None:
        return None
    try:
        problems = check_plan(_edited(made), tools)
    except ValidationError as error:
        return f"the edited plan can't be read: {error}"
    return "the edited plan can't run: " + "; ".join(map(str, problems)) if problems else None


async def _record(kit: Kit, asked: approval.Question, made: approval.HumanDecision, who: str | None) -> None:
    configurable = get_config().get("configurable", {})
    await kit.journal.record(
        Decision(
            thread_id=str(configurable.get("thread_id", "")),
            task="plan",
            kind="plan",
            who=deciding(configurable, who),
            at=time.time(),
            shown=dict(asked),
            decided=made.to_json(),
        )
    )
