"""The tables that may be queried: their columns, and which of them the words of a question name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from models.reflex.spelling import nearest_spelling
from models.reflex.words import RELATED, Word, same_word, stem
from tools.registry import ToolSpec

_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
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
_ROWS_OF_DATES = frozenset({"day", "tag", "tage"})
"""What the rows of a table with a date are called."""
_ASIDE = re.compile(r"\([^)]*\)|\[[^\]]*\]")
"""A unit in a column's name: 'generation (MWh)'."""
_KEY = re.compile(r"^(?:id|.*_id|[a-z]+Id|rowid|index|uuid)$")
_NAME = re.compile(r"^(?:name|title|label|bezeichnung)$", re.IGNORECASE)
_ADJECTIVES = {
    "heavy": "weight", "light": "weight", "fast": "speed acceleration", "slow": "speed acceleration",
    "quick": "acceleration", "expensive": "price cost", "cheap": "price cost", "costly": "price cost",
    "old": "year date age birth born", "new": "year date", "recent": "year date", "young": "age birth born",
    "long": "length duration runtime time", "short": "length duration runtime time", "tall": "height",
    "hot": "temp temperature max", "warm": "temp temperature max", "cold": "temp temperature min",
    "wet": "precipitation rain", "rainy": "precipitation rain", "windy": "wind", "powerful": "horsepower power",
    "economical": "mile gallon mpg", "efficient": "mile gallon mpg", "populous": "population",
    "rich": "gdp income wealth", "big": "size area", "large": "size area", "high": "height elevation",
    "popular": "votes rating popularity", "heiß": "temperatur höchsttemperatur", "kalt": "temperatur tiefsttemperatur",
}  # fmt: skip
ADJECTIVES = {stem(word): frozenset(map(stem, names.split())) for word, names in _ADJECTIVES.items()}


@dataclass(frozen=True)
class Column:
    """A column and what is known of it. `words`: the stems of its name; `values`: all that it holds, if those are few.

    `of`: the table it belongs to, where several are joined, and its name there. `references`: the column it points at.
    `pointer`: the SQL of the column that points at its table, if that isn't the one whose rows are joined to others.
    `role`: the stems of what that table's rows are to the joined ones: of 'site' in `site_id`.
    """

    name: str
    type: str = ""
    samples: tuple[Any, ...] = ()
    words: tuple[str, ...] = ()
    values: tuple[Any, ...] = ()
    references: str = ""
    of: tuple[str, str] | None = None
    pointer: str = ""
    role: tuple[str, ...] = ()

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
            any(_DATE_NAME.search(part) for part in (self.name, *_PARTS.findall(self.name))) and by_samples
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
        return ".".join(map(_quoted, self.of)) if self.of else _quoted(self.name)

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
        return f"{self.sql} AS {_quoted(self.name)}" if self.of else self.sql


@dataclass(frozen=True)
class Table:
    """A table with its columns, or several joined. `words`: the stems of its name; `joins`: what follows it in FROM."""

    name: str
    columns: tuple[Column, ...]
    words: tuple[str, ...] = ()
    joins: str = ""

    @property
    def sql(self) -> str:
        return ".".join(map(_quoted, self.name.split("."))) + self.joins

    @property
    def entity(self) -> Column | None:
        """The column that names what a row is about."""
        texts = [column for column in self.columns if not (column.is_numeric or column.is_date or column.is_key)]
        return next((column for column in texts if column.is_entity), texts[0] if texts else None)


@dataclass
class Named:
    """What of a table the words of a question name.

    `used`: the indices of the words that are explained by it. `loosely`: columns named by an adjective only.
    """

    table: Table
    columns: dict[str, list[int]] = field(default_factory=dict)
    values: list[tuple[Column, Any]] = field(default_factory=list)
    used: set[int] = field(default_factory=set)
    by_table: bool = False
    by_day: bool = False
    loosely: set[str] = field(default_factory=set)

    def column(self, name: str) -> Column:
        return next(column for column in self.table.columns if column.name == name)

    @property
    def needs_join(self) -> bool:
        """Whether something of the table's own is named and something of one that is joined to it."""
        named = [*(self.column(name) for name in self.columns), *(column for column, _ in self.values)]
        own = self.by_table or any(not column.pointer for column in named)
        return own and any(column.pointer for column in named)

    @property
    def weight(self) -> float:
        return len(self.columns) + 1.5 * self.by_table + 1.2 * len(self.values)


def tables_of(spec: ToolSpec) -> list[Table]:
    """The tables of a tool that queries a database, from its metadata; none if it doesn't tell."""
    schema = (spec.tool.metadata or {}).get("schema")
    if not isinstance(schema, Mapping):
        return []
    tables = [_table(str(name), columns) for name, columns in schema.items() if isinstance(columns, list | tuple)]
    return tables + [joined for table in tables if (joined := _joined(table, tables))]


def named_in(table: Table, words: Sequence[Word]) -> Named:
    """What of `table` the `words` of a question name."""
    named = Named(table)
    says_id = any(word.stem == "id" for word in words)
    for column in table.columns:
        indices = _named_by(column, words) if says_id or not column.is_key else []
        if indices:
            indices = sorted({*indices, *(i for i, word in enumerate(words) if word.stem in column.role)})
            named.columns[column.name] = indices
            if not _named_by_name(column, words):
                named.loosely.add(column.name)
            named.used.update(indices)
    for index, word in enumerate(words):
        if any(same_word(part, word.stem) for part in table.words):
            named.by_table = True
            named.used.add(index)
    if any(column.is_date and not column.is_year_number for column in table.columns):
        days = [index for index, word in enumerate(words) if word.stem in _ROWS_OF_DATES]
        named.by_day = bool(days)
        named.by_table = named.by_table or named.by_day
        named.used.update(days)
    for column in table.columns:
        if column.is_numeric or column.is_date:
            continue
        for sample in column.values or column.samples:
            indices = phrase_in(str(sample), words)
            by_name = {i for name, found in named.columns.items() if name not in named.loosely for i in found}
            if indices and not set(indices) <= by_name:
                named.values.append((column, sample))
                named.used.update(indices)
                for name in [name for name in named.loosely if set(named.columns[name]) <= set(indices)]:
                    del named.columns[name]
                    named.loosely.discard(name)
                break
    return named


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
        same = f"{_quoted(table.name)}.{column.sql} = {_quoted(pointed)}.{_quoted(key)}"
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
                        pointer=f"{_quoted(table.name)}.{column.sql}",
                        role=_stems(role),
                    )
                )
    return Table(table.name, tuple(columns), table.words, joins) if joins else None


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _stems(name: str) -> tuple[str, ...]:
    parts = [part.lower() for part in _PARTS.findall(_ASIDE.sub("", name) or name)]
    return tuple(stem(part) for part in parts if part not in _UNITS) or tuple(stem(part) for part in parts)


def _named_by(column: Column, words: Sequence[Word]) -> list[int]:
    """The indices of the words that name a column, by its name or by an adjective of it ('heaviest')."""
    by_name = _named_by_name(column, words) or _named_by_head(column, words) or _named_misspelt(column, words)
    first = set(column.words[:1])
    return by_name or [i for i, word in enumerate(words) if ADJECTIVES.get(positive(word.stem), frozenset()) & first]


def _named_by_name(column: Column, words: Sequence[Word]) -> list[int]:
    """The indices of the words that are a column's name, the beginning of it, or its initials."""
    found = {part: [i for i, word in enumerate(words) if _stands_for(part, word.stem)] for part in column.words}
    if all(found.values()) or (len(column.words) > 1 and found[column.words[0]] and len(column.words[0]) > 3):
        return sorted({i for indices in found.values() for i in indices})
    initials = "".join(part[0] for part in _PARTS.findall(column.name)).lower()
    if len(initials) > 2:
        return [i for i, word in enumerate(words) if word.text.lower() == initials]
    return []


def _named_by_head(column: Column, words: Sequence[Word]) -> list[int]:
    """The indices of the words that are the last of a column's name: 'source' of 'energy_source'."""
    head = column.words[-1] if len(column.words) > 1 else ""
    return [i for i, word in enumerate(words) if len(head) > 3 and same_word(head, word.stem)]


def _named_misspelt(column: Column, words: Sequence[Word]) -> list[int]:
    """The index of a word that is no word, but nearly a column's name: 'horspower'."""
    whole = column.words[0] if len(column.words) == 1 else ""
    return [i for i, word in enumerate(words) if whole and nearest_spelling(word.text, word.stem, (whole,))][:1]


def positive(word: str) -> str:
    """The stem of an adjective in its base form: 'heaviest' -> 'heavy'."""
    for suffix, ending in (("iest", "y"), ("ier", "y"), ("est", ""), ("er", "")):
        if word.endswith(suffix):
            base = word.removesuffix(suffix) + ending
            for candidate in (base, base[:-1] if base[-2:-1] == base[-1:] else base, base + "e"):
                if stem(candidate) in ADJECTIVES:
                    return stem(candidate)
    return word


def _stands_for(part: str, word: str) -> bool:
    return same_word(part, word) or (len(part) > 2 and word in RELATED.get(part, ()))


def _is_adjective_of(value: str, word: Word) -> bool:
    """'rainy' of 'rain', 'sunny' of 'sun'."""
    return word.text.lower() in (f"{value}y", f"{value}{value[-1:]}y")


def phrase_in(value: str, words: Sequence[Word]) -> list[int]:
    """The indices of the successive words that are `value`; short values must be written as they are."""
    parts = value.split()
    if not parts or not any(map(str.isalpha, value)):
        return []
    wanted = [stem(part) for part in parts]
    for start in range(len(words) - len(parts) + 1):
        run = words[start : start + len(parts)]
        is_there = all(_stands_for(a, b.stem) or _is_adjective_of(a, b) for a, b in zip(wanted, run, strict=True))
        if is_there and (len(value) > 2 or value == run[0].text):
            return list(range(start, start + len(parts)))
    return []
