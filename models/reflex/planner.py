"""Plans by rules: which tool serves each question, and what has to be looked up before it can be calculated."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.reflex.arithmetic import Calculation, Operand, OperandKind, back_reference, calculation_of
from models.reflex.extract import DATE_PROMPT, NUMBER_PROMPT
from models.reflex.goals import leans_back
from models.reflex.question import analyse, topic
from models.reflex.words import RELATED_WORDS
from state.intent import Intent
from state.plan import MODEL, Plan, Problem, Task
from state.result import TaskResult
from tools.registry import ToolSpec

PASSAGES = 10
"""Passages a search brings back."""
_REPLANNED = "r"
_NOW = re.compile(
    r"^\W*(?:what(?:'s| is)|tell me|which|do you know)\s+(?:the\s+)?(?:current\s+|today's\s+|local\s+)?(?:time|date|day|weekday|year|month)"
    r"(?:\s+(?:is it|it is|now|today|right now|is today|of the week|and time))*(?:\s+(?:is it|now|today|right now))?"
    r"(?:\s+in\s+(?P<zone>[\w/ ]+?))?(?:\s+(?:now|today|right now))?\W*$"
    r"|^\W*what\s+(?:time|day|date|year|month|weekday)\s+is\s+(?:it|today)(?:\s+(?:now|today))?(?:\s+in\s+(?P<zone2>[\w/ ]+?))?(?:\s+(?:now|today))?\W*$",
    re.IGNORECASE,
)
_URL = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")
_FILE = re.compile(r"(?<![\w/])(?:[\w.-]+/)*[\w-]+\.(?:txt|md|csv|json|html?|pdf|docx|log|toml|ya?ml|py|ini|rst|xml)\b")
_UNUSABLE = frozenset({"unknown_tool", "unavailable_tool", "invalid_arguments", "not_allowed", "over_budget"})


def plan(
    intent: Intent,
    tools: Sequence[ToolSpec],
    problems: Sequence[Problem] = (),
    results: Mapping[str, TaskResult] | None = None,
) -> Plan:
    """A plan for `intent` out of `tools`; empty if they can't serve it.

    With `problems`, what they name is avoided. With `results`, the questions are put another way, once.
    """
    usable = {spec.name: spec for spec in tools if not spec.unavailable}
    again = bool(results)
    if results and any(task_id.startswith(_REPLANNED) for task_id in results):
        return Plan(tasks=[])
    first = _Planner(usable, again).plan(intent)
    if not problems:
        return first
    blamed = {problem.task for problem in problems if problem.task}
    tools_blamed = {task.tool for task in first.tasks if task.id in blamed}
    if any(problem.code in _UNUSABLE for problem in problems):
        usable = {name: spec for name, spec in usable.items() if name not in tools_blamed}
    second = _Planner(usable, again).plan(intent)
    dropped = second.downstream(blamed & {task.id for task in second.tasks}) if second == first else set()
    return Plan(tasks=[task for task in second.tasks if task.id not in dropped])


@dataclass
class _Planner:
    """One plan in the making. Looks the same thing up only once."""

    tools: Mapping[str, ToolSpec]
    again: bool = False
    tasks: list[Task] = field(default_factory=list)
    _known: dict[tuple[str, str], str] = field(default_factory=dict)

    def plan(self, intent: Intent) -> Plan:
        questions = intent.questions or [intent.goal]
        for position, question in enumerate(questions):
            if leans_back(question) and (made := back_reference(question)):
                earlier = [q for q in questions[:position] if not leans_back(q)][-2:]
                template, name = made
                if len(earlier) == 2:
                    operands = tuple(Operand(question=q) for q in earlier)
                    self._calculate(Calculation(template, operands, name), question)
                continue
            calculation = calculation_of(question)
            if calculation is None or not self._calculate(calculation, question):
                self._serve(question)
        return Plan(tasks=self.tasks)

    def _serve(self, question: str) -> None:
        """The tasks that find what answers one question."""
        if (match := _NOW.match(question)) and "now" in self.tools:
            zone = match["zone"] or match["zone2"]
            self._add("now", {"timezone": zone.strip().replace(" ", "_")} if zone else {}, question)
        else:
            self._look_up(question)

    def _look_up(self, question: str) -> str | None:
        """The id of a task that brings passages which may answer."""
        if (url := _URL.search(question)) and "fetch_page" in self.tools:
            return self._add("fetch_page", {"url": url.group()}, question)
        if (path := _FILE.search(question)) and "read_file" in self.tools and "search_documents" not in self.tools:
            return self._add("read_file", {"path": path.group()}, question)
        query = _keywords(question) if self.again else _query(question)
        for name in ("search_documents", "search_web"):
            if name in self.tools:
                return self._add(name, {"query": query, "k": PASSAGES}, question)
        return None

    def _calculate(self, calculation: Calculation, question: str) -> bool:
        """Whether the calculation could be planned."""
        if "calculate" not in self.tools:
            return False
        if not calculation.operands:
            self._add("calculate", {"expression": calculation.template}, question)
            return True
        values = []
        for operand in calculation.operands:
            value = (
                operand.literal if operand.literal is not None else self._value(operand.question or "", operand.kind)
            )
            if value is None:
                return False
            values.append(value)
        self._add("calculate", {"expression": calculation.template.format(*values)}, question)
        return True

    def _value(self, question: str, kind: OperandKind) -> str | None:
        """A reference to the value that answers `question`, with the tasks that find it."""
        found = self._look_up(question)
        if found is None:
            return None
        prompt = (DATE_PROMPT if kind == "date" else NUMBER_PROMPT) + question
        reference = f"{{{{{self._add(MODEL, {'prompt': prompt, 'passages': f'{{{{{found}}}}}'}, f'Find the {kind}: {question}')}}}}}"
        return f'"{reference}"' if kind == "date" else reference

    def _add(self, tool: str, args: dict[str, Any], goal: str) -> str:
        key = (tool, repr(sorted(args.items())))
        if key not in self._known:
            task_id = f"{_REPLANNED if self.again else 't'}{len(self.tasks) + 1}"
            self.tasks.append(Task(id=task_id, goal=goal, tool=tool, args=args))
            self._known[key] = task_id
        return self._known[key]


def _query(question: str) -> str:
    """The question, and the words that an answer of its kind would use."""
    asked = analyse(question)
    likely = {"age": "age years", "duration": "term years"}.get(asked.kind, "")
    related = [word for term in asked.terms for word in sorted(RELATED_WORDS.get(term.stem, ()))[:3]]
    more = [word for word in dict.fromkeys([*likely.split(), *related]) if word not in question.lower()]
    return f"{question} ({', '.join(more)})" if more else question


def _keywords(question: str) -> str:
    """The question as keywords, with the words that often stand for them."""
    related = [word for term in analyse(question).terms for word in sorted(RELATED_WORDS.get(term.stem, ()))]
    return " ".join(dict.fromkeys([*topic(question).split(), *related]))
