"""ReflexBrain: the embedded brain. Plans by rules, answers by quoting, never invents."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AnyMessage

from models.brain import Action, OnText, Step, Thought
from models.reflex import extract, planner, writer
from models.reflex import intent as intents
from models.reflex.judging import verdict
from models.reflex.pace import SHORT, length_of, read_by
from models.reflex.passages import Passage
from models.reflex.steps import next_action
from state.intent import Intent
from state.plan import Plan, Problem
from state.result import Evidence, TaskResult
from state.verdict import Draft, Finding, Verdict
from tools.registry import ToolSpec


class ReflexBrain:
    """The brain that needs no key, no network and no model: the same input gives the same output, in milliseconds.

    It understands by rules (English best), plans by rules and by the tools' descriptions, and answers by quoting
    the sentences of the evidence that answer. Where none does it says so. It uses no tokens.
    """

    @property
    def name(self) -> str:
        return "reflex"

    async def parse_intent(self, goal: str, *, history: Sequence[AnyMessage] = ()) -> Thought[Intent]:
        return Thought(intents.parse(goal, history))

    async def decompose(
        self,
        intent: Intent,
        *,
        tools: Sequence[ToolSpec],
        problems: Sequence[Problem] = (),
        results: Mapping[str, TaskResult] | None = None,
    ) -> Thought[Plan]:
        told = len(intent.goal) + sum(len(spec.description) for spec in tools)
        characters = told if results is None else SHORT + 1
        return Thought(await read_by(lambda: planner.plan(intent, tools, problems, results), characters))

    async def write(
        self,
        intent: Intent,
        *,
        evidence: Sequence[Evidence],
        feedback: Sequence[Finding] = (),
        history: Sequence[AnyMessage] = (),
        on_text: OnText | None = None,
    ) -> Thought[Draft]:
        draft = await read_by(lambda: writer.write(intent, evidence, feedback), length_of(evidence))
        if on_text:
            for piece in draft.text.splitlines(keepends=True):
                on_text(piece)
        return Thought(draft)

    async def judge(self, intent: Intent, *, draft: Draft, evidence: Sequence[Evidence]) -> Thought[Verdict]:
        return Thought(verdict(intent, draft, evidence))

    async def complete(self, prompt: str, *, inputs: Mapping[str, Any], evidence: Sequence[Evidence]) -> Thought[Any]:
        passages = list(extract.passages_of(dict(inputs)))
        if not passages and not inputs:
            passages = [Passage(i, item.text, item.place) for i, item in enumerate(evidence) if item.kind == "text"]
        characters = sum(len(passage.text) for passage in passages)
        return Thought(await read_by(lambda: extract.complete(prompt, passages), characters))

    async def next_action(
        self, goal: str, *, tools: Sequence[ToolSpec], steps: Sequence[Step], prompt: str = ""
    ) -> Thought[Action]:
        return Thought(await asyncio.to_thread(next_action, goal, tools, steps))
