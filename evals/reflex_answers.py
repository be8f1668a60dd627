"""How well the embedded brain answers: goals of every kind over texts and databases that nobody here wrote.

    python -m evals.reflex_answers                  a table of both halves, by kind
    python -m evals.reflex_answers dev --show wrong  the goals of one half that came out so, with the answers

Which half a goal belongs to is drawn from its words, not chosen. What the rules are tuned on is `dev` alone.
An answer is right if it holds what it must within 90 words a question; 'not found' if it says that what is missing
isn't there; else wrong. Where the text doesn't say it, only saying so is right.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import os
import re
import sqlite3
import sys
import tempfile
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver

from evals.answers.sources import databases, texts
from graph.guarded import GuardedGraph
from graph.orchestrator import build
from graph.outcome import Outcome
from memory.settings import settings
from state.result import Citation
from tools.catalog import builtin_tools

HALVES = ("dev", "test")
MOST_WORDS = 90
Grade = Literal["right", "not found", "wrong"]
NOTHING = "nothing"
"""The source of goals that need none."""
_UNANSWERABLE = "unanswerable"
_ADMITS = re.compile(r"I found no(?:thing| answer)|do(?:es)?n't say|couldn't be made|can't be compared")
_NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


@dataclass(frozen=True)
class Goal:
    """`turns`: what is said, one after the other; `wanted`: what the last answer must hold."""

    source: str
    kind: str
    turns: tuple[str, ...]
    wanted: tuple[str, ...]

    @property
    def half(self) -> str:
        digest = hashlib.sha256((self.source + " ".join(self.turns)).encode()).digest()
        return HALVES[digest[0] % 2]


@dataclass(frozen=True)
class Graded:
    """A goal, the answer it got and what that is worth."""

    goal: Goal
    answer: str
    grade: Grade


def goals() -> list[Goal]:
    """All goals, in the order of the file."""
    parts = tomllib.loads((Path(__file__).parent / "answers" / "goals.toml").read_text(encoding="utf-8"))
    return [
        Goal(source, kind, (said,) if isinstance(said, str) else tuple(said), tuple(wanted))
        for sources in parts.values()
        for source, written in sources.items()
        for kind, said, *wanted in written
    ]


async def answer_all(chosen: Sequence[Goal]) -> list[Graded]:
    """The goals asked, each conversation in a thread of its own. Those over what isn't on this machine are left out."""
    graded = []
    with tempfile.TemporaryDirectory() as folder:
        before = dict(os.environ)
        os.environ["ORCHESTRATE_HOME"] = f"{folder}/home"
        settings.cache_clear()
        try:
            documents, urls = texts(Path(folder)), databases(Path(folder))
            for source in dict.fromkeys(goal.source for goal in chosen):
                docs, db = documents.get(source), urls.get(source)
                if docs or db or source == NOTHING:
                    graph = await asyncio.to_thread(_graph_over, docs, db)
                    graded += [await _asked(graph, goal, db) for goal in chosen if goal.source == source]
        finally:
            os.environ.clear()
            os.environ.update(before)
            settings.cache_clear()
    return graded


def _graph_over(docs: list[Path] | None, db: str | None) -> GuardedGraph:
    """The orchestrator with its embedded brain and all of its tools but the web's."""
    tools = [
        spec
        for spec in builtin_tools(docs=docs, db=db)
        if spec.name not in ("search_web", "fetch_page", "http_request")
    ]
    return build(brain="reflex", tools=tools, checkpointer=InMemorySaver())


async def _asked(graph: GuardedGraph, goal: Goal, db: str | None) -> Graded:
    config: RunnableConfig = {"configurable": {"thread_id": str(goal.turns)}}
    for turn in goal.turns:
        await graph.ainvoke({"goal": turn}, config)
    snapshot = await graph.aget_state(config)
    outcome = Outcome.of("", snapshot.values, snapshot.interrupts)
    wanted = [_values(one, db) if db and one.startswith("SELECT ") else one for one in goal.wanted]
    answer = outcome.answer or " ".join(str(waiting.request) for waiting in outcome.waiting)
    return Graded(goal, answer, grade(goal, answer, outcome.citations, wanted))


def grade(goal: Goal, text: str, citations: Sequence[Citation], wanted: Sequence[str | list[Any]]) -> Grade:
    """What an answer is worth. `wanted`: patterns, and values that must all be there."""
    if goal.kind == _UNANSWERABLE:
        return "right" if not citations else "wrong"
    missed = sum(not (_holds(text, one) if isinstance(one, list) else _matches(text, one)) for one in wanted)
    if not missed:
        return "right" if len(text.split()) <= MOST_WORDS * max(1, len(wanted)) else "wrong"
    admitted = len(_ADMITS.findall(text))
    return "not found" if not citations or admitted >= missed else "wrong"


def _matches(text: str, pattern: str) -> bool:
    return bool(re.search(pattern, text, re.IGNORECASE | re.DOTALL))


def _holds(text: str, values: list[Any]) -> bool:
    """Whether every value is in the text; numbers as exactly as they are shown."""
    numbers = [float(number.replace(",", "")) for number in _NUMBER.findall(text)]
    for value in values:
        if isinstance(value, int | float):
            if not any(abs(number - value) <= max(0.006, 1e-4 * abs(value)) for number in numbers):
                return False
        elif str(value).partition(" 00:00")[0].lower() not in text.lower():
            return False
    return bool(values)


def _values(sql: str, url: str) -> list[Any]:
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        rows = connection.execute(sql).fetchall()
    return [value for row in rows for value in row]


def table(graded: Iterable[Graded]) -> str:
    """Grades by kind and half, as a Markdown table."""
    counts: dict[tuple[str, str], Counter[Grade]] = defaultdict(Counter)
    for one in graded:
        for kind in (one.goal.kind, "all"):
            counts[kind, one.goal.half][one.grade] += 1
    kinds = sorted({kind for kind, _ in counts}, key=lambda kind: (kind == "all", kind))
    lines = [
        "| kind | dev: goals | right | not found | wrong | test: goals | right | not found | wrong |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for kind in kinds:
        cells = []
        for half in HALVES:
            found = counts[kind, half]
            cells += [found.total(), found["right"], found["not found"], found["wrong"]]
        lines.append(f"| {kind} | {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def main() -> int:
    """Print the table, or the goals that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("half", nargs="?", choices=HALVES)
    parser.add_argument("--show", choices=("right", "not found", "wrong", "all"))
    parser.add_argument("--kind", help="only goals of this kind")
    given = parser.parse_args()
    chosen = [goal for goal in goals() if given.half in (None, goal.half) and given.kind in (None, goal.kind)]
    graded = asyncio.run(answer_all(chosen))
    if left_out := len(chosen) - len(graded):
        print(f"{left_out} goals are left out: their texts aren't on this machine", file=sys.stderr)
    for one in graded:
        if given.show in ("all", one.grade):
            said = " / ".join(one.goal.turns)
            print(f"[{one.grade}] {one.goal.source}, {one.goal.kind}: {said}\n    wanted {list(one.goal.wanted)}")
            print(f"    {' '.join(one.answer.split())}\n")
    print(table(graded))
    return 0


if __name__ == "__main__":
    sys.exit(main())
