"""SQL for a question in words, made by matching it to the schema; None where the mapping isn't clear."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from models.reflex.quantities import find_numbers
from models.reflex.schema import ADJECTIVES, Column, Table, named_in, positive
from models.reflex.sql_filters import Filters
from models.reflex.words import words

MOST_ROWS = 201
"""One more than `query_database` returns, which then says that there are more."""
CLEAR, UNSURE = 0.99, 0.66
_GUESS = 0.9
"""Shares of a question's content words that the schema explains: query only; query and search as well."""

_AGGREGATES: tuple[tuple[str, str, str], ...] = (
    ("AVG", "average", r"\b(?:average|mean|avg|on average|typical|durchschnitt\w*|mittlere\w*)\b"),
    ("SUM", "total", r"\b(?:total|sum of|altogether|in total|combined|summe|insgesamt|gesamt\w*)\b"),
    (
        "MAX",
        "highest",
        r"\b(?:highest|maximum|max|most|largest|greatest|biggest|best|top|latest|newest|last|longest|peak|höchste\w*|größte\w*|meisten?|maximale?\w*)\b",
    ),
    (
        "MIN",
        "lowest",
        r"\b(?:lowest|minimum|min|least|smallest|fewest|worst|earliest|oldest|first|shortest|bottom|niedrigste\w*|kleinste\w*|wenigsten?|minimale?\w*)\b",
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
_COUNT = re.compile(
    r"\bhow many\b|\bwie viele\b|\banzahl\b|\b(?:number|count) of\b|\bcount (?:the|all)\b", re.IGNORECASE
)
_DISTINCT = re.compile(r"\b(?:different|distinct|unique|kinds? of|types? of)\b", re.IGNORECASE)
_MOST_COMMON = re.compile(r"\bmost (?:common|frequent|often)\b", re.IGNORECASE)
_TOP = re.compile(r"\b(?:top|first|best|highest|largest|biggest|lowest|worst|bottom)\s+"
                  r"(\d{1,3}|two|three|four|five|six|ten)\b"
                  r"|\b(\d{1,3}|two|three|four|five|six|ten)\s+(?:\w+\s+)?(?:with the )?"
                  r"(?:highest|lowest|most|largest|best|\w+est)\b",
                  re.IGNORECASE)  # fmt: skip
_BY = re.compile(
    r"\b(?:by|per|for each|for every|in each|of each|each|grouped by|across|pro|je|nach)\s+"
    r"(?:the\s+)?(?:(?:number|kind|type|sort)s?\s+of\s+)?(\w+)",
    re.IGNORECASE,
)
_SHARE = re.compile(r"^\W*(?:what|which) (?:percent(?:age)?|share|proportion) of\b", re.IGNORECASE)
_HOW_MUCH = re.compile(r"^\W*how much\b", re.IGNORECASE)
_WHICH = re.compile(
    r"^\W*(?:(?:in|on|at|for|from|during)\s+)?(?:which|what|who)\s+(?:(?:\d+|one|two|three|five|ten)\s+)?(?P<entity>[\w-]+)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Query:
    """A query. `value`: the name of the column that holds the answer; `single`: it comes to one row.

    `confidence`: the share of the question's content words that the schema explains, 0 to 1.
    """

    sql: str
    value: str
    single: bool
    confidence: float

    @property
    def is_clear(self) -> bool:
        return self.confidence >= CLEAR


def query_for(question: str, tables: Sequence[Table]) -> Query | None:
    """The query that answers `question`, if the tables have what it names."""
    question = question.replace("_", " ")
    found = words(question)
    plain = [named_in(table, found) for table in tables if not table.joins]
    joined = [n for n in (named_in(table, found) for table in tables if table.joins) if n.needs_join]
    named = [*plain, *(n for n in joined if not any(n.used <= alone.used for alone in plain))]
    best = max(named, key=lambda n: (n.weight, len(n.used)), default=None)
    if best is None or best.weight < 1.0 or not (best.by_table or best.columns.keys() - best.loosely):
        return None
    return _Builder(question, found, best).build()


class _Builder(Filters):
    """One query in the making."""

    def build(self) -> Query | None:
        self.filter_by_values()
        self.filter_by_date()
        self.filter_by_year()
        self.filter_by_numbers()
        self._limit()
        aggregate = self._aggregate()
        measure = self._measure()
        group = self._group()
        if measure is group and group is not None:
            others = [c for c in self._columns() if c is not group and c.is_numeric and c.name not in self.filtered]
            measure = others[0] if others else measure
        if group is not None and (measure is group or (group.is_numeric and _TOP.search(self.question))):
            group, measure = (None, group) if group.is_numeric and _TOP.search(self.question) else (group, None)
        if group is not None and measure is not None and measure.pointer:
            return None  # its values would be counted once for each row that points at them
        if self.names_something_else():
            self.filter_by_name(measure)
        made = (
            self._most_common()
            or self._share()
            or self._count(aggregate, group, measure)
            or self._grouped(aggregate, group, measure)
            or self._extreme(aggregate, measure)
            or self._aggregated(aggregate, measure)
            or self._looked_up(measure)
        )
        if made is None:
            return None
        if self.names_something_else() or self.denies_something_else or (self.denies and self.confidence() < CLEAR):
            return None
        sql, value, single = made
        return Query(sql, value, single, min(self.confidence(), _GUESS) if self.is_guess else self.confidence())

    def _count(self, aggregate: str, group: Column | None, measure: Column | None) -> tuple[str, str, bool] | None:
        if not _COUNT.search(_BY.sub("", self.question)):
            return None
        counted = next((c for c in self._columns() if self._is_counted(c)), None)
        if counted is not None and measure is counted and counted.is_numeric and aggregate == "SUM":
            return None
        if group is not None:
            is_other = counted is not None and counted is not group and counted.is_joined_entity
            rows = f"DISTINCT {counted.pointer}" if counted is not None and is_other else "*"
            sql = (f"SELECT {group.shown}, COUNT({rows}) AS count {self.source()} GROUP BY {group.grouped} "
                   f"ORDER BY count DESC LIMIT {MOST_ROWS}")  # fmt: skip
            return sql, "count", False
        if counted is not None and measure is counted and counted.is_numeric and not _DISTINCT.search(self.question):
            return None
        if counted is not None and counted.is_joined_entity:
            return f"SELECT COUNT(DISTINCT {counted.pointer}) AS count {self.source()}", "count", True
        if counted is not None and (_DISTINCT.search(self.question) or not self.named.by_table):
            return f"SELECT COUNT(DISTINCT {counted.sql}) AS count {self.source()}", "count", True
        return (f"SELECT COUNT(*) AS count {self.source()}", "count", True) if self.named.by_table else None

    def _share(self) -> tuple[str, str, bool] | None:
        """What percentage of the cars come from Japan?"""
        if not _SHARE.match(self.question) or not self.named.by_table or not self.where:
            return None
        counted = f"(SELECT COUNT(*) {self.source()})"
        return f"SELECT 100.0 * {counted} / COUNT(*) AS percentage FROM {self.table.sql}", "percentage", True

    def _grouped(self, aggregate: str, group: Column | None, measure: Column | None) -> tuple[str, str, bool] | None:
        function, name = self._function(aggregate)
        if group is not None and measure is not None and measure.is_numeric:
            value = f"{name}_{measure.name}"
            sql = (f'SELECT {group.shown}, {function}({measure.sql}) AS "{value}" {self.source()} '
                   f'GROUP BY {group.grouped} ORDER BY "{value}" DESC LIMIT {MOST_ROWS}')  # fmt: skip
            return sql, value, False
        entity = self._asked_entity()
        summed = self._summed(measure, entity)
        if entity is not None and summed is not None and aggregate in ("MAX", "MIN"):
            value, direction = f"total_{summed.name}", "ASC" if aggregate == "MIN" else "DESC"
            sql = (f'SELECT {entity.shown}, SUM({summed.sql}) AS "{value}" {self.source()} GROUP BY {entity.grouped} '
                   f'ORDER BY "{value}" {direction} LIMIT {self._limit()}')  # fmt: skip
            return sql, value, self._limit() == 1
        is_summed = any(
            not self._names_extreme(match)
            for match in re.finditer(r"\b(?:average|mean|total|sum)\b", self.question, re.IGNORECASE)
        )
        if (
            entity is None
            or (entity is self._entity and not entity.pointer and not is_summed)
            or aggregate not in ("MAX", "MIN", "AVG", "SUM")
        ):
            return None
        order = (
            "ASC"
            if aggregate == "MIN" or re.search(r"\b(?:lowest|least|fewest|smallest)\b", self.question, re.I)
            else "DESC"
        )
        if measure is None or measure is entity:
            if not self.named.by_table:
                return None
            sql = (f"SELECT {entity.shown}, COUNT(*) AS count {self.source()} GROUP BY {entity.grouped} "
                   f"ORDER BY count {order} LIMIT {self._limit()}")  # fmt: skip
            return sql, "count", self._limit() == 1
        if is_summed:
            value = f"{name}_{measure.name}"
            sql = (f'SELECT {entity.shown}, {function}({measure.sql}) AS "{value}" {self.source()} '
                   f'GROUP BY {entity.grouped} ORDER BY "{value}" {order} LIMIT {self._limit()}')  # fmt: skip
            return sql, value, self._limit() == 1
        return None

    def _extreme(self, aggregate: str, measure: Column | None) -> tuple[str, str, bool] | None:
        """Which car has the highest miles per gallon?"""
        asks_which = (
            bool(_WHICH.match(self.question))
            or self._limit() > 1
            or bool(re.match(r"^\W*(?:list|show)", self.question, re.I))
        )
        entity = self._asked_entity() or self._entity
        is_value = bool(
            re.match(
                r"^\W*what\s+(?:is|was|are|were)\s+the\s+(?:\w+est|maximum|minimum|max|min)\b", self.question, re.I
            )
        )
        if aggregate not in ("MAX", "MIN") or measure is None or entity is None or not asks_which:
            return None
        if (
            is_value
            and self._limit() == 1
            and not (self.named.by_table and positive(self._superlative()) in ADJECTIVES)
        ):
            return None
        if measure is entity:
            return None
        order = "DESC" if aggregate == "MAX" else "ASC"
        sql = (f"SELECT {entity.shown}, {measure.shown} {self.source(f'{measure.sql} IS NOT NULL')} "
               f"ORDER BY {measure.sql} {order} LIMIT {self._limit()}")  # fmt: skip
        return sql, measure.name, self._limit() == 1

    def _aggregated(self, aggregate: str, measure: Column | None) -> tuple[str, str, bool] | None:
        if (
            not aggregate
            or measure is None
            or not (measure.is_numeric or (measure.is_date and aggregate in ("MAX", "MIN")))
        ):
            return None
        function, name = self._function(aggregate)
        value = f"{name}_{measure.name}"
        if measure.pointer and function in ("AVG", "SUM"):
            once = f"SELECT DISTINCT {measure.pointer}, {measure.sql} AS value {self.source()}"
            return f'SELECT {function}(value) AS "{value}" FROM ({once}) AS each_once', value, True
        return f'SELECT {function}({measure.sql}) AS "{value}" {self.source()}', value, True

    def _looked_up(self, measure: Column | None) -> tuple[str, str, bool] | None:
        """What is the horsepower of the ford pinto?"""
        entity = self._entity
        columns = [column for column in self._columns() if column not in [c for c, _ in self.named.values]]
        is_named = self.is_guess or self.filter_by_name(measure)
        if (self.where or is_named) and measure is not None and entity is not None and measure is not entity:
            shown = ", ".join(dict.fromkeys([entity.shown, *(column.shown for column in columns)]))
            return f"SELECT {shown} {self.source()} LIMIT {MOST_ROWS}", measure.name, False
        asks_list = re.match(r"^\W*(?:which|what|list|show|name)\b", self.question, re.IGNORECASE)
        listed = measure or self._asked_entity() or (entity if self.where else None)
        asks_which = _WHICH.match(self.question) and self._asked_entity() is not listed
        is_of_rows = self.named.by_table and (measure is not listed or asks_which)
        if asks_list and listed is not None and listed.pointer and is_of_rows:
            own = [column for column in self.table.columns if not (column.pointer or column.is_key)]
            shown = ", ".join(column.shown for column in [listed, *own])
            return f"SELECT {shown} {self.source()} LIMIT {MOST_ROWS}", listed.name, False
        if asks_list and listed is not None and (self.named.by_table or self.where) and not listed.is_numeric:
            return (
                f"SELECT DISTINCT {listed.shown} {self.source()} ORDER BY {listed.sql} LIMIT {MOST_ROWS}",
                listed.name,
                False,
            )
        return None

    def _most_common(self) -> tuple[str, str, bool] | None:
        column = next(iter(self._columns()), None)
        if not _MOST_COMMON.search(self.question) or column is None:
            return None
        sql = (f"SELECT {column.shown}, COUNT(*) AS count {self.source()} GROUP BY {column.sql} "
               f"ORDER BY count DESC LIMIT {self._limit()}")  # fmt: skip
        return sql, column.name, True

    def _summed(self, measure: Column | None, entity: Column | None) -> Column | None:
        """What is added up to find the most of it: what is named, else the only thing the table measures."""
        if not _IS_SUMMED.search(self.question):
            return None
        if measure is not None and measure is not entity and measure.is_numeric and not measure.is_date:
            return None if measure.pointer else measure
        numeric = [column for column in self.table.columns if column.is_numeric and not column.is_date]
        return numeric[0] if len(numeric) == 1 and not numeric[0].pointer and not self.named.by_table else None

    def _aggregate(self) -> str:
        found = next(((function, match) for function, _, match in self._said()), None)
        aged = _AGED.search(self.question)
        if aged and (found is None or found[1].start() == aged.start()):
            self.use(aged)
            is_age = any("age" in c.words and c.is_numeric and not c.is_date for c in self._columns())
            return "MAX" if bool(aged["old"]) == is_age else "MIN"
        if found:
            self.use(found[1])
            return found[0]
        if _HOW_MUCH.match(self.question) or self._counts_in_all():
            return "SUM"
        superlative = positive(self._superlative())
        if superlative in ADJECTIVES and self._superlative() != superlative:
            return "MIN" if superlative in _LOW else "MAX"
        return ""

    def _said(self) -> Iterator[tuple[str, str, re.Match[str]]]:
        """The functions that the question names, each with its name and where. 'The highest total' of a column called
        total is no sum."""
        for function, name, pattern in _AGGREGATES:
            for match in re.finditer(pattern, self.question, re.IGNORECASE):
                if function not in ("AVG", "SUM") or not self._names_extreme(match):
                    yield function, name, match

    def _names_extreme(self, match: re.Match[str]) -> bool:
        """Whether the words are a column's name, and the question asks for its highest or lowest value."""
        extremes = (pattern for function, _, pattern in _AGGREGATES if function in ("MAX", "MIN"))
        names = {i for name, found in self.named.columns.items() if name not in self.named.loosely for i in found}
        is_name = any(match.start() <= self.words[i].start < match.end() for i in names)
        return is_name and any(re.search(pattern, self.question, re.IGNORECASE) for pattern in extremes)

    def _counts_in_all(self) -> bool:
        """'How many units were sold?' asks for the sum of what rows count, unlike how many a single thing has."""
        if not re.search(r"\bhow many\b", self.question, re.IGNORECASE) or _DISTINCT.search(self.question):
            return False
        is_sum = _IN_ALL.search(self.question) and not _OF_ONE.search(self.question)
        return bool(is_sum) and any(c.is_numeric and not c.is_date and self._is_counted(c) for c in self._columns())

    def _superlative(self) -> str:
        for index, word in enumerate(self.words):
            if word.text.lower().endswith("est") and positive(word.stem) in ADJECTIVES:
                self.used.add(index)
                return word.stem
        return ""

    def _function(self, aggregate: str) -> tuple[str, str]:
        for function, name, _ in self._said():
            if function in ("AVG", "SUM") or function == aggregate:
                return function, name
        if aggregate == "SUM":
            return "SUM", "total"
        return (aggregate, "lowest" if aggregate == "MIN" else "highest") if aggregate else ("AVG", "average")

    @property
    def _entity(self) -> Column | None:
        """What a row is about: the day it is of, if days are asked for."""
        dates = (column for column in self.table.columns if column.is_date and not column.is_numeric)
        return next(dates, self.table.entity) if self.named.by_day else self.table.entity

    def _columns(self) -> list[Column]:
        return [self.named.column(name) for name in self.named.columns]

    def _measure(self) -> Column | None:
        """The column whose value is asked for: numeric if there is one, not the one a filter is on."""
        columns = [
            c for c in self._columns() if c.name not in self.filtered and c not in [v for v, _ in self.named.values]
        ]
        wanted = {"MAX": "max", "MIN": "min"}.get(self._aggregate(), "")
        columns.sort(key=lambda column: (-len(self.named.columns[column.name]), wanted not in column.words))
        numeric = [column for column in columns if column.is_numeric]
        return (numeric or columns or [None])[0]  # type: ignore[list-item]

    def _group(self) -> Column | None:
        for match in _BY.finditer(self.question):
            word = next((w for w in self.words if w.start == match.start(1)), None)
            if word is None:
                continue
            for name, indices in self.named.columns.items():
                if any(self.words[i].start == word.start for i in indices) and "gallon" not in word.stem:
                    column = self.named.column(name)
                    if len(indices) == 1 or match.group().lower().startswith(("by", "for", "grouped", "in", "each")):
                        return column
        return None

    def _asked_entity(self) -> Column | None:
        match = _WHICH.match(self.question)
        if not match:
            return None
        for name, indices in self.named.columns.items():
            if any(self.words[i].start == match.start("entity") for i in indices):
                return self.named.column(name)
        return None

    def _is_counted(self, column: Column) -> bool:
        match = re.search(
            r"\b(?:how many|number of|count of)\s+(?:(?:different|distinct|unique|the)\s+)*(\w+)", self.question, re.I
        )
        indices = self.named.columns[column.name]
        return bool(match) and any(self.words[i].start == match.start(1) for i in indices)  # type: ignore[union-attr]

    def _limit(self) -> int:
        match = _TOP.search(self.question)
        if not match:
            return 1
        numbers = find_numbers(match[1] or match[2])
        self.use(match)
        return max(1, min(MOST_ROWS, int(numbers[0].value))) if numbers else 1
