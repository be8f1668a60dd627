"""Which columns, values and rows of a table the words of a question name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from models.reflex.schema import PARTS, Column, Table
from models.reflex.spelling import nearest_spelling
from models.reflex.words import RELATED, Word, same_word, stem

_ROWS_OF_DATES = frozenset({"day", "tag", "tage"})
"""What the rows of a table with a date are called."""
_ADJECTIVES = {
    "heavy": "weight", "light": "weight", "fast": "speed acceleration", "slow": "speed acceleration",
    "quick": "acceleration", "expensive": "price cost", "cheap": "price cost", "costly": "price cost",
    "old": "year date age birth born", "new": "year date", "recent": "year date", "young": "age birth born",
    "long": "length duration runtime time", "short": "length duration runtime time", "tall": "height",
    "hot": "temp temperature max", "warm": "temp temperature max", "cold": "temp temperature min",
    "wet": "precipitation rain", "rainy": "precipitation rain", "windy": "wind", "powerful": "horsepower power",
    "economical": "mile gallon mpg", "efficient": "mile gallon mpg", "populous": "population",
    "rich": "gdp income wealth", "big": "size area", "large": "size area", "high": "height elevation",
    "popular": "votes rating popularity", "live": "city town country address residence", "weigh": "weight",
    "earn": "salary wage income pay", "born": "birth birthday",
    "heiß": "temperatur höchsttemperatur", "kalt": "temperatur tiefsttemperatur",
}  # fmt: skip
ADJECTIVES = {stem(word): frozenset(map(stem, names.split())) for word, names in _ADJECTIVES.items()}


_OF_PLACES = frozenset({"in", "from", "at", "near", "to", "aus", "bei", "nach"})


@dataclass
class Named:
    """What of a table the words of a question name.

    `used`: the indices of the words that are explained by it. `loosely`: columns named by an adjective or a verb only.
    `by_verb`: a verb says what is asked of the rows, or known of them: 'Where does Ann live?', 'Who lives in Rome?'
    """

    table: Table
    columns: dict[str, list[int]] = field(default_factory=dict)
    values: list[tuple[Column, Any]] = field(default_factory=list)
    used: set[int] = field(default_factory=set)
    by_table: bool = False
    by_day: bool = False
    by_verb: bool = False
    loosely: set[str] = field(default_factory=set)

    def forget(self, indices: set[int]) -> None:
        """The columns that nothing but the words of those indices names aren't asked for."""
        for name in [name for name in self.loosely if set(self.columns[name]) <= indices]:
            del self.columns[name]
            self.loosely.discard(name)

    def column(self, name: str) -> Column:
        return next(column for column in self.table.columns if column.name == name)

    @property
    def needs_join(self) -> bool:
        """Whether something of the table's own is named and something of one that is joined to it."""
        named = [*(self.column(name) for name in self.columns), *(column for column, _ in self.values)]
        own = self.by_table or any(not column.pointer for column in named)
        return own and any(column.pointer for column in named)

    @property
    def is_about_rows(self) -> bool:
        """Whether the rows themselves are named, be it by what they do."""
        return self.by_table or self.by_verb

    @property
    def weight(self) -> float:
        return len(self.columns) + 1.5 * self.by_table + 1.2 * len(self.values)


def named_in(table: Table, words: Sequence[Word]) -> Named:
    """What of `table` the `words` of a question name."""
    named = Named(table)
    says_id = any(word.stem == "id" for word in words)
    for column in table.columns:
        rows = column.role if column.pointer else table.words
        indices = _named_by(column, words, rows) if says_id or not column.is_key else []
        if indices:
            indices = sorted({*indices, *(i for i, word in enumerate(words) if word.stem in column.role)})
            named.columns[column.name] = indices
            if not _named_by_name(column, words, rows):
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
        taken = set[int]()
        for sample in sorted(column.values or column.samples, key=lambda value: -len(str(value))):
            indices = phrase_in(str(sample), words)
            by_name = {i for name, found in named.columns.items() if name not in named.loosely for i in found}
            if indices and not set(indices) <= by_name | taken:
                named.values.append((column, sample))
                named.used.update(indices)
                taken.update(indices)
                named.forget(set(indices))
        verb = set(named.columns[column.name]) if taken and column.name in named.loosely else set[int]()
        if verb:
            named.by_verb = True
            named.forget(verb)
    firm = {column.words[0] for column in table.columns if column.name in named.columns.keys() - named.loosely}
    for index, word in enumerate(words):
        if ADJECTIVES.get(positive(word.stem), frozenset()) & firm:
            named.forget({index})
    for column in table.columns:
        if column.is_entity:
            _add_short_names(named, column, words)
    if named.loosely and any(column.is_entity for column, _ in named.values):
        named.by_verb = True
    return named


def _add_short_names(named: Named, column: Column, words: Sequence[Word]) -> None:
    """The only value that begins with a name: Alice, if there is but one."""
    for index, word in enumerate(words):
        is_place = index > 0 and words[index - 1].text.lower() in _OF_PLACES
        if index in named.used or not word.is_capital or index == 0 or is_place:
            continue
        meant = [value for value in column.values if " " in str(value) and str(value).split()[0] == word.text]
        if len(meant) == 1:
            named.values.append((column, meant[0]))
            named.used.add(index)


def _named_by(column: Column, words: Sequence[Word], rows: Sequence[str]) -> list[int]:
    """The indices of the words that name a column, by its name or by an adjective of it ('heaviest').

    `rows`: the stems of what its table's rows are called, which name no column: an order is no 'order_date'.
    """
    by_name = _named_by_name(column, words, rows) or _named_by_head(column, words) or _named_misspelt(column, words)
    first = set(column.words[:1])
    return by_name or [i for i, word in enumerate(words) if ADJECTIVES.get(positive(word.stem), frozenset()) & first]


def _named_by_name(column: Column, words: Sequence[Word], rows: Sequence[str]) -> list[int]:
    """The indices of the words that are a column's name, the beginning of it, or its initials."""
    found = {part: [i for i, word in enumerate(words) if _stands_for(part, word.stem)] for part in column.words}
    first = column.words[0]
    if all(found.values()) or (len(column.words) > 1 and found[first] and len(first) > 3 and first not in rows):
        return sorted({i for indices in found.values() for i in indices})
    initials = "".join(part[0] for part in PARTS.findall(column.name)).lower()
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
