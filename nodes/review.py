"""Review: a person approves the plan, or edits it."""

from __future__ import annotations

import functools
from typing import Any

from langgraph.config import get_config
from langgraph.runtime import Runtime
from pydantic import ValidationError

from nodes import emit
from nodes.decompose import MAX_REPAIRS
from nodes.generate import REJECTED
from nodes.kit import Kit, NodeFunction
from nodes.person import ASKED_BEFORE, Lapsed, ask, was_asked
from state import approval
from state.context import RunContext
from state.plan import Plan, Problem, check_plan
from state.policy import Policy
from state.run import Rounds, RunState
from state.text import counted
from tools.registry import Toolbox


def review(kit: Kit, *, replans: bool = True) -> NodeFunction:
    """The step that lets a person see the plan before it runs, where the policy wants that.

    `replans`: whether a plan rejected with a reason is made anew; the reason is then among the problems.
    """

    async def run(state: RunState, runtime: Runtime[RunContext]) -> dict[str, Any]:
        here = await kit.for_run(runtime)
        plan, notes = state.get("plan") or Plan(), list(state.get("notes") or [])
        if any(note.startswith(REJECTED) for note in notes) and await _is_rejected(here, plan, state):
            return {"approved": False}
        reason = reason_to_review(plan, state, here.policy, here.tools)
        if reason is None:
            if is_settled(plan, state) or not await was_asked(here, "plan"):
                return {"approved": True}
            reason = ASKED_BEFORE
        if not here.policy.attended:
            return {"approved": True, "notes": [*notes, f"the plan was not reviewed: {reason}"]}
        asked = approval.question(
            "plan",
            name="review_plan",
            args=_shown(plan),
            description=f"{state.get('goal', '')}\n{counted(len(plan.tasks), 'task')}",
            allowed=["approve", "edit", "reject"],
            reason=reason,
            args_schema={"type": "object", "properties": {"plan": Plan.model_json_schema()}, "required": ["plan"]},
        )
        try:
            check = functools.partial(_problem, state=state, tools=here.tools)
            made = await ask(here, state.get("run_key", ""), asked, check)
        except Lapsed:
            return _rejected("the approval came after it had lapsed", notes, may_replan=False)
        if made.type == "reject":
            return _rejected(made.message, notes, may_replan=replans and _repairs_left(state))
        if made.edited_action is not None:
            edited = _edited(made)
            emit.plan(edited)
            return {"approved": True, "plan": edited, "plan_source": "person"}
        return {"approved": True}

    return run


def _rejected(why: str | None, notes: list[str], *, may_replan: bool) -> dict[str, Any]:
    update = {"approved": False, "notes": [*notes, f"{REJECTED}: {why}" if why else REJECTED]}
    if why and may_replan:
        update["problems"] = [Problem(code="rejected", message=f"a person rejected the plan: {why}")]
    return update


def _repairs_left(state: RunState) -> bool:
    return (state.get("rounds") or Rounds()).repair < MAX_REPAIRS


async def _is_rejected(kit: Kit, plan: Plan, state: RunState) -> bool:
    """Whether a plan made after a rejection is no other one: asking again would be asking the same."""
    if not plan.tasks:
        return True
    thread_id = str(get_config().get("configurable", {}).get("thread_id", ""))
    return any(
        past.kind == "plan"
        and past.at >= (state.get("started") or 0.0)
        and past.decided.get("type") == "reject"
        and past.shown["action_requests"][0]["args"] == _shown(plan)
        for past in await kit.journal.decisions(thread_id)
    )


def _shown(plan: Plan) -> dict[str, Any]:
    return {"plan": plan.to_json()}


def is_settled(plan: Plan, state: RunState) -> bool:
    """Whether a plan is nothing to be asked about by any policy."""
    return state.get("plan_source") in ("caller", "person") or not plan.tasks


def reason_to_review(plan: Plan, state: RunState, policy: Policy, tools: Toolbox) -> str | None:
    """Why a person should see the plan; None if it may run as it is. A caller's own plan is theirs already."""
    if is_settled(plan, state) or policy.plan == "auto":
        return None
    if policy.plan == "always":
        return "every plan is reviewed"
    used = {name for task in plan.tasks for name in task.tools_used()}
    writes = sorted(name for name in used if name in tools and tools[name].risk != "read")
    return f"it does more than read: {', '.join(writes)}" if writes else None


def _edited(made: approval.HumanDecision) -> Plan:
    args = made.edited_action.args if made.edited_action else {}
    return Plan.model_validate(args.get("plan", args))


def _problem(given: approval.HumanResponse, *, state: RunState, tools: Toolbox) -> str | None:
    made = given.decisions[0]
    if made.edited_action is None:
        return None
    try:
        problems = check_plan(_edited(made), tools, state.get("budget"))
    except ValidationError as error:
        return f"the edited plan can't be read: {error}"
    return "the edited plan can't run: " + "; ".join(map(str, problems)) if problems else None
