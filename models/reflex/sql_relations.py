"""Rows that have so many rows of another table: customers without orders, with more than two, who ordered once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from models.reflex.quantities import find_numbers
from models.reflex.schema import Column, Table, quoted
from models.reflex.words import Word, same_word

_NONE = r"(?P<none>no|never|without|(?:not|\w+n['’]t)(?:\s+have)?(?=\s+(?:any|a|an|ever|been|ordered|had)?\b))"
_BOUND = r"(?P<how>more than|over|at least|fewer than|less than|at most|no more than|exactly|only)"
_NUMBER = r"(?P<number>\d{1,6}|one|two|three|four|five|six|seven|eight|nine|ten|once|twice)"
_BEFORE = re.compile(
    rf"\b(?:{_NONE}(?:\s+(?:any|an?|ever|been|have|has|had|placed|made))*|(?:{_BOUND}\s+)?{_NUMBER})\s+$", re.IGNORECASE
)
_AFTER = re.compile(
    rf"\s+(?:(?P<none>nothing)|(?:{_BOUND}\s+)?(?:(?P<times>once|twice)|{_NUMBER}\s+times))\b", re.IGNORECASE
)
_OPERATORS = {
    "more than": ">", "over": ">", "at least": ">=", "fewer than": "<", "less than": "<", "at most": "<=",
    "no more than": "<=",
}  # fmt: skip


@dataclass(frozen=True)
class Relation:
    """A condition on the rows of `table`, and the part of the question that says it."""

    table: Table
    condition: str
    start: int
    end: int


def relation_in(question: str, words: Sequence[Word], tables: Sequence[Table]) -> Relation | None:
    """The rows of one table that a question bounds by how many rows of another point at them, if it does."""
    pairs = ((table, column) for table in tables if not table.joins for column in table.columns)
    for table, column in pairs:
        name, _, key = column.references.rpartition(".")
        counted = next((other for other in tables if other.name == name and not other.joins), None)
        if counted is None or counted is table or not _names(counted, words):
            continue
        for word in words:
            if any(same_word(part, word.stem) for part in table.words) and (said := _said(question, word)):
                return Relation(counted, _condition(table, column, counted, key, said), *_span(said, word))
    return None


def _names(table: Table, words: Sequence[Word]) -> bool:
    return any(same_word(part, word.stem) for part in table.words for word in words)


def _said(question: str, word: Word) -> re.Match[str] | None:
    """What bounds the rows that `word` names: 'no', 'more than two', 'only once'."""
    return _BEFORE.search(question, 0, word.start) or _AFTER.match(question, word.end)


def _span(said: re.Match[str], word: Word) -> tuple[int, int]:
    return min(said.start(), word.start), max(said.end(), word.end)


def _condition(table: Table, column: Column, counted: Table, key: str, said: re.Match[str]) -> str:
    count = f"(SELECT COUNT(*) FROM {table.sql} WHERE {table.sql}.{column.sql} = {counted.sql}.{quoted(key)})"
    if said["none"]:
        return f"{count} = 0"
    number = said["number"] or said.groupdict().get("times") or ""
    operator = _OPERATORS.get(" ".join((said["how"] or "").lower().split()), "=")
    return f"{count} {operator} {int(find_numbers(number)[0].value)}"
