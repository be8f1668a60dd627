"""Declare: take the plan that the user declared beforehand."""

from __future__ import annotations

from typing import Any

from langgraph.runtime import Runtime

from models.reflex import ReflexBrain
from nodes import conversation
from nodes.kit import NodeFunction
from state.context import RunContext
from state.intent import Intent
from state.plan import Plan
from state.run import RunState


def declare(plan: Plan | None) -> NodeFunction:
    """The step that takes the declared plan, unless the run brings one of its own. Such a plan is the user's word.

    The goal is read by rules, without a model: nothing is asked back, and a plan says itself what is to be done.
    """

    async def run(state: RunState, runtime: Runtime[RunContext]) -> dict[str, Any]:
        if state.get("intent") is not None:  # a guard has replied already
            return {}
        goal, own = state.get("goal", ""), state.get("plan")
        if own is not None or plan is not None:
            intent = Intent(kind="question", goal=goal, questions=[goal])
            return {"intent": intent} if own is not None else {"intent": intent, "plan": plan, "plan_source": "caller"}
        history = conversation.before(state)[-conversation.HISTORY :]
        read = (await ReflexBrain().parse_intent(goal, history=history)).value
        reply = read.reply if read.kind == "small_talk" else None
        return {"intent": read.model_copy(update={"missing": None, "reply": reply})}

    return run
