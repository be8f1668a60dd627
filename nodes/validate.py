"""Validate: what can be checked is checked first, a judgement comes second, and the verdict says what happens next."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from langgraph.runtime import Runtime

from models.brain import EMBEDDED, Brain, BrainError
from models.reflex.pace import read_by
from nodes import emit
from nodes.checks import ASIDE, check, repair
from nodes.evidence import Collected
from nodes.generate import evidence_of, held_against, intent_of, quoted, was_rejected
from nodes.kit import Kit, NodeFunction
from nodes.spending import Spending
from nodes.statements import sentences
from state.budget import Budget
from state.context import RunContext
from state.intent import Intent
from state.plan import AGENT, MODEL, Plan
from state.result import TaskResult
from state.run import Rounds, RunState
from state.verdict import Draft, Finding, Verdict
from tools.registry import Toolbox

MAX_RERUNS = 1
_AGAIN = {"rewrite": "written again", "rerun": "run again", "replan": "planned again"}
MAX_REPLANS = 1
A_WHILE = 5.0
"""Seconds after which trouble that passes may have passed."""


class _Case(NamedTuple):
    """What a verdict is made of."""

    state: RunState
    intent: Intent
    collected: Collected
    brain: Brain
    tools: Toolbox
    spending: Spending
    left: int


def validate(kit: Kit) -> NodeFunction:
    """The step that judges the draft.

    Its verdict's action is 'accept', or, as long as the budget's rounds last: 'rewrite' when sentences aren't held up
    by their evidence, 'rerun' when reading tasks failed for a moment, 'replan' when the judge wants other evidence;
    'give_up' when the judge finds no answer. When the rounds are used up, or a rewrite changed nothing, the sentences
    in question are left out, the gap is named, and the rest is accepted: then the verdict keeps its findings. A
    heading, a label or a question that nothing holds up isn't worth a round: it is left out, and noted.
    """

    async def run(state: RunState, runtime: Runtime[RunContext]) -> dict[str, Any]:
        here = await kit.for_run(runtime)
        emit.step("validate", "started")
        rounds, spending = state.get("rounds") or Rounds(), Spending(state)
        left = (state.get("budget") or Budget()).rounds - rounds.refinements
        case = _Case(state, intent_of(state), evidence_of(state), here.brain, here.tools, spending, left)
        draft = state.get("draft") or Draft(text="")
        draft, verdict = await _judged(case, draft)
        if verdict.action in ("rewrite", "rerun", "replan"):
            rounds = rounds.model_copy(update={verdict.action: getattr(rounds, verdict.action) + 1})
            spending.note(f"{_AGAIN[verdict.action]}: {verdict.reason}")
        emit.step("validate", "ended", detail=verdict.action)
        return {
            "draft": draft,
            "verdict": verdict,
            "rounds": rounds,
            "usage": spending.usage,
            "notes": spending.notes,
        }

    return run


async def _judged(case: _Case, draft: Draft) -> tuple[Draft, Verdict]:
    if case.intent.reply and not case.state.get("plan"):
        return draft, Verdict(action="accept", reason="It is a reply and claims nothing.")
    if was_rejected(case.state):
        return draft, Verdict(action="accept", reason="It says that a person rejected the plan.")
    findings = await _findings(case, draft)
    if _weighty(findings) and _may_rewrite(case, findings):
        reason = f"{_count(findings)} held up by what was found"
        return draft, Verdict(action="rewrite", reason=reason, findings=findings)
    repaired, findings = await _repaired(case, draft, findings) if findings else (draft, findings)
    if verdict := _rerun(case):
        return repaired, verdict
    verdict = await _judgement(case, repaired)
    if findings and verdict.action in ("accept", "give_up"):
        verdict = verdict.model_copy(
            update={"findings": findings, "reason": f"{_count(findings)} held up by what was found, and left out."}
        )
    return repaired, verdict


async def _findings(case: _Case, draft: Draft) -> list[Finding]:
    """With no evidence all that the embedded brain says is that it found nothing, or can't do what was asked."""
    if case.brain.name == EMBEDDED and not case.collected.evidence:
        return []
    evidence, plan = case.collected.evidence, case.state.get("plan")
    found = await read_by(
        lambda: check(draft, evidence, goal=_said_by_user(case.state), plan=plan), held_against(draft.text, evidence)
    )
    if not _weighty(found) and evidence and case.brain.name != EMBEDDED and _says_nothing(draft, case.collected):
        found = [Finding(check="empty", message="it claims nothing that it cites, and no gap", sentence=draft.text)]
    return found


def _weighty(findings: Sequence[Finding]) -> list[Finding]:
    """Those that are about more than what stands beside the claims."""
    return [finding for finding in findings if finding.check != ASIDE]


def _says_nothing(draft: Draft, collected: Collected) -> bool:
    """Whether a draft neither answers, with a claim that it cites, nor says what it has no answer to."""
    if set(draft.gaps) - {*collected.gaps, *collected.fruitless}:
        return False
    return not any(one.is_gap or (one.is_claim and one.marks) for one in sentences(draft.text))


def _may_rewrite(case: _Case, findings: Sequence[Finding]) -> bool:
    """Whether another draft may be better: there is a round left for it, and the last one changed something."""
    before = case.state.get("verdict")
    if before is not None and before.action == "rewrite" and before.findings == findings:
        return False
    return case.left > 0 and case.brain.name != EMBEDDED and case.spending.used_up is None


async def _repaired(case: _Case, draft: Draft, findings: list[Finding]) -> tuple[Draft, list[Finding]]:
    """The draft without what isn't held up, and the findings that led to it.

    If nothing is left of a model's draft, the embedded brain's quotations take its place.
    """
    repaired = repair(draft, findings)
    weighty = _weighty(findings)
    if len(weighty) < len(findings):
        case.spending.note("a heading, a label or a question that nothing found holds up was left out")
    if repaired.citations or not weighty or not case.collected.evidence or case.brain.name == EMBEDDED:
        return repaired, weighty
    quotes = await quoted(case.intent, case.collected.evidence)
    found = await _findings(case, quotes)
    quotes, found = repair(quotes, found) if found else quotes, _weighty(found)
    case.spending.note("nothing of the model's answer was held up by what was found; it was replaced by quotations")
    return quotes.model_copy(update={"gaps": list(dict.fromkeys([*quotes.gaps, *case.collected.gaps]))}), found


def _rerun(case: _Case) -> Verdict | None:
    """Reading tasks that failed for a moment are worth one more try; what writes is never run again from here."""
    rounds, plan = case.state.get("rounds") or Rounds(), case.state.get("plan") or Plan()
    if case.left <= 0 or rounds.rerun >= MAX_RERUNS or case.spending.used_up:
        return None
    results = case.state.get("results") or {}
    failed = [
        task.id
        for task in plan.tasks
        if task.id in results
        and results[task.id].status == "failed"
        and (error := results[task.id].error) is not None
        and error.kind == "transient"
        and _may_have_passed(results[task.id])
    ]
    safe = [task_id for task_id in failed if _only_reads(plan, task_id, case.tools)]
    if not safe:
        return None
    why = "; ".join(f"{task_id}: {results[task_id].error.message}" for task_id in safe)  # type: ignore[union-attr]
    return Verdict(action="rerun", reason=f"failed for a moment: {why}", tasks=safe)


def _may_have_passed(result: TaskResult) -> bool:
    """Whether trouble is worth another try: execution tried but once, or a while has gone by since it gave up."""
    return result.attempts <= 1 or (result.ended is not None and time.time() - result.ended >= A_WHILE)


def _only_reads(plan: Plan, task_id: str, tools: Toolbox) -> bool:
    """Whether running a task again runs nothing again that has had an effect."""
    again = plan.downstream({task_id})
    used = {name for task in plan.tasks if task.id in again for name in task.tools_used()} - {MODEL, AGENT}
    return all(name in tools and tools[name].risk == "read" for name in used)


async def _judgement(case: _Case, draft: Draft) -> Verdict:
    """The brain's view of a draft that has passed the checks, within the bounds on what it may ask for."""
    if case.brain.name != EMBEDDED and case.spending.used_up:
        return Verdict(action="accept", reason="It passed the checks; the budget leaves no further judgement.")
    if case.brain.name != EMBEDDED and (case.state.get("budget") or Budget()).rounds == 0:
        return Verdict(action="accept", reason="It passed the checks; no round was wanted for a judgement to ask for.")
    try:
        verdict = await case.spending.think(
            case.brain, lambda: case.brain.judge(case.intent, draft=draft, evidence=case.collected.evidence)
        )
    except BrainError as error:
        case.spending.failed(error, "the answer was checked, but not judged")
        return Verdict(action="accept", reason="It passed the checks; nobody could judge it further.")
    rounds, plan = case.state.get("rounds") or Rounds(), case.state.get("plan") or Plan()
    if verdict.action in ("accept", "give_up"):
        return verdict
    if case.left <= 0 or case.spending.used_up:
        return _as_it_stands(verdict, "no round is left")
    if verdict.action == "rewrite":
        before = case.state.get("verdict")
        repeats = before is not None and before.action == "rewrite" and before.findings == verdict.findings
        if case.brain.name == EMBEDDED or repeats:
            return _as_it_stands(verdict, "another draft would be the same")
    elif verdict.action == "replan":
        if case.state.get("plan_source") in ("caller", "person") or rounds.replan >= MAX_REPLANS:
            return _as_it_stands(verdict, "the plan stays as it is")
        if case.brain.name == EMBEDDED and not any(result.ok for result in (case.state.get("results") or {}).values()):
            return _as_it_stands(verdict, "what failed would fail in other words too")
    else:
        results = case.state.get("results") or {}
        tasks = [t.id for t in plan.tasks if t.id in verdict.tasks and t.id in results and not results[t.id].ok]
        tasks = [task_id for task_id in tasks if _only_reads(plan, task_id, case.tools)]
        if not tasks or rounds.rerun >= MAX_RERUNS:
            return _as_it_stands(verdict, "running the tasks again would change nothing")
        return verdict.model_copy(update={"tasks": tasks})
    return verdict


def _as_it_stands(wanted: Verdict, why: str) -> Verdict:
    reason = f"{wanted.action} was wanted ({wanted.reason or 'no reason given'}), but {why}"
    return Verdict(action="accept", reason=reason, findings=wanted.findings)


def _said_by_user(state: RunState) -> str:
    """What the user has said in this conversation: names and links in it may be used again."""
    messages = [message for message in state.get("messages") or [] if message.type == "human"]
    return "\n".join([state.get("goal", ""), *(str(message.content) for message in messages[-5:])])


def _count(findings: Sequence[Finding]) -> str:
    number = len({finding.sentence for finding in findings})
    return "A sentence isn't" if number == 1 else f"{number} sentences aren't"
