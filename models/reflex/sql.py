"""SQL for a question in words, made by matching it to the schema; None where the mapping isn't clear."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from models.reflex.schema import Column, Table
from models.reflex.sql_names import ADJECTIVES, named_in, positive
from models.reflex.sql_wording import BY, DISTINCT, MOST_ROWS, TOP, WHICH, Wording
from models.reflex.words import words

CLEAR, UNSURE = 0.99, 0.66
_GUESS = 0.9
"""Shares of a question's content words that the schema explains: query only; query and search as well."""

_COUNT = re.compile(
    r"\bhow many\b|\bwie viele\b|\banzahl\b|\b(?:number|count) of\b|\bcount (?:the|all)\b", re.IGNORECASE
)
_MOST_COMMON = re.compile(r"\bmost (?:common|frequent|often)\b", re.IGNORECASE)
_SHARE = re.compile(r"^\W*(?:what|which) (?:percent(?:age)?|share|proportion) of\b", re.IGNORECASE)


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


class _Builder(Wording):
    """One query in the making."""

    def build(self) -> Query | None:
        self.filter_by_values()
        self.filter_by_date()
        self.filter_by_year()
        self.filter_by_numbers()
        self.limit()
        aggregate = self.aggregate()
        measure = self.measure()
        group = self.group()
        if measure is group and group is not None:
            others = [c for c in self.columns() if c is not group and c.is_numeric and c.name not in self.filtered]
            measure = others[0] if others else measure
        if group is not None and (measure is group or (group.is_numeric and TOP.search(self.question))):
            group, measure = (None, group) if group.is_numeric and TOP.search(self.question) else (group, None)
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
        if not _COUNT.search(BY.sub("", self.question)):
            return None
        counted = next((c for c in self.columns() if self.is_counted(c)), None)
        if counted is not None and measure is counted and counted.is_numeric and aggregate == "SUM":
            return None
        if group is not None:
            is_other = counted is not None and counted is not group and counted.is_joined_entity
            rows = f"DISTINCT {counted.pointer}" if counted is not None and is_other else "*"
            sql = (f"SELECT {group.shown}, COUNT({rows}) AS count {self.source()} GROUP BY {group.grouped} "
                   f"ORDER BY count DESC LIMIT {MOST_ROWS}")  # fmt: skip
            return sql, "count", False
        if counted is not None and measure is counted and counted.is_numeric and not DISTINCT.search(self.question):
            return None
        if counted is not None and counted.is_joined_entity:
            return f"SELECT COUNT(DISTINCT {counted.pointer}) AS count {self.source()}", "count", True
        if counted is not None and (DISTINCT.search(self.question) or not self.named.by_table):
            return f"SELECT COUNT(DISTINCT {counted.sql}) AS count {self.source()}", "count", True
        return (f"SELECT COUNT(*) AS count {self.source()}", "count", True) if self.named.by_table else None

    def _share(self) -> tuple[str, str, bool] | None:
        """What percentage of the cars come from Japan?"""
        if not _SHARE.match(self.question) or not self.named.by_table or not self.where:
            return None
        counted = f"(SELECT COUNT(*) {self.source()})"
        return f"SELECT 100.0 * {counted} / COUNT(*) AS percentage FROM {self.table.sql}", "percentage", True

    def _grouped(self, aggregate: str, group: Column | None, measure: Column | None) -> tuple[str, str, bool] | None:
        function, name = self.function(aggregate)
        if group is not None and measure is not None and measure.is_numeric:
            value = f"{name}_{measure.name}"
            sql = (f'SELECT {group.shown}, {function}({measure.sql}) AS "{value}" {self.source()} '
                   f'GROUP BY {group.grouped} ORDER BY "{value}" DESC LIMIT {MOST_ROWS}')  # fmt: skip
            return sql, value, False
        entity = self.asked_entity()
        summed = self.summed(measure, entity)
        if entity is not None and summed is not None and aggregate in ("MAX", "MIN"):
            value, direction = f"total_{summed.name}", "ASC" if aggregate == "MIN" else "DESC"
            sql = (f'SELECT {entity.shown}, SUM({summed.sql}) AS "{value}" {self.source()} GROUP BY {entity.grouped} '
                   f'ORDER BY "{value}" {direction} LIMIT {self.limit()}')  # fmt: skip
            return sql, value, self.limit() == 1
        is_summed = any(
            not self.names_extreme(match)
            for match in re.finditer(r"\b(?:average|mean|total|sum)\b", self.question, re.IGNORECASE)
        )
        if (
            entity is None
            or (entity is self.entity and not entity.pointer and not is_summed)
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
                   f"ORDER BY count {order} LIMIT {self.limit()}")  # fmt: skip
            return sql, "count", self.limit() == 1
        if is_summed:
            value = f"{name}_{measure.name}"
            sql = (f'SELECT {entity.shown}, {function}({measure.sql}) AS "{value}" {self.source()} '
                   f'GROUP BY {entity.grouped} ORDER BY "{value}" {order} LIMIT {self.limit()}')  # fmt: skip
            return sql, value, self.limit() == 1
        return None

    def _extreme(self, aggregate: str, measure: Column | None) -> tuple[str, str, bool] | None:
        """Which car has the highest miles per gallon?"""
        asks_which = (
            bool(WHICH.match(self.question))
            or self.limit() > 1
            or bool(re.match(r"^\W*(?:list|show)", self.question, re.I))
        )
        entity = self.asked_entity() or self.entity
        is_value = bool(
            re.match(
                r"^\W*what\s+(?:is|was|are|were)\s+the\s+(?:\w+est|maximum|minimum|max|min)\b", self.question, re.I
            )
        )
        if aggregate not in ("MAX", "MIN") or measure is None or entity is None or not asks_which:
            return None
        if is_value and self.limit() == 1 and not (self.named.by_table and positive(self.superlative()) in ADJECTIVES):
            return None
        if measure is entity:
            return None
        order = "DESC" if aggregate == "MAX" else "ASC"
        sql = (f"SELECT {entity.shown}, {measure.shown} {self.source(f'{measure.sql} IS NOT NULL')} "
               f"ORDER BY {measure.sql} {order} LIMIT {self.limit()}")  # fmt: skip
        return sql, measure.name, self.limit() == 1

    def _aggregated(self, aggregate: str, measure: Column | None) -> tuple[str, str, bool] | None:
        if (
            not aggregate
            or measure is None
            or not (measure.is_numeric or (measure.is_date and aggregate in ("MAX", "MIN")))
        ):
            return None
        function, name = self.function(aggregate)
        value = f"{name}_{measure.name}"
        if measure.pointer and function in ("AVG", "SUM"):
            once = f"SELECT DISTINCT {measure.pointer}, {measure.sql} AS value {self.source()}"
            return f'SELECT {function}(value) AS "{value}" FROM ({once}) AS each_once', value, True
        return f'SELECT {function}({measure.sql}) AS "{value}" {self.source()}', value, True

    def _looked_up(self, measure: Column | None) -> tuple[str, str, bool] | None:
        """What is the horsepower of the ford pinto?"""
        entity = self.entity
        columns = [column for column in self.columns() if column not in [c for c, _ in self.named.values]]
        is_named = self.is_guess or self.filter_by_name(measure)
        if (self.where or is_named) and measure is not None and entity is not None and measure is not entity:
            shown = ", ".join(dict.fromkeys([entity.shown, *(column.shown for column in columns)]))
            return f"SELECT {shown} {self.source()} LIMIT {MOST_ROWS}", measure.name, False
        asks_list = re.match(r"^\W*(?:which|what|list|show|name)\b", self.question, re.IGNORECASE)
        listed = measure or self.asked_entity() or (entity if self.where else None)
        asks_which = WHICH.match(self.question) and self.asked_entity() is not listed
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
        column = next(iter(self.columns()), None)
        if not _MOST_COMMON.search(self.question) or column is None:
            return None
        sql = (f"SELECT {column.shown}, COUNT(*) AS count {self.source()} GROUP BY {column.sql} "
               f"ORDER BY count DESC LIMIT {self.limit()}")  # fmt: skip
        return sql, column.name, True
