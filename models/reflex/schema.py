"""The tables that may be queried: their columns, and what is known of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from models.reflex.words import stem
from tools.registry import ToolSpec

PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_UNITS = frozenset({"in", "of", "per", "the", "lbs", "kg", "km", "cm", "mm", "usd", "eur", "id", "avg", "num", "no"})
_NUMERIC = re.compile(r"INT|REAL|FLOA|DOUB|NUM|DEC|SERIAL|MONEY", re.IGNORECASE)
_DATE_NAME = re.compile(
    r"(?:^|_|\b)(?:date|year|day|time|timestamp|released?|created|month|datum|jahr|tag|monat|zeit)(?:$|_|\b)",
    re.IGNORECASE,
)
_ISO = re.compile(r"^\d{4}(?:-\d{2}-\d{2})?(?:[T ]|$)")
_ENTITY = re.compile(
    r"^(?:.*_)?(?:name|title|label|model|symbol|product|item|customer|employee|city|id)$", re.IGNORECASE
)
_PERIODS = frozenset({"month", "quarter", "week", "year", "season", "monat", "quartal", "woche", "jahr"})
_ASIDE = re.compile(r"\([^)]*\)|\[[^\]]*\]")
"""A unit in a column's name: 'generation (MWh)'."""
_KEY = re.compile(r"^(?:id|.*_id|[a-z]+Id|rowid|index|uuid)$")
_NAME = re.compile(r"^(?:name|title|label|bezeichnung)$", re.IGNORECASE)


@dataclass(frozen=True)
class Column:
    """A column and what is known of it. `words`: the stems of its name; `values`: all that it holds, if those are few.

    `of`: the table it belongs to, where several are joined, and its name there. `references`: the column it points at.
    `pointer`: the SQL of the column that points at its table, if that isn't the one whose rows are joined to others.
    `role`: the stems of what that table's rows are to the joined ones: of 'site' in `site_id`.
    `part`: how many characters of a date count, from its beginning: seven for its month.
    """

    name: str
    type: str = ""
    samples: tuple[Any, ...] = ()
    words: tuple[str, ...] = ()
    values: tuple[Any, ...] = ()
    references: str = ""
    of: tuple[str, ...] | None = None
    pointer: str = ""
    role: tuple[str, ...] = ()
    part: int = 0

    @property
    def is_key(self) -> bool:
        """Whether it only tells rows apart: it counts and measures nothing."""
        return bool(self.references) or bool(_KEY.match(self.name))

    @property
    def is_numeric(self) -> bool:
        return not self.is_key and self._has_numbers

    @property
    def _has_numbers(self) -> bool:
        return bool(_NUMERIC.search(self.type)) or (
            not self.type and bool(self.samples) and all(isinstance(sample, int | float) for sample in self.samples)
        )

    @property
    def is_date(self) -> bool:
        by_samples = bool(self.samples) and all(_ISO.match(str(sample)) for sample in self.samples)
        return bool(re.search("DATE|TIME", self.type, re.IGNORECASE)) or (
            any(_DATE_NAME.search(part) for part in (self.name, *PARTS.findall(self.name))) and by_samples
        )

    @property
    def is_year_number(self) -> bool:
        return self.is_date and self.is_numeric

    @property
    def is_entity(self) -> bool:
        """Whether it names what a row is about."""
        return not self.is_numeric and bool(_ENTITY.match(self.name))

    @property
    def sql(self) -> str:
        whole = ".".join(map(quoted, self.of)) if self.of else quoted(self.name)
        return f"SUBSTR(CAST({whole} AS TEXT), 1, {self.part})" if self.part else whole

    def by(self, name: str, part: int) -> Column:
        """The month or the year of a date as a column."""
        return replace(self, name=name, type="TEXT", samples=(), of=self.of or (self.name,), part=part)

    @property
    def is_joined_entity(self) -> bool:
        """Whether it names what the rows of a joined table are about."""
        return bool(self.pointer) and self.words == self.role

    @property
    def grouped(self) -> str:
        """The column to group by: two customers of one name are two."""
        return f"{self.pointer}, {self.sql}" if self.is_joined_entity else self.sql

    @property
    def shown(self) -> str:
        """The column as one of a result, by its own name."""
        return f"{self.sql} AS {quoted(self.name)}" if self.of else self.sql


@dataclass(frozen=True)
class Table:
    """A table with its columns, or several joined. `words`: the stems of its name; `joins`: what follows it in FROM."""

    name: str
    columns: tuple[Column, ...]
    words: tuple[str, ...] = ()
    joins: str = ""

    @property
    def sql(self) -> str:
        return ".".join(map(quoted, self.name.split("."))) + self.joins

    @property
    def entity(self) -> Column | None:
        """The column that names what a row is about; its id if none does."""
        texts = [column for column in self.columns if not (column.is_numeric or column.is_date or column.is_key)]
        named = next((column for column in texts if column.is_entity), None)
        return named or self.id or (texts[0] if texts else None)

    @property
    def id(self) -> Column | None:
        """The column that tells the rows apart."""
        return next((column for column in self.columns if column.name.lower() == "id" and not column.pointer), None)

    @property
    def date(self) -> Column | None:
        """The day that a row is of, if the table has one such column."""
        dates = [column for column in self.columns if column.is_date and not column.is_year_number]
        own = [column for column in dates if not column.pointer]
        return own[0] if len(own) == 1 else None

    @property
    def time(self) -> Column | None:
        """The day that a row is of, or else the year or another period."""
        periods = [c for c in self.columns if c.is_year_number or (c.words and c.words[-1] in _PERIODS)]
        return self.date or (periods[0] if len(periods) == 1 else None)


def tables_of(spec: ToolSpec) -> list[Table]:
    """The tables of a tool that queries a database, from its metadata; none if it doesn't tell."""
    schema = (spec.tool.metadata or {}).get("schema")
    if not isinstance(schema, Mapping):
        return []
    tables = [_table(str(name), columns) for name, columns in schema.items() if isinstance(columns, list | tuple)]
    return tables + [joined for table in tables if (joined := _joined(table, tables))]


def _table(name: str, columns: Sequence[Any]) -> Table:
    made = []
    for column in columns:
        if isinstance(column, Mapping) and column.get("name"):
            samples = tuple(column.get("samples") or ())
            made.append(
                Column(
                    str(column["name"]),
                    str(column.get("type") or ""),
                    samples,
                    _stems(str(column["name"])),
                    tuple(column.get("values") or ()),
                    str(column.get("references") or ""),
                )
            )
        elif isinstance(column, str):
            made.append(Column(column, "", (), _stems(column)))
    return Table(name, tuple(made), _stems(name.rpartition(".")[2]))


def _joined(table: Table, tables: Sequence[Table]) -> Table | None:
    """A table with the columns of those that it points at in place of the pointers; None if it points at none.

    A name of what is pointed at is named by it: 'site' for the name of a site. Its other columns are named by their own
    names: 'city' for the city of a customer, which 'customer' alone doesn't mean.
    """
    others = {other.name: other for other in tables}
    columns, joins = [], ""
    for column in table.columns:
        pointed, _, key = column.references.rpartition(".")
        if pointed not in others or pointed == table.name:
            columns.append(replace(column, of=(table.name, column.name)))
            continue
        same = f"{quoted(table.name)}.{column.sql} = {quoted(pointed)}.{quoted(key)}"
        joins += f" LEFT JOIN {others[pointed].sql} ON {same}"
        role = re.sub(r"_?id$", "", column.name, flags=re.IGNORECASE) or pointed
        for own in others[pointed].columns:
            if not own.is_key:
                is_name = bool(_NAME.match(own.name))
                columns.append(
                    replace(
                        own,
                        name=role if is_name else f"{role}_{own.name}",
                        words=_stems(role) if is_name else own.words,
                        of=(pointed, own.name),
                        pointer=f"{quoted(table.name)}.{column.sql}",
                        role=_stems(role),
                    )
                )
    return Table(table.name, tuple(columns), table.words, joins) if joins else None


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _stems(name: str) -> tuple[str, ...]:
    parts = [part.lower() for part in PARTS.findall(_ASIDE.sub("", name) or name)]
    return tuple(stem(part) for part in parts if part not in _UNITS) or tuple(stem(part) for part in parts)
