"""Rows as they are, in SQL: what one thing has, or which there are, with how many there are in all."""

from __future__ import annotations

import re

from models.reflex.rows import IN_ALL
from models.reflex.schema import Column, quoted
from models.reflex.sql_wording import MOST_ROWS, WHICH, Wording
from models.reflex.words import same_word

_ASKS_LIST = re.compile(
    r"^\W*(?:(?:please|can you|could you|give me|tell me)\s+)*(?:which|what|who|whom|list|show|display|name|names)\b",
    re.IGNORECASE,
)
_WHO = re.compile(r"^\W*whom?\b", re.IGNORECASE)
_TELLS = re.compile(r"^\W*(?:list|show|display|sort|order|rank|give)\b", re.IGNORECASE)
_FALLING = re.compile(
    r"\b(?:desc(?:ending)?|falling|decreasing|(?:highest|largest|most|latest|newest) first)\b", re.IGNORECASE
)
_TOGETHER = re.compile(r"\b(?:and|with)\s+(?:their|its|the)\b", re.IGNORECASE)
"""Between rows and what is to be shown of each."""
_BEGINS_OTHERWISE = re.compile(
    r"^\W*(?:how|when|where|why|is|are|was|were|do|does|did|has|have|had|can)\b", re.IGNORECASE
)
_MOST_COLUMNS = 8


class Lists(Wording):
    """Queries for rows. `alone`: one for the value that all the rows of that name share, null if they differ."""

    alone = ""

    def looked_up(self, measure: Column | None) -> tuple[str, str, bool] | None:
        """What is the horsepower of the ford pinto?"""
        entity = self.entity
        is_named = self.is_guess or self.filter_by_name(measure)
        if not (self.where or is_named) or measure is None or entity is None or measure is entity:
            return None
        columns = [column for column in self.columns() if not self.values_of(column)]
        if self.values_of(entity):
            of = measure.sql
            self.alone = (
                f"SELECT CASE WHEN MIN({of}) = MAX({of}) THEN MIN({of}) END AS {quoted(measure.name)} {self.source()}"
            )
        return f"SELECT {_shown(entity, *columns)} {self.source()} LIMIT {MOST_ROWS}", measure.name, False

    def listed(self, measure: Column | None) -> tuple[str, str, bool] | None:
        """Which customers live in Oslo? List the orders of Ada."""
        asked = self.asked_entity()
        listed = measure or asked or (self.entity if self.where or self.named.by_table else None)
        if not self._asks_list or listed is None or listed.is_numeric or (listed.is_key and _WHO.match(self.question)):
            return None
        asks_which = WHICH.match(self.question) and asked is not listed
        is_of_rows = self.named.by_table and (measure is not listed or asks_which or self._names_rows_first)
        if (listed.pointer and is_of_rows) or listed.is_key:
            own = [column for column in self.table.columns if not (column.pointer or column.is_key)]
            return self._rows(listed, *own[:_MOST_COLUMNS])
        shown = [column for column in self.columns() if not self.values_of(column) and column.name not in self.filtered]
        is_together = len(shown) > 1 or (_TELLS.match(self.question) and _TOGETHER.search(self.question))
        if shown and is_together and self.table.entity and self.named.by_table and not listed.pointer:
            return self._rows(self.table.entity, *shown)
        if listed.is_entity and not listed.pointer and listed.name not in self.named.columns:
            return self._rows(listed)
        if not (self.named.by_table or self.where or _TELLS.match(self.question)):
            return None
        sql = (f"SELECT {listed.shown}, COUNT(*) OVER () AS {IN_ALL} {self.source()} GROUP BY {listed.grouped} "
               f"ORDER BY {listed.sql} LIMIT {MOST_ROWS}")  # fmt: skip
        return sql, listed.name, False

    def sorted_by(self, column: Column | None) -> tuple[str, str, bool] | None:
        """List the products by price."""
        entity = self.entity
        if not _TELLS.match(self.question) or column is None or entity is None or not self.named.by_table:
            return None
        if not (column.is_numeric or column.is_date):
            return None
        direction = ""
        if match := _FALLING.search(self.question):
            self.use(match)
            direction = " DESC"
        return self._rows(entity, column, order=f" ORDER BY {column.sql}{direction}")

    @property
    def _asks_list(self) -> bool:
        """Whether rows are asked for, if by nothing but their name: 'orders over 100'."""
        return bool(_ASKS_LIST.match(self.question)) or (
            self._names_rows_first and not _BEGINS_OTHERWISE.match(self.question)
        )

    @property
    def _names_rows_first(self) -> bool:
        """'the orders of customers' are orders."""
        named = [i for indices in self.named.columns.values() for i in indices]
        rows = [i for i, word in enumerate(self.words) if any(same_word(part, word.stem) for part in self.table.words)]
        return bool(rows) and min(rows) <= min(named, default=min(rows))

    def _rows(self, *columns: Column, order: str = "") -> tuple[str, str, bool]:
        order = order or f" ORDER BY {columns[0].sql}"
        sql = f"SELECT {_shown(*columns)}, COUNT(*) OVER () AS {IN_ALL} {self.source()}{order} LIMIT {MOST_ROWS}"
        return sql, columns[0].name, False


def _shown(*columns: Column) -> str:
    return ", ".join(dict.fromkeys(column.shown for column in columns))
