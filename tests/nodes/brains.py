"""Brains for the tests of the nodes: they say what they are told to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models.brain import Action, BrainError, Thought
from state.budget import Usage
from state.intent import Intent
from state.plan import Plan
from state.result import Citation, Evidence
from state.verdict import Draft, Finding, Verdict


class ScriptedBrain:
    """Writes the given drafts one after the other, the last one again and again; judges as told."""

    def __init__(
        self,
        *drafts: str | Draft | BrainError,
        verdicts: Sequence[Verdict | BrainError] = (),
        name: str = "scripted",
    ) -> None:
        self.drafts = list(drafts)
        self.verdicts = list(verdicts)
        self._name = name
        self.seen: list[dict[str, Any]] = []
        self.judged: list[Draft] = []

    @property
    def name(self) -> str:
        return self._name

    async def parse_intent(self, goal: str, *, history: Sequence[Any] = ()) -> Thought[Intent]:
        return Thought(Intent(kind="question", goal=goal, questions=[goal]))

    async def decompose(self, intent: Intent, **_: Any) -> Thought[Plan]:
        return Thought(Plan())

    async def write(
        self,
        intent: Intent,
        *,
        evidence: Sequence[Evidence],
        feedback: Sequence[Finding] = (),
        history: Sequence[Any] = (),
        on_text: Any = None,
    ) -> Thought[Draft]:
        self.seen.append({"evidence": list(evidence), "feedback": list(feedback), "history": list(history)})
        draft = self.drafts.pop(0) if len(self.drafts) > 1 else self.drafts[0]
        if isinstance(draft, BrainError):
            raise draft
        draft = draft if isinstance(draft, Draft) else Draft(text=draft)
        if on_text:
            on_text(draft.text)
        return Thought(draft, Usage(input_tokens=10, output_tokens=5, model_calls=1))

    async def judge(self, intent: Intent, *, draft: Draft, evidence: Sequence[Evidence]) -> Thought[Verdict]:
        self.judged.append(draft)
        verdict = self.verdicts.pop(0) if self.verdicts else Verdict(action="accept", reason="fine")
        if isinstance(verdict, BrainError):
            raise verdict
        return Thought(verdict, Usage(input_tokens=7, output_tokens=1, model_calls=1))

    async def complete(self, prompt: str, *, inputs: Mapping[str, Any], evidence: Sequence[Evidence]) -> Thought[Any]:
        return Thought(None)

    async def next_action(self, goal: str, **_: Any) -> Thought[Action]:
        return Thought(Action(answer=None))


SENATOR = (
    "No Person shall be a Senator who shall not have attained to the Age of thirty Years, and been nine Years a "
    "Citizen of the United States, and who shall not, when elected, be an Inhabitant of that State for which he shall "
    "be chosen."
)
PRESIDENT = (
    "No Person except a natural born Citizen shall be eligible to the Office of President; neither shall any Person "
    "be eligible to that Office who shall not have attained to the Age of thirty five Years, and been fourteen Years "
    "a Resident within the United States."
)
REPORT = (
    "Acme Corporation was founded by Maria Lopez in Rotterdam on 4 July 1987. Revenue rose 3.2 % to $1,523,400 in "
    "fiscal 2019, after a loss of -4.5 million in 2018. The board met between 10 and 12 March 2020. Version 4.9.1 of "
    "the software shipped to 20–25 customers."
)
GOAL = "How old must a senator be, and how old a president? What about Acme?"


def evidence() -> list[Evidence]:
    return [
        Evidence(text=SENATOR, source="constitution.txt", place="Article I", task="t1"),
        Evidence(text=PRESIDENT, source="constitution.txt", place="Article II", task="t2"),
        Evidence(text="35 - 30 = 5", source="calculate", kind="value", task="t3", trusted=True),
        Evidence(text=REPORT, source="report.pdf", place="page 3", task="t4"),
        Evidence(text="Average revenue: 1523.666666", source="query_database", kind="value", task="t5"),
    ]


def citation(number: int, quote: str, **more: Any) -> Citation:
    return Citation(number=number, quote=quote, source="constitution.txt", task="t1", **more)
