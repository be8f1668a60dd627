"""Respond: the answer, its sources, what is missing and why, and the report of the run."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

from langchain_core.messages import AIMessage
from langgraph.runtime import Runtime

from nodes import emit, guardrails
from nodes.claims import normal
from nodes.generate import intent_of, was_rejected
from nodes.kit import Kit, NodeFunction, thread_id_of
from nodes.redaction import redact
from state.budget import Budget, Usage
from state.context import RunContext
from state.plan import Plan
from state.result import TaskResult
from state.run import Rounds, RunReport, RunState, StopReason
from state.text import printable
from state.verdict import Draft

NO_ANSWER = "I found no answer to this."
_MOST_GAPS = 12
_REJECTED_BY_A_PERSON = re.compile(r"^(?:rejected\b|declined\b)")


def respond(kit: Kit) -> NodeFunction:
    """The last step: what the caller gets back. It calls no model and never fails."""

    async def run(state: RunState, runtime: Runtime[RunContext]) -> dict[str, Any]:
        here = await kit.for_run(runtime)
        emit.step("respond", "started")
        draft = state.get("draft") or Draft(text="")
        usage = _whole_usage(state)
        stop_reason = stop_reason_of(state, draft, usage)
        answer, verdicts = guardrails.apply(kit.guards.output, compose(draft))
        citations = draft.citations
        await guardrails.record(here.journal, thread_id_of(runtime), "output", verdicts)
        if blocked := guardrails.blocking(verdicts):
            answer, citations, stop_reason = blocked.message, [], "refused"
        citations = [citation.model_copy(update={"quote": redact(citation.quote)[0]}) for citation in citations]
        notes = list(dict.fromkeys([*(state.get("notes") or []), *guardrails.report(verdicts)]))
        path, seconds = critical_path(state.get("plan") or Plan(), state.get("results") or {})
        report = RunReport(
            thread_id=thread_id_of(runtime),
            brain=here.brain.name,
            started=state.get("started") or time.time(),
            ended=time.time(),
            usage=usage,
            rounds=state.get("rounds") or Rounds(),
            critical_path=path,
            critical_seconds=seconds,
            notes=notes,
        )
        emit.text(answer, restart=True)
        emit.step("respond", "ended", detail=stop_reason)
        return {
            "answer": answer,
            "citations": citations,
            "stop_reason": stop_reason,
            "report": report,
            "usage": usage,
            "notes": notes,
            "messages": [AIMessage(answer, id=f"{state.get('run_key') or 'run'}-answer")],
        }

    return run


def compose(draft: Draft) -> str:
    """The answer as text: the draft, then a short list of what is missing that the draft doesn't say itself."""
    text = printable(draft.text).strip()
    said = normal(text)
    gaps = [gap for gap in map(_one_line, draft.gaps) if gap and normal(gap).rstrip(".") not in said]
    if len(gaps) > _MOST_GAPS:
        gaps = [*gaps[: _MOST_GAPS - 1], f"and {len(gaps) - _MOST_GAPS + 1} more"]
    if not text:
        text = NO_ANSWER
    if not gaps:
        return text
    return "\n".join([text, "", "What is missing:", *(f"- {gap}" for gap in gaps)])


def stop_reason_of(state: RunState, draft: Draft, usage: Usage) -> StopReason:
    """Why the run ended, the first of these that is true:

    - as set by a step before: a guard 'refused' the goal;
    - 'declined': a person said no, to the plan, or to every task that is missing, and nothing else was found;
    - 'refused': the policy, or this application itself, said no, and nothing else was found or done;
    - 'budget': a bound of the budget was used up, and something is missing;
    - 'answered': everything asked is answered, an action done, or small talk replied to;
    - 'failed': nothing was found or done, because tasks failed for more than want of what they looked for, or the plan
      couldn't run;
    - 'rounds': the rounds of refinement were used up with sentences left out or the judge not content;
    - 'not_found': all that was to be done was done, and it holds no answer;
    - 'partial': there is an answer, and something is missing.
    """
    if preset := state.get("stop_reason"):
        return preset
    plan, results = state.get("plan"), state.get("results") or {}
    intent = intent_of(state)
    if intent.reply and not plan:
        return "answered" if intent.kind == "small_talk" else "refused"
    if was_rejected(state):
        return "declined"
    is_complete = not draft.gaps
    if _ran_out(state, usage) and not is_complete:
        return "budget"
    if draft.citations and is_complete:
        return _answered(state)
    if not draft.citations:
        is_done = is_complete and bool(results) and all(result.ok for result in results.values())
        was_to_do = intent.kind == "action" or state.get("plan_source") in ("caller", "person")
        return "answered" if is_done and was_to_do else _empty_handed(state, results)
    verdict = state.get("verdict")
    if verdict is not None and verdict.findings and _rounds_used_up(state):
        return "rounds"
    return "partial"


def _answered(state: RunState) -> StopReason:
    verdict = state.get("verdict")
    if verdict is None or (verdict.action == "accept" and not verdict.findings):
        return "answered"
    if verdict.action == "give_up":
        return "partial"
    return "rounds" if _rounds_used_up(state) else "partial"


def _empty_handed(state: RunState, results: Mapping[str, TaskResult]) -> StopReason:
    """Why there is nothing to cite."""
    refused = [result for result in _each(results.values()) if result.status == "refused"]
    if refused:
        by_person = all(_REJECTED_BY_A_PERSON.match(_why(result)) for result in refused)
        return "declined" if by_person else "refused"
    if state.get("problems") or any(map(_is_broken, results.values())):
        return "failed"
    return "not_found"


def _is_broken(result: TaskResult) -> bool:
    is_fruitless = result.error is not None and result.error.kind == "not_found"
    return result.status in ("failed", "in_doubt") and not is_fruitless


def _each(results: Iterable[TaskResult]) -> Iterable[TaskResult]:
    for result in results:
        yield result
        yield from _each(result.items)


def _why(result: TaskResult) -> str:
    return result.error.message if result.error else result.reason or ""


def _ran_out(state: RunState, usage: Usage) -> bool:
    results = (state.get("results") or {}).values()
    if any(result.error is not None and result.error.kind == "budget" for result in _each(results)):
        return True
    return usage.exceeded(state.get("budget") or Budget()) is not None


def _rounds_used_up(state: RunState) -> bool:
    return (state.get("rounds") or Rounds()).refinements >= (state.get("budget") or Budget()).rounds


def critical_path(plan: Plan, results: Mapping[str, TaskResult]) -> tuple[list[str], float]:
    """The chain of tasks that took longest, each waiting for the one before, and its seconds of work."""
    longest: dict[str, tuple[float, list[str]]] = {}
    try:
        ordered = plan.order()
    except ValueError:
        return [], 0.0
    for task in ordered:
        result = results.get(task.id)
        if result is None or result.started is None or result.ended is None:
            continue
        before = max((longest[name] for name in task.needs() if name in longest), default=(0.0, []))
        longest[task.id] = (before[0] + max(0.0, result.ended - result.started), [*before[1], task.id])
    seconds, path = max(longest.values(), key=lambda chain: chain[0], default=(0.0, []))
    return path, seconds


def _whole_usage(state: RunState) -> Usage:
    return state.get("usage") or Usage()


def _one_line(gap: str) -> str:
    return redact(" ".join(printable(gap).split())[:500])[0]
