"""Generate: writes the answer from the evidence alone, each claim with its citation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langgraph.runtime import Runtime

from models.brain import EMBEDDED, Brain, BrainError
from models.reflex.pace import length_of, read_by
from nodes import citations, conversation, emit
from nodes.evidence import Collected, collect, is_told_by
from nodes.execution.head_start import of_run
from nodes.kit import Kit, NodeFunction
from nodes.spending import Spending
from state.context import RunContext
from state.intent import Intent
from state.result import Evidence
from state.run import RunState
from state.text import counted
from state.verdict import Draft

REJECTED = "the plan was rejected"
"""How the note begins that says so."""
_MOST_QUOTED = 5


class AnswerStream:
    """Takes the text from a brain as it is written, and passes it on to the event stream."""

    def __init__(self) -> None:
        self._begins = True

    def __call__(self, text: str, /) -> None:
        emit.text(text, restart=self._begins)
        self._begins = False

    def restart(self) -> None:
        self._begins = True


def generate(kit: Kit) -> NodeFunction:
    """The step that writes a draft: text with marks, a verbatim quotation behind each, and what is missing.

    It always comes to a draft. Where the brain fails or the budget leaves no model call, the embedded brain quotes;
    where the plan didn't run, the draft says why.
    """

    async def run(state: RunState, runtime: Runtime[RunContext]) -> dict[str, Any]:
        here = await kit.for_run(runtime)
        intent = intent_of(state)
        emit.step("generate", "started")
        if intent.reply and not state.get("plan"):
            emit.text(intent.reply, restart=True)
            emit.step("generate", "ended")
            return {"draft": Draft(text=intent.reply)}
        collected, spending = evidence_of(state), Spending(state)
        if ahead := of_run():  # the plan didn't run
            await ahead.stop()
            spending.count(ahead.spent())
        draft = await _written(state, here.brain, intent, collected, spending)
        emit.step("generate", "ended", detail=counted(len(draft.citations), "citation"))
        return {"draft": draft, "usage": spending.usage, "notes": spending.notes}

    return run


def intent_of(state: RunState) -> Intent:
    """The run's intent; the goal as it stands if none was parsed."""
    goal = state.get("goal", "")
    return state.get("intent") or Intent(kind="question", goal=goal, questions=[goal])


def evidence_of(state: RunState) -> Collected:
    """The evidence and the gaps of a run: the same list, under the same numbers, in every step."""
    return collect(
        state.get("plan"),
        state.get("results") or {},
        question=intent_of(state).goal,
        problems=state.get("problems") or [],
        by_goal=state.get("plan_source") not in ("caller", "person"),
    )


async def quoted(intent: Intent, evidence: list[Evidence]) -> Draft:
    """The embedded brain's draft: quotations of what answers, or that nothing does. Never raises."""
    from models.reflex.brain import ReflexBrain

    try:
        draft = (await ReflexBrain().write(intent, evidence=evidence)).value
    except BrainError:
        lines = [f"- {' '.join(item.text.split())[:300]} [{n}]" for n, item in enumerate(evidence[:_MOST_QUOTED], 1)]
        draft = Draft(text="\n".join(["This is what was found:", *lines]) if lines else "I found no answer.")
    return await _numbered(draft, evidence, mend=False)


async def _numbered(draft: Draft, evidence: list[Evidence], *, mend: bool) -> Draft:
    """A brain's draft with its marks in order and a verbatim quotation behind each.

    `mend`: as `citations.cite` has it; who quotes has each mark where it belongs.
    """
    text, cited = await read_by(
        lambda: citations.cite(draft.text, evidence, draft.citations, mend=mend), held_against(draft.text, evidence)
    )
    return Draft(text=text, citations=cited, gaps=draft.gaps)


def held_against(text: str, evidence: Sequence[Evidence]) -> int:
    """The characters that are read to hold a text against each piece of the evidence."""
    return len(text) * len(evidence) + length_of(evidence)


async def _written(state: RunState, brain: Brain, intent: Intent, collected: Collected, spending: Spending) -> Draft:
    evidence = collected.evidence
    if was_rejected(state):
        told = [note for note in state.get("notes") or [] if note.startswith(REJECTED)]
        return Draft(text=f"Nothing was done: {told[-1] if told else REJECTED}.")
    if not evidence and (collected.gaps or collected.fruitless):  # say why, rather than have a model guess
        return _with_gaps(Draft(text=""), collected)
    verdict = state.get("verdict")
    feedback = verdict.findings if verdict and verdict.action == "rewrite" else []
    if brain.name != EMBEDDED and (bound := spending.used_up):
        spending.note(f"the budget of {bound.replace('_', ' ')} is used up; the answer is quoted from what was found")
    else:
        try:
            history = conversation.before(state)[-conversation.HISTORY :]
            written = await spending.think(
                brain,
                lambda: brain.write(
                    intent, evidence=evidence, feedback=feedback, history=history, on_text=AnswerStream()
                ),
            )
            draft = await _numbered(written, evidence, mend=brain.name != EMBEDDED)
            return _with_gaps(draft, collected)
        except BrainError as error:
            spending.failed(error, "the answer is quoted from what was found")
    draft = _with_gaps(await quoted(intent, evidence), collected)
    emit.text(draft.text, restart=True)
    return draft


def _with_gaps(draft: Draft, collected: Collected) -> Draft:
    in_vain = collected.fruitless if not draft.citations else []
    written = [gap for gap in draft.gaps if not is_told_by(gap, collected.gaps)]
    return draft.model_copy(update={"gaps": list(dict.fromkeys([*written, *collected.gaps, *in_vain]))})


def was_rejected(state: RunState) -> bool:
    """Whether a person said no to the plan: it could have run, and didn't."""
    plan, notes = state.get("plan"), state.get("notes") or []
    could_run = (plan is not None and bool(plan.tasks)) or any(note.startswith(REJECTED) for note in notes)
    return could_run and not state.get("problems") and not state.get("approved") and not state.get("results")
