"""SQL for a question in words, made by matching it to the schema; None where the mapping isn't clear."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from models.reflex.schema import Column, Table, quoted
from models.reflex.sql_lists import Lists
from models.reflex.sql_names import ADJECTIVES, named_in, positive
from models.reflex.sql_relations import relation_in
from models.reflex.sql_wording import BY, DISTINCT, MOST_ROWS, TOP, WHICH
from models.reflex.words import words

_COUNT = re.compile(
    r"\bhow many\b|\bwie viele\b|\banzahl\b|\b(?:number|count) of\b|\bcount (?:the|all)\b", re.IGNORECASE
)
_MOST_COMMON = re.compile(r"\bmost (?:common|frequent|often)\b", re.IGNORECASE)
_SHARE = re.compile(r"^\W*(?:what|which) (?:percent(?:age)?|share|proportion) of\b", re.IGNORECASE)


@dataclass(frozen=True)
class Query:
    """A query. `value`: the name of the column that holds the answer; `single`: it comes to one row.

    `alone`: the SQL for that value by itself, where the rows are those of one name. `is_guess`: words that nothing
    explains were taken for a name, so the answer may be elsewhere.
    """

    sql: str
    value: str
    single: bool
    is_guess: bool = False
    alone: str = ""


def query_for(question: str, tables: Sequence[Table]) -> Query | None:
    """The query that answers `question`, if the tables have what it names."""
    question = question.replace("_", " ")
    found = words(question)
    if relation := relation_in(question, found, tables):
        return _Builder(question, found, named_in(relation.table, found), relation).build()
    plain = [named_in(table, found) for table in tables if not table.joins]
    joined = [n for n in (named_in(table, found) for table in tables if table.joins) if n.needs_join]
    named = [*plain, *(n for n in joined if not any(n.used <= alone.used for alone in plain))]
    best = max(named, key=lambda n: (n.weight, len(n.used)), default=None)
    if best is None or best.weight < 1.0 or not (best.is_about_rows or best.columns.keys() - best.loosely):
        return None
    return _Builder(question, found, best).build()


class _Builder(Lists):
    """One query in the making."""

    def build(self) -> Query | None:
        self.filter_by_relation()
        self.filter_by_id()
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
            or (None if aggregate else self.sorted_by(group) or self.looked_up(measure) or self.listed(measure))
        )
        if made is None or self.leaves_a_condition or not self.explains_all:
            return None
        return Query(*made, is_guess=self.is_guess, alone=self.alone)

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
        if not self.named.by_table:
            return None
        only_if_any = " HAVING COUNT(*) > 0" if self.is_guess else ""
        return f"SELECT COUNT(*) AS count {self.source()}{only_if_any}", "count", True

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
            direction = "ASC" if aggregate == "MIN" else "DESC"
            groups = f" GROUP BY {entity.grouped}"
            return self._best(entity, f"SUM({summed.sql})", f"total_{summed.name}", direction, groups)
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
        if measure is None or measure is entity or (self.counts_rows and measure.is_date):
            return (
                self._best(entity, "COUNT(*)", "count", order, f" GROUP BY {entity.grouped}")
                if self.counts_rows
                else None
            )
        if is_summed:
            value = f"{name}_{measure.name}"
            return self._best(entity, f"{function}({measure.sql})", value, order, f" GROUP BY {entity.grouped}")
        return None

    def _best(self, entity: Column, of: str, value: str, order: str, groups: str = "") -> tuple[str, str, bool]:
        """What comes first in that order, with all that share the last place."""
        is_known = f"{of} IS NOT NULL"
        conditions, groups = ((), f"{groups} HAVING {is_known}") if groups else ((is_known,), "")
        placed = (f"SELECT {entity.shown}, {of} AS {quoted(value)}, RANK() OVER (ORDER BY {of} {order}) AS its_place "
                  f"{self.source(*conditions)}{groups}")  # fmt: skip
        name = quoted(entity.name)
        sql = (f"SELECT {name}, {quoted(value)} FROM ({placed}) AS placed WHERE its_place <= {self.limit()} "
               f"ORDER BY its_place, {name} LIMIT {MOST_ROWS}")  # fmt: skip
        return sql, value, self.limit() == 1

    def _extreme(self, aggregate: str, measure: Column | None) -> tuple[str, str, bool] | None:
        """Which car has the highest miles per gallon?"""
        if self.is_in_time and measure is not None and not measure.is_date:
            return self._in_time(aggregate, measure)
        is_number = bool(re.match(r"^\W*(?:how|wie)\b", self.question, re.I))
        asks_which = WHICH.match(self.question) or self.named.by_table or self.asked_entity() is not None
        asks_which = self.limit() > 1 or (not is_number and asks_which)
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
        return self._best(entity, measure.sql, measure.name, "DESC" if aggregate == "MAX" else "ASC")

    def _in_time(self, aggregate: str, measure: Column) -> tuple[str, str, bool] | None:
        """What was the first price of AAPL?"""
        date = self.table.date
        if date is None or aggregate not in ("MAX", "MIN"):
            return None
        sql, _, is_single = self._best(measure, date.sql, date.name, "DESC" if aggregate == "MAX" else "ASC")
        return sql, measure.name, is_single

    def _aggregated(self, aggregate: str, measure: Column | None) -> tuple[str, str, bool] | None:
        if (
            not aggregate
            or (self.is_in_time and measure is not None and not measure.is_date)
            or measure is None
            or not (measure.is_numeric or (measure.is_date and aggregate in ("MAX", "MIN")))
        ):
            return None
        function, name = self.function(aggregate)
        if measure.is_date and not measure.is_numeric:
            name = "latest" if function == "MAX" else "earliest"
        value = f"{name}_{measure.name}"
        if measure.pointer and function in ("AVG", "SUM"):
            once = f"SELECT DISTINCT {measure.pointer}, {measure.sql} AS value {self.source()}"
            return f'SELECT {function}(value) AS "{value}" FROM ({once}) AS each_once', value, True
        return f'SELECT {function}({measure.sql}) AS "{value}" {self.source()}', value, True

    def _most_common(self) -> tuple[str, str, bool] | None:
        column = next(iter(self.columns()), None)
        if not _MOST_COMMON.search(self.question) or column is None:
            return None
        sql, _, is_single = self._best(column, "COUNT(*)", "count", "DESC", f" GROUP BY {column.grouped}")
        return sql, column.name, is_single
