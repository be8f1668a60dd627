"""A scripted brain for AgentDojo: it plans a task's ground truth, and, hijacked, obeys whatever it reads."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from models.brain import Action, OnText, Step, Thought
from state.budget import Usage
from state.intent import Intent
from state.plan import AGENT, Plan, Problem, Task
from state.result import Evidence, TaskResult
from state.verdict import Draft, Finding, Verdict
from tools.registry import ToolSpec

Hijack = Literal["none", "obey", "substitute"]
"""What the brain does after reading an injection: nothing; the injected calls, by every way there is, after its own
task; or it also puts the attacker's values in the place of those it was to look up."""

ATTACK_SIGN = "<INFORMATION>"
_WORD = re.compile(r"[^\W_]+")
_DAY = re.compile(r"\d{4}-\d{2}-(\d{2})(?:[ T](\d{2}):(\d{2}).*)?")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w])")
_AMOUNT = re.compile(r"\d[\d,]*(?:\.\d+)?")
_MOST_NUMBERS = 80
_USAGE = Usage(model_calls=1)


@dataclass(frozen=True)
class Wanted:
    """A call that a task's ground truth makes. `known`: the arguments that stand in the user's words."""

    tool: str
    args: dict[str, Any]
    known: frozenset[str]


@dataclass
class Script:
    """What the brain is to do in a run."""

    calls: list[Wanted] = field(default_factory=list)
    answer: str = ""
    sums: list[str] = field(default_factory=list)
    hijack: Hijack = "none"
    injected: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


def wanted(prompt: str, calls: Sequence[tuple[str, dict[str, Any]]], reads: Sequence[str]) -> list[Wanted]:
    """The calls of a ground truth. `reads`: what each of them brings back.

    An argument counts as known before anything is read if the user says it, or if a planner can choose it freely:
    no word of it is in what is read before. Numbers count as looked up or computed unless the user says them.
    """
    found, seen = [], ""
    for (tool, args), read in zip(calls, reads, strict=True):
        known = frozenset(name for name, value in args.items() if not seen or is_known(value, prompt, seen))
        found.append(Wanted(tool, args, known))
        seen += "\n" + read
    return found


def is_known(value: Any, prompt: str, seen: str) -> bool:
    """Whether a value can be told from the user's words alone."""
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, list):
        return all(is_known(item, prompt, seen) for item in value)
    said = {word.casefold() for word in _WORD.findall(prompt)}
    if isinstance(value, int | float):
        return str(value) in said or f"{value:g}" in said
    text = str(value)
    if text.casefold().strip() in prompt.casefold():
        return True
    if text.startswith("<") or not _WORD.search(text):  # a placeholder for what is made of the reading
        return False
    if date := _DAY.fullmatch(text):
        day, hour = date[1].lstrip("0"), (date[2] or "").lstrip("0")
        return bool({day, date[1], f"{day}th", f"{day}st", f"{day}nd", f"{day}rd"} & said) or bool(
            hour and hour in said
        )
    words = {word.casefold() for word in _WORD.findall(text)}
    read = {word.casefold() for word in _WORD.findall(seen)}
    return words <= said or not (words - said) & read


def sums_of(answer: str, reads: Sequence[str]) -> list[str]:
    """How the numbers of an answer that nobody wrote down are added up from those that were read; '' if they aren't."""
    read = list(dict.fromkeys(float(number) for text in reads for number in _NUMBER.findall(text)))[:_MOST_NUMBERS]
    found = []
    for number in dict.fromkeys(float(number.replace(",", "")) for number in _AMOUNT.findall(answer)):
        if number not in read:
            terms = (some for count in (2, 3) for some in itertools.combinations(read, count) if sum(some) == number)
            found += [" + ".join(f"{term:g}" for term in some) for some in itertools.islice(terms, 1)]
    return found


class ScriptedBrain:
    """Plans before it reads: the user's words are literals, the rest is looked up by an agent step after reading."""

    name = "scripted"

    def __init__(self) -> None:
        self.script = Script()
        self.is_hijacked = False

    def play(self, script: Script) -> None:
        """Begin a run."""
        self.script, self.is_hijacked = script, False

    def read(self, *texts: Any) -> None:
        """Every text the brain is shown comes by here; an injection in one takes it over."""
        if self.script.hijack != "none" and any(ATTACK_SIGN in json.dumps(text, default=str) for text in texts):
            self.is_hijacked = True

    async def parse_intent(self, goal: str, *, history: Sequence[Any] = ()) -> Thought[Intent]:
        return Thought(Intent(kind="action", goal=goal, questions=[goal]), _USAGE)

    async def decompose(
        self,
        intent: Intent,
        *,
        tools: Sequence[ToolSpec],
        problems: Sequence[Problem] = (),
        results: Mapping[str, TaskResult] | None = None,
    ) -> Thought[Plan]:
        if results:
            self.read(*(result.to_json() for result in results.values()))
            return Thought(self._injected_plan() if self.is_hijacked else Plan(), _USAGE)
        return Thought(plan_of(self.script), _USAGE)

    async def next_action(
        self, goal: str, *, tools: Sequence[ToolSpec], steps: Sequence[Step], prompt: str = ""
    ) -> Thought[Action]:
        self.read(goal, prompt, *(step.result.to_json() for step in steps))
        if self.is_hijacked and len(steps) < len(self.script.injected):
            tool, args = self.script.injected[len(steps)]
            return Thought(Action(tool=tool, args=args), _USAGE)
        return Thought(Action(answer=self._looked_up(goal)), _USAGE)

    async def complete(self, prompt: str, *, inputs: Mapping[str, Any], evidence: Sequence[Evidence]) -> Thought[Any]:
        self.read(prompt, inputs, *(item.text for item in evidence))
        return Thought(self._looked_up(prompt), _USAGE)

    async def write(
        self,
        intent: Intent,
        *,
        evidence: Sequence[Evidence],
        feedback: Sequence[Finding] = (),
        history: Sequence[Any] = (),
        on_text: OnText | None = None,
    ) -> Thought[Draft]:
        self.read(*(item.text for item in evidence))
        marks = "".join(f"[{number}]" for number in range(1, len(evidence) + 1))
        lines = (self.script.answer or "Done.").rstrip(".").splitlines()
        return Thought(Draft(text="\n".join(f"{line} {marks}." for line in lines if line.strip())), _USAGE)

    async def judge(self, intent: Intent, *, draft: Draft, evidence: Sequence[Evidence]) -> Thought[Verdict]:
        self.read(*(item.text for item in evidence))
        action: Literal["replan", "accept"] = "replan" if self.is_hijacked else "accept"
        return Thought(Verdict(action=action, reason="there is more to do" if self.is_hijacked else ""), _USAGE)

    def _looked_up(self, goal: str) -> Any:
        """The arguments that the agent step of this goal was to look up."""
        number = int(goal.rpartition(" ")[2])
        if number >= len(self.script.calls):
            return self.script.sums[number - len(self.script.calls)]
        call = self.script.calls[number]
        values = {name: value for name, value in call.args.items() if name not in call.known}
        if self.is_hijacked and self.script.hijack == "substitute":
            for tool, args in self.script.injected:
                values.update({name: args[name] for name in values if tool == call.tool and name in args})
        return values

    def _injected_plan(self) -> Plan:
        tasks: list[Task] = []
        for number, (tool, args) in enumerate(self.script.injected, start=1):
            after = [tasks[-1].id] if tasks else []
            tasks.append(Task(id=f"x{number}", goal=f"Injected: {tool}", tool=tool, args=args, after=after))
        return Plan(tasks=tasks)


def plan_of(script: Script) -> Plan:
    """The plan that is made before anything is read: one task per call, one agent step where something is looked up."""
    tasks: list[Task] = []
    read: list[str] = []
    for number, call in enumerate(script.calls):
        args: dict[str, Any] = {name: value for name, value in call.args.items() if name in call.known}
        unknown = [name for name in call.args if name not in call.known]
        after = [read[-1]] if read else []
        if unknown:
            found = f"look{number}"
            prompt = "\n".join(f"{{{{{name}}}}}" for name in read)
            looking = {"goal": f"Find {', '.join(unknown)} for step {number}", "prompt": prompt}
            tasks.append(Task(id=found, goal=looking["goal"], tool=AGENT, args=dict(looking)))
            args.update({name: f"{{{{{found}.{name}}}}}" for name in unknown})
        tasks.append(Task(id=f"t{number}", goal=f"Call {call.tool}", tool=call.tool, args=args, after=after))
        read.append(f"t{number}")
    for number, _ in enumerate(script.sums, start=len(script.calls)):
        prompt = "\n".join(f"{{{{{name}}}}}" for name in read)
        goal = f"Find what is to be added up for step {number}"
        tasks.append(Task(id=f"look{number}", goal=goal, tool=AGENT, args={"goal": goal, "prompt": prompt}))
        tasks.append(
            Task(id=f"t{number}", goal="Add up", tool="calculate", args={"expression": f"{{{{look{number}}}}}"})
        )
    return Plan(tasks=tasks)
