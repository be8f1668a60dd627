"""Which step comes next: every conditional edge, as a pure function of the state."""

from __future__ import annotations

from typing import Literal

from nodes.acting.agenda import goes_on
from nodes.decompose import MAX_REPAIRS
from nodes.intent import asks_back
from state.budget import Budget, Usage
from state.run import Rounds, RunState


def after_intent(state: RunState) -> Literal["clarify", "decompose", "generate"]:
    """Ask for what is missing, a bounded number of times; a reply needs no plan."""
    intent, rounds = state.get("intent"), state.get("rounds") or Rounds()
    if asks_back(intent, rounds):
        return "clarify"
    if intent is not None and intent.reply and state.get("plan") is None:
        return "generate"
    return "decompose"


def after_route(state: RunState) -> Literal["decompose", "review", "generate"]:
    """A plan with problems is made again, a bounded number of times; a caller's plan is never replaced."""
    if not state.get("problems"):
        return "review"
    rounds = state.get("rounds") or Rounds()
    if state.get("plan_source") == "caller" or rounds.repair >= MAX_REPAIRS or _is_spent(state):
        return "generate"
    return "decompose"


def after_declare(state: RunState) -> Literal["decompose", "route", "generate"]:
    """A declared plan is checked as it is; without one the brain makes it; a reply needs none."""
    intent = state.get("intent")
    if intent is not None and intent.reply and state.get("plan") is None:
        return "generate"
    return "route" if state.get("plan") is not None else "decompose"


def after_only_route(state: RunState) -> Literal["review", "generate"]:
    """A plan with problems doesn't run, and isn't made again."""
    return "generate" if state.get("problems") else "review"


def after_review(state: RunState) -> Literal["execute", "decompose", "generate"]:
    """A rejected plan doesn't run; where the reason is among the problems, it is made anew."""
    if state.get("approved"):
        return "execute"
    return "decompose" if state.get("problems") and not _is_spent(state) else "generate"


def after_only_review(state: RunState) -> Literal["execute", "generate"]:
    """A rejected plan doesn't run, and isn't made again."""
    return "execute" if state.get("approved") else "generate"


def after_execute(state: RunState) -> Literal["execute", "generate"]:
    """Tasks that a person must decide about are taken up once nothing else can run."""
    results = state.get("results") or {}
    return "execute" if any(result.status == "pending" for result in results.values()) else "generate"


def after_validate(state: RunState) -> Literal["generate", "execute", "decompose", "respond"]:
    """What the verdict says; the bounds on its rounds are its own."""
    verdict = state.get("verdict")
    if verdict is None or verdict.action in ("accept", "give_up"):
        return "respond"
    return {"rewrite": "generate", "rerun": "execute", "replan": "decompose"}[verdict.action]  # type: ignore[return-value]


def after_validate_without_replan(state: RunState) -> Literal["generate", "execute", "respond"]:
    """As `after_validate`, where the plan stays as it was declared."""
    step = after_validate(state)
    return "respond" if step == "decompose" else step


def after_agents_intent(state: RunState) -> Literal["clarify", "recall", "generate"]:
    """As `after_intent`; an agent needs no plan."""
    step = after_intent(state)
    return "recall" if step == "decompose" else step


def after_act(state: RunState) -> Literal["act", "generate"]:
    """An agent works on as long as its list isn't done, within its bounds."""
    return "act" if goes_on(state) else "generate"


def after_agents_validate(state: RunState) -> Literal["generate", "act", "remember"]:
    """As `after_validate`: what is to be done again or otherwise is the agent's to choose."""
    step = after_validate(state)
    if step == "generate":
        return "generate"
    return "remember" if step == "respond" or _is_spent(state) else "act"


def _is_spent(state: RunState) -> bool:
    return (state.get("usage") or Usage()).exceeded(state.get("budget") or Budget()) is not None
