"""What the embedded brain answers over texts and databases that nobody here wrote, by kind: a part of the whole eval.

`python -m evals.reflex_answers` asks all of its goals; its figures are in docs/figures/answers.md.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict

import pytest

from evals.reflex_answers import Grade, answer_all, goals

SOURCES = ("constitution", "gfdl", "cars", "weather", "barley", "nothing")
"""The quickest to index, of each sort."""
LEAST_RIGHT = {
    "action": 8, "aggregate": 9, "arithmetic": 9, "calculation": 11, "count": 9, "dates": 2, "definition": 3,
    "fact": 8, "filter": 9, "follow-up": 7, "group": 6, "join": 7, "list": 5, "misspelt": 2, "several": 4,
    "small talk": 6, "top n": 4, "unanswerable": 17, "who": 2, "yes/no": 5,
}  # fmt: skip
MOST_WRONG = 8
"""Of all kinds together: a wrong answer costs more than none."""

Grades = dict[str, Counter[Grade]]


@pytest.fixture(scope="module")
def grades() -> Grades:
    counted: Grades = defaultdict(Counter)
    for one in asyncio.run(answer_all([goal for goal in goals() if goal.source in SOURCES])):
        counted[one.goal.kind][one.grade] += 1
    return counted


@pytest.mark.slow
@pytest.mark.parametrize("kind", LEAST_RIGHT)
def test_as_many_goals_of_a_kind_are_answered_right(kind: str, grades: Grades) -> None:
    if not grades[kind]:
        pytest.skip("the texts of this kind aren't on this machine")
    answerable = grades[kind].total()
    asked = sum(goal.kind == kind for goal in goals() if goal.source in SOURCES)
    assert grades[kind]["right"] >= LEAST_RIGHT[kind] - (asked - answerable), grades[kind]


@pytest.mark.slow
def test_few_answers_are_wrong(grades: Grades) -> None:
    assert sum(found["wrong"] for found in grades.values()) <= MOST_WRONG, grades


def test_the_halves_are_drawn_from_the_words() -> None:
    """Both have goals of most kinds, and no goal is in the file twice."""
    every = goals()
    assert len({(goal.source, goal.turns) for goal in every}) == len(every)
    halves = Counter(goal.half for goal in every)
    assert min(halves.values()) > 0.35 * len(every)
    assert sum(goal.kind == "unanswerable" for goal in every) >= 40
