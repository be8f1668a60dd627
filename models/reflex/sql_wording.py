"""What a question asks of the rows: which function of which column, of which groups, and how many."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.reflex.quantities import find_numbers
from models.reflex.schema import Column
from models.reflex.sql_filters import Filters
from models.reflex.sql_names import ADJECTIVES, positive
from models.reflex.words import stem

MOST_ROWS = 201
"""One more than `query_database` returns, which then says that there are more."""
_AGGREGATES: tuple[tuple[str, str, str], ...] = (
    ("AVG", "average", r"\b(?:average|mean|avg|on average|typical|durchschnitt\w*|mittlere\w*)\b"),
    ("SUM", "total", r"\b(?:total|sum of|altogether|in total|combined|summe|insgesamt|gesamt\w*)\b"),
    (
        "MAX",
        "highest",
        r"\b(?:highest|maximum|max|(?<!at\s)most|largest|greatest|biggest|best|top|latest|newest|last|longest|peak|höchste\w*|größte\w*|meisten?|maximale?\w*)\b",
    ),
    (
        "MIN",
        "lowest",
        r"\b(?:lowest|minimum|min|(?<!at\s)least|smallest|fewest|worst|earliest|oldest|first|shortest|bottom|niedrigste\w*|kleinste\w*|wenigsten?|minimale?\w*)\b",
    ),
)
_LOW = frozenset({"light", "cheap", "slow", "short", "cold"})
_AGED = re.compile(r"\b(?:(?P<old>oldest|älteste\w*)|youngest|newest|jüngste\w*)\b", re.IGNORECASE)
_TRADED = r"(?:sold|sells?|bought|earned|produced|shipped|delivered|generated)"
_IS_SUMMED = re.compile(
    rf"\b{_TRADED}\s+(?:the\s+)?(?:most|least|fewest|best|worst)\b"
    rf"|\b(?:most|least|fewest)\s+(?:\w+\s+){{0,2}}?(?:(?:were|was)\s+)?{_TRADED}\b"
    r"|\b(?:most|least|fewest)\s+(?:units|revenue)\b",
    re.IGNORECASE,
)
"""Superlatives of a sum over rows: 'Which month sold most?'"""
_IN_ALL = re.compile(rf"\b(?:was|were|there|per|each|in total|{_TRADED})\b", re.IGNORECASE)
_OF_ONE = re.compile(r"\b(?:has|have|had|do|does)\b", re.IGNORECASE)
DISTINCT = re.compile(r"\b(?:different|distinct|unique|kinds? of|types? of)\b", re.IGNORECASE)
_FEW = r"(\d{1,3}|two|three|four|five|six|ten)"
TOP = re.compile(
    rf"\b(?:top|first|last|bottom|\w+est)\s+{_FEW}\b|\b{_FEW}\s+(?:\w+\s+)?(?:with the )?(?:most|first|last|\w+est)\b"
    rf"|^\W*(?:which|what|who|list|show|name)\s+(?:the\s+|are the\s+)?{_FEW}\b",
    re.IGNORECASE,
)
_BY_TIME = re.compile(r"\b(?:when|last|latest|newest|first|earliest|(?:most )?recent)\b", re.IGNORECASE)
"""What asks for a date, or by it, if nothing else is asked for."""
_IN_TIME = re.compile(r"\b(?:last|latest|first|earliest|most recent)\b", re.IGNORECASE)
_PARTS_OF_DATES = {"month": 7, "year": 4}
"""How many characters of a date tell them."""
_MOST_ROWS_OF = re.compile(
    r"(?<!at\s)\b(?:most|fewest|least|meisten?|wenigsten?|(?:highest|lowest|largest|smallest|greatest) number of)\b",
    re.IGNORECASE,
)
BY = re.compile(
    r"\b(?:by|per|for each|for every|in each|of each|each|grouped by|across|pro|je|nach)\s+"
    r"(?:the\s+)?(?:(?:number|kind|type|sort)s?\s+of\s+)?(\w+)",
    re.IGNORECASE,
)
_EACH = re.compile(r"\b(?:and|und)\b", re.IGNORECASE)
"""Between values of a column, each of which is asked about."""
_WHEN = re.compile(r"^\W*when\b", re.IGNORECASE)
_HOW_MUCH = re.compile(r"^\W*how much\b", re.IGNORECASE)
WHICH = re.compile(
    r"^\W*(?:(?:in|on|at|for|from|during)\s+)?(?:which|what|(?P<who>who))\s+(?:(?:\d+|one|two|three|five|ten)\s+)?(?P<entity>[\w-]+)",
    re.IGNORECASE,
)


class Wording(Filters):
    """What is asked for, in words of the schema."""

    def summed(self, measure: Column | None, entity: Column | None) -> Column | None:
        """What is added up to find the most of it: what is named, else the only thing the table measures."""
        if not _IS_SUMMED.search(self.question):
            return None
        if measure is not None and measure is not entity and measure.is_numeric and not measure.is_date:
            return None if measure.pointer else measure
        numeric = [column for column in self.table.columns if column.is_numeric and not column.is_date]
        return numeric[0] if len(numeric) == 1 and not numeric[0].pointer and not self.named.by_table else None

    @property
    def counts_rows(self) -> bool:
        """'Which customer has the most orders?': unlike 'the biggest order', it is about how many there are."""
        return self.named.by_table and bool(_MOST_ROWS_OF.search(self.question))

    @property
    def is_in_time(self) -> bool:
        """'The first price' is the earliest one, not the lowest."""
        return bool(_IN_TIME.search(self.question))

    def aggregate(self) -> str:
        found = next(((function, match) for function, _, match in self._said()), None)
        aged = _AGED.search(self.question)
        if aged and (found is None or found[1].start() == aged.start()):
            self.use(aged)
            is_age = any("age" in c.words and c.is_numeric and not c.is_date for c in self.columns())
            return "MAX" if bool(aged["old"]) == is_age else "MIN"
        if found:
            self.use(found[1])
            return found[0]
        of_one = bool(_OF_ONE.search(self.question)) and any(column is self.entity for column, _ in self.named.values)
        if (_HOW_MUCH.match(self.question) and not of_one) or self._counts_in_all():
            return "SUM"
        superlative = positive(self.superlative())
        if superlative in ADJECTIVES and self.superlative() != superlative:
            return "MIN" if superlative in _LOW else "MAX"
        return ""

    def _said(self) -> Iterator[tuple[str, str, re.Match[str]]]:
        """The functions that the question names, each with its name and where. 'The highest total' of a column called
        total is no sum."""
        for function, name, pattern in _AGGREGATES:
            for match in re.finditer(pattern, self.question, re.IGNORECASE):
                if function not in ("AVG", "SUM") or not self.names_extreme(match):
                    yield function, name, match

    def names_extreme(self, match: re.Match[str]) -> bool:
        """Whether the words are a column's name, and the question asks for its highest or lowest value."""
        extremes = (pattern for function, _, pattern in _AGGREGATES if function in ("MAX", "MIN"))
        names = {i for name, found in self.named.columns.items() if name not in self.named.loosely for i in found}
        is_name = any(match.start() <= self.words[i].start < match.end() for i in names)
        which = WHICH.match(self.question)
        is_of_period = which and stem(which["entity"]) in _PARTS_OF_DATES and self.table.date  # a month has many rows
        return (
            is_name
            and not is_of_period
            and any(re.search(pattern, self.question, re.IGNORECASE) for pattern in extremes)
        )

    def _counts_in_all(self) -> bool:
        """'How many units were sold?' asks for the sum of what rows count, unlike how many a single thing has."""
        if not re.search(r"\bhow many\b", self.question, re.IGNORECASE) or DISTINCT.search(self.question):
            return False
        is_sum = _IN_ALL.search(self.question) and not _OF_ONE.search(self.question)
        return bool(is_sum) and any(c.is_numeric and not c.is_date and self.is_counted(c) for c in self.columns())

    def superlative(self) -> str:
        for index, word in enumerate(self.words):
            if word.text.lower().endswith("est") and positive(word.stem) in ADJECTIVES:
                self.used.add(index)
                return word.stem
        return ""

    def function(self, aggregate: str) -> tuple[str, str]:
        for function, name, _ in self._said():
            if function in ("AVG", "SUM") or function == aggregate:
                return function, name
        if aggregate == "SUM":
            return "SUM", "total"
        return (aggregate, "lowest" if aggregate == "MIN" else "highest") if aggregate else ("AVG", "average")

    @property
    def entity(self) -> Column | None:
        """What a row is about: the day it is of, if days are asked for."""
        return (self.named.by_day and self.table.date) or self.table.entity

    def columns(self) -> list[Column]:
        return [self.named.column(name) for name in self.named.columns]

    def measure(self) -> Column | None:
        """The column whose value is asked for: numeric if there is one, not the one a filter is on."""
        columns = [
            c for c in self.columns() if c.name not in self.filtered and c not in [v for v, _ in self.named.values]
        ]
        wanted = {"MAX": "max", "MIN": "min"}.get(self.aggregate(), "")
        columns.sort(key=lambda column: (-len(self.named.columns[column.name]), wanted not in column.words))
        numeric = [column for column in columns if column.is_numeric]
        if not columns and self.named.by_table and (match := _BY_TIME.search(self.question)):
            self.use(match)
            return self.table.date
        return (numeric or columns or [None])[0]  # type: ignore[list-item]

    def group(self) -> Column | None:
        """What there is one row for each of. There is no query for two such things."""
        groups = list(dict.fromkeys(self._groups()))
        self.is_contrary = self.is_contrary or len(groups) > 1
        return groups[0] if groups else None

    def _groups(self) -> Iterator[Column]:
        for match in BY.finditer(self.question):
            word = next((w for w in self.words if w.start == match.start(1)), None)
            if word is None:
                continue
            for name, indices in self.named.columns.items():
                if any(self.words[i].start == word.start for i in indices) and "gallon" not in word.stem:
                    column = self.named.column(name)
                    if len(indices) == 1 or match.group().lower().startswith(("by", "for", "grouped", "in", "each")):
                        yield column
            if part := self._part_of_date(word.start):
                yield part
        yield from (c for c, _ in self.named.values if len(self.values_of(c)) > 1 and _EACH.search(self.question))

    def _part_of_date(self, start: int) -> Column | None:
        """The month or the year of the table's date, if that is the word which begins at `start`."""
        index = next((i for i, word in enumerate(self.words) if word.start == start), None)
        if index is None or self.table.date is None or self.words[index].stem not in _PARTS_OF_DATES:
            return None
        self.used.add(index)
        name = self.words[index].stem
        return self.table.date.by(name, _PARTS_OF_DATES[name])

    def asked_entity(self) -> Column | None:
        if _WHEN.match(self.question):
            return self.table.time
        match = WHICH.match(self.question)
        if not match or match["who"]:
            return None
        for name, indices in self.named.columns.items():
            if any(self.words[i].start == match.start("entity") for i in indices):
                return self.named.column(name)
        return self._part_of_date(match.start("entity"))

    def is_counted(self, column: Column) -> bool:
        match = re.search(
            r"\b(?:how many|number of|count of)\s+(?:(?:different|distinct|unique|the)\s+)*(\w+)", self.question, re.I
        )
        indices = self.named.columns[column.name]
        return bool(match) and any(self.words[i].start == match.start(1) for i in indices)  # type: ignore[union-attr]

    def limit(self) -> int:
        match = TOP.search(self.question)
        if not match:
            return 1
        numbers = find_numbers(match[1] or match[2] or match[3])
        self.use(match)
        return max(1, min(MOST_ROWS, int(numbers[0].value))) if numbers else 1
