"""Plans by rules: which tool serves each question, and what has to be looked up before it can be calculated."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.reflex.arithmetic import Calculation, Operand, OperandKind, back_reference, calculation_of
from models.reflex.extract import DATE_PROMPT, NUMBER_PROMPT, TEXT_PROMPT
from models.reflex.goals import leans_back
from models.reflex.handing_on import HandingOn, handing_on
from models.reflex.question import analyse, topic
from models.reflex.routing import URL, route_actions, route_question
from models.reflex.schema import tables_of
from models.reflex.sql import Query, query_for
from models.reflex.words import NUMERALS, RELATED_WORDS, words
from state import references
from state.intent import Intent
from state.plan import MODEL, Plan, Problem, Task
from state.result import TaskResult
from tools.registry import ToolSpec
from tools.unnamed import OF_THE_USER, is_unreadable

PASSAGES = 14
"""Passages a search brings back."""
LONGEST_SUBJECT = 120
"""Characters of a mail's subject where none is given."""
_REPLANNED = "r"
_UNIT = r"(?:time|date|day|weekday|day of the week|year|month)"
CLOCK = re.compile(
    rf"^\W*(?:(?:what(?:'s| is)|tell me|do you know)\s+(?:the\s+)?(?:current\s+|today's\s+|local\s+)?{_UNIT}"
    rf"|what\s+{_UNIT}\s+is\s+(?:it|today)|what(?:'s| is)\s+today)"
    r"(?:\s+(?:is it|it is|is today|now|today|right now))*(?:\s+in\s+(?P<zone>[\w/ ]+?))?"
    r"(?:\s+(?:now|today|right now))?\W*$",
    re.IGNORECASE,
)
"""Questions that the clock answers."""
_FILE = re.compile(r"(?<![\w/])(?:[\w.-]+/)*[\w-]+\.(?:txt|md|csv|json|html?|pdf|docx|log|toml|ya?ml|py|ini|rst|xml)\b")
_ASKS_FOR_THE_WEB = re.compile(
    r"^\W*(?:(?:please|can you|could you|would you|then|and|i want you to)\s+)*"
    r"(?:(?:search|browse|query|check|ask|use)\s+(?:on\s+|in\s+)?(?:the\s+)?(?:web|internet|online|google|duckduckgo)\b"
    r"|google\b|(?:do|run|make)\s+a\s+(?:web|google|internet)\s+search\b"
    r"|(?:search|look|find)\b[^?!]*\b(?:(?:on|in|from)\s+the\s+(?:web|internet)|online)\b)"
    r"|^\W*(?:suche?|such|finde|schau\w*)\b[^?!]*\b(?:im (?:web|internet|netz)|online)\b",
    re.IGNORECASE,
)
"""Goals that tell to search the web. A question that only speaks of it doesn't."""
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
    intent = intent.model_copy(
        update={"goal": references.literal(intent.goal), "questions": list(map(references.literal, intent.questions))}
    )
    # Documents that can't be read are planned with all the same: the plan's check then says why they can't.
    usable = {
        spec.name: spec
        for spec in tools
        if not spec.unavailable or (spec.name == "search_documents" and is_unreadable(spec))
    }
    again = bool(results)
    if results and any(task_id.startswith(_REPLANNED) for task_id in results):
        return Plan(tasks=[])
    is_private = any(map(_is_over_the_users, tools))
    first = _Planner(usable, is_private, again).plan(intent)
    if not problems:
        return first
    blamed = {problem.task for problem in problems if problem.task}
    tools_blamed = {task.tool for task in first.tasks if task.id in blamed}
    if any(problem.code in _UNUSABLE for problem in problems):
        usable = {name: spec for name, spec in usable.items() if name not in tools_blamed}
    second = _Planner(usable, is_private, again).plan(intent)
    dropped = second.downstream(blamed & {task.id for task in second.tasks}) if second == first else set()
    return Plan(tasks=[task for task in second.tasks if task.id not in dropped])


@dataclass
class _Planner:
    """One plan in the making. Looks the same thing up only once.

    `is_private`: whether the user named documents or a database. A question about them must not leave for a search
    engine, be it because they don't answer or because they can't be read.
    """

    tools: Mapping[str, ToolSpec]
    is_private: bool
    again: bool = False
    tasks: list[Task] = field(default_factory=list)
    asks_for_the_web: bool = False
    _known: dict[tuple[str, str], str] = field(default_factory=dict)

    def plan(self, intent: Intent) -> Plan:
        if intent.reply or intent.missing:
            return Plan(tasks=[])
        if intent.kind == "action":
            return self._act(intent)
        questions = intent.questions or [intent.goal]
        self.asks_for_the_web = len(questions) == 1 and bool(_ASKS_FOR_THE_WEB.match(intent.goal))
        for position, question in enumerate(questions):
            if handed := handing_on(question):
                self._hand_on(handed, question, questions[:position])
            elif leans_back(question) and (made := back_reference(question)):
                earlier = [q for q in questions[:position] if not leans_back(q)][-2:]
                template, name = made
                if len(earlier) == 2:
                    operands = tuple(Operand(question=q) for q in earlier)
                    self._calculate(Calculation(template, operands, name), question)
            elif (calculation := calculation_of(question)) is None or not self._calculate(calculation, question):
                self._serve(question)
        return Plan(tasks=self.tasks)

    def _serve(self, question: str) -> None:
        """The tasks that find what answers one question."""
        if (match := CLOCK.match(question)) and "now" in self.tools:
            zone = _zone(match["zone"])
            self._add("now", {"timezone": zone} if zone else {}, question)
        else:
            self._answer(question)

    def _answer(self, question: str) -> None:
        """The tasks that bring what may answer: a query if the tables hold it, a search, or both if it isn't clear."""
        query = self._query(question)
        if query:
            self._add(self._database.name, {"sql": query.sql}, question)  # type: ignore[union-attr]
        if query and not query.is_guess and not self.again:
            return
        routed = route_question(question, self.tools.values())
        if routed:
            self._add(routed[0].name, routed[1], question)
        self._look_up(question)

    def _hand_on(self, handed: HandingOn, told: str, questions: Sequence[str]) -> None:
        """The call that hands on what answers the questions; none without a tool for it."""
        if handed.tool not in self.tools:
            return
        found = {question: answer for question in questions if (answer := self._text_of(question))}
        text = "\n".join(f"{question} {answer}" for question, answer in found.items())
        if text and handed.path:
            self._add(handed.tool, {"path": handed.path, "content": f"{text}\n"}, told)
        elif text:
            subject = handed.subject or " ".join(found)[:LONGEST_SUBJECT]
            self._add(handed.tool, {"to": handed.to, "subject": subject, "body": f"{text}\n"}, told)

    def _text_of(self, question: str) -> str | None:
        """A reference to what answers a question, as text; None if nothing looks it up."""
        tasks = [task for task in self.tasks if task.goal == question]
        if not tasks:
            return None
        found = tasks[-1]
        if found.tool.startswith(("search_", "fetch_", "read_")):
            args = {"prompt": TEXT_PROMPT + question, "passages": f"{{{{{found.id}}}}}"}
            return f"{{{{{self._add(MODEL, args, f'Find the text: {question}')}}}}}"
        if found.tool == "now":
            return ", ".join(f"{{{{{found.id}.{part}}}}}" for part in ("weekday", "date", "time", "timezone"))
        if self._database and found.tool == self._database.name:
            query = self._query(question)
            return (
                f'{{{{{found.id}.rows[0]["{query.value}"]}}}}' if query and query.single else f"{{{{{found.id}.rows}}}}"
            )
        return f"{{{{{found.id}}}}}"

    def _act(self, intent: Intent) -> Plan:
        """The calls that the user's words clearly ask for, one after the other; no plan if there is none."""
        for spec, args in route_actions(intent.goal, self.tools.values()):
            before = [self.tasks[-1].id] if self.tasks else []
            self._add(spec.name, args, intent.goal, before)
        return Plan(tasks=self.tasks)

    @property
    def _database(self) -> ToolSpec | None:
        """The tool that queries a database whose schema is known."""
        return next((spec for spec in self.tools.values() if spec.risk == "read" and tables_of(spec)), None)

    def _query(self, question: str) -> Query | None:
        return query_for(question, tables_of(self._database)) if self._database else None

    def _look_up(self, question: str) -> str | None:
        """The id of a task that brings passages which may answer."""
        if (url := URL.search(question)) and "fetch_page" in self.tools:
            return self._add("fetch_page", {"url": url.group()}, question)
        if (path := _FILE.search(question)) and "read_file" in self.tools and "search_documents" not in self.tools:
            return self._add("read_file", {"path": path.group()}, question)
        query = _keywords(question) if self.again else _query(question)
        for name in self._searches(question):
            if name in self.tools:
                return self._add(name, {"query": query, "k": PASSAGES}, question)
        return None

    def _searches(self, question: str) -> Sequence[str]:
        """The tools that may look a question up, the one to prefer first."""
        if _ASKS_FOR_THE_WEB.match(question) or self.asks_for_the_web:
            return ("search_web", "search_documents")
        return ("search_documents",) if self.is_private else ("search_documents", "search_web")

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
        query = self._query(question)
        if query and (sql := query.sql if query.single else query.alone) and self._database:
            task_id = self._add(self._database.name, {"sql": sql}, question)
            return f'{{{{{task_id}.rows[0]["{query.value}"]}}}}'
        found = self._look_up(question)
        if found is None:
            return None
        prompt = (DATE_PROMPT if kind == "date" else NUMBER_PROMPT) + question
        args = {"prompt": prompt, "passages": f"{{{{{found}}}}}"}
        reference = f"{{{{{self._add(MODEL, args, f'Find the {kind}: {question}')}}}}}"
        return f'"{reference}"' if kind == "date" else reference

    def _add(self, tool: str, args: dict[str, Any], goal: str, after: Sequence[str] = ()) -> str:
        key = (tool, repr(sorted(args.items())))
        if key not in self._known:
            task_id = f"{_REPLANNED if self.again else 't'}{len(self.tasks) + 1}"
            self.tasks.append(Task(id=task_id, goal=goal, tool=tool, args=args, after=list(after)))
            self._known[key] = task_id
        return self._known[key]


def _is_over_the_users(spec: ToolSpec) -> bool:
    """Whether a tool reads documents or a database that the user named, be they readable or not."""
    if spec.unavailable:
        return is_unreadable(spec)
    return spec.name in OF_THE_USER or (spec.risk == "read" and bool(tables_of(spec)))


def _zone(place: str | None) -> str | None:
    """The time zone of a place by its name: 'new york' -> 'America/New_York'; None if there is none."""
    if not place:
        return None
    from zoneinfo import available_timezones

    wanted = place.strip().replace(" ", "_").lower()
    zones = sorted(available_timezones())
    return next((zone for zone in zones if wanted in (zone.lower(), zone.lower().rpartition("/")[2])), place.strip())


def _query(question: str) -> str:
    """The question, and the words that an answer of its kind would use."""
    asked = analyse(question)
    likely = {"age": "age years", "duration": "term years"}.get(asked.kind, "")
    related = [word for term in asked.terms for word in _likeliest(term.stem)]
    said = {word.text.lower() for word in words(question)}
    implied = [term.word.text for term in asked.terms if term.implied]
    joined = [word for term in asked.terms for word in term.compounds]
    more = [word for word in dict.fromkeys([*likely.split(), *implied, *related, *joined]) if word not in said]
    return f"{question} ({', '.join(more)})" if more else question


def _likeliest(stem: str) -> list[str]:
    """A few words that may stand for one of that stem; of an ordinal the numeral that headings have."""
    related = sorted(RELATED_WORDS.get(stem, ()))
    return [word for word in related if word in NUMERALS] or related[:3]


def _keywords(question: str) -> str:
    """The question as keywords, with the words that often stand for them."""
    related = [word for term in analyse(question).terms for word in sorted(RELATED_WORDS.get(term.stem, ()))]
    return " ".join(dict.fromkeys([*topic(question).split(), *related]))
