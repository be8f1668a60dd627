"""Intent: what kind of request the goal is, and what is missing to serve it."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import HumanMessage
from langgraph.runtime import Runtime

from models.brain import BrainError
from models.reflex.goals import is_question
from nodes import conversation, emit
from nodes.kit import Kit, NodeFunction
from nodes.person import ask
from nodes.spending import Spending
from state import approval
from state.conditions import BadCondition
from state.context import RunContext
from state.intent import Intent
from state.plan import Plan
from state.references import BadReference
from state.run import Rounds, RunState

MAX_CLARIFICATIONS = 2


def intent(kit: Kit) -> NodeFunction:
    """The step that parses the goal, with the conversation before it."""

    async def run(state: RunState, runtime: Runtime[RunContext]) -> dict[str, Any]:
        if state.get("stop_reason"):  # a guard has refused the goal
            return {}
        here = await kit.for_run(runtime)
        goal, spending = state.get("goal", ""), Spending(state)
        as_it_stands = Intent(kind="question", goal=goal, questions=[goal])
        if (plan := state.get("plan")) is not None:
            # A caller with a plan has said what is to be done; there is nothing to guess.
            return {"intent": as_it_stands if is_question(goal) else _to_do(goal, plan)}
        emit.step("intent", "started")
        history = conversation.before(state)[-conversation.HISTORY :]
        try:
            parsed = await spending.think(here.brain, lambda: here.brain.parse_intent(goal, history=history))
        except BrainError as error:
            parsed = as_it_stands
            spending.failed(error, "the goal was taken as it stands")
        emit.step("intent", "ended", detail=parsed.kind)
        update: dict[str, Any] = {"intent": parsed, "usage": spending.usage, "notes": spending.notes}
        if here.policy.attended and asks_back(parsed, state.get("rounds") or Rounds()):
            update["messages"] = conversation.asking(state, [str(parsed.missing)])
        return update

    return run


def asks_back(parsed: Intent | None, rounds: Rounds) -> bool:
    """Whether the user is asked for what is missing, a bounded number of times."""
    return parsed is not None and bool(parsed.missing) and rounds.clarify < MAX_CLARIFICATIONS


def _to_do(goal: str, plan: Plan) -> Intent:
    """A goal that asks nothing is answered by what the plan's last tasks come to."""
    try:
        needed = {name for task in plan.tasks for name in task.needs()}
    except (BadReference, BadCondition):  # `route` says what is wrong with the plan
        needed = set()
    last = [task.goal.strip() or task.id for task in plan.tasks if task.id not in needed]
    return Intent(kind="action", goal=goal, questions=last or [goal])


def clarify(kit: Kit) -> NodeFunction:
    """The step that asks the user for what is missing, and goes on with the answer as part of the goal."""

    async def run(state: RunState, runtime: Runtime[RunContext]) -> dict[str, Any]:
        here, parsed, rounds = await kit.for_run(runtime), state.get("intent"), state.get("rounds") or Rounds()
        no_more = {"rounds": rounds.model_copy(update={"clarify": MAX_CLARIFICATIONS})}
        missing = parsed.missing if parsed and parsed.missing else "What do you mean?"
        if not here.policy.attended:
            unasked = f"nobody is there to ask: {missing}"
            return {**no_more, "notes": [*(state.get("notes") or []), unasked]}
        asked = approval.question(
            "clarify",
            name="clarify",
            args={"question": missing},
            description=missing,
            allowed=["respond", "reject"],
            reason="the goal can't be served without it",
        )
        made = await ask(here, state.get("run_key", ""), asked)
        rounds = rounds.model_copy(update={"clarify": rounds.clarify + 1})
        if made.type == "reject":
            return no_more
        goal = f"{state.get('goal', '')}\n{missing} {made.message}"
        return {"goal": goal, "rounds": rounds, "messages": [HumanMessage(str(made.message))]}

    return run
