"""SQL for a question in words, made by matching it to the schema; None where the mapping isn't clear."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from models.reflex.quantities import find_numbers
from models.reflex.schema import ADJECTIVES, Column, Named, Table, named_in, positive
from models.reflex.words import Word, is_asking_word, is_function_word, words

MOST_ROWS = 20
CLEAR, UNSURE = 0.99, 0.66
_GUESS = 0.9
"""Shares of a question's content words that the schema explains: query only; query and search as well."""

_AGGREGATES: tuple[tuple[str, str, str], ...] = (
    ("AVG", "average", r"\b(?:average|mean|avg|on average|typical)\b"),
    ("SUM", "total", r"\b(?:total|sum of|altogether|in total|combined)\b"),
    (
        "MAX",
        "highest",
        r"\b(?:highest|maximum|max|most|largest|greatest|biggest|best|top|latest|newest|last|longest|peak)\b",
    ),
    ("MIN", "lowest", r"\b(?:lowest|minimum|min|least|smallest|fewest|worst|earliest|oldest|first|shortest|bottom)\b"),
)
_LOW = frozenset({"light", "cheap", "slow", "old", "young", "short", "cold"})
_COUNT = re.compile(r"\bhow many\b|\b(?:number|count) of\b|\bcount (?:the|all)\b", re.IGNORECASE)
_DISTINCT = re.compile(r"\b(?:different|distinct|unique|kinds? of|types? of)\b", re.IGNORECASE)
_MOST_COMMON = re.compile(r"\bmost (?:common|frequent|often)\b", re.IGNORECASE)
_TOP = re.compile(r"\b(?:top|first|best|highest|largest|biggest|lowest|worst|bottom)\s+(\d{1,3}|two|three|four|five|six|ten)\b"
                  r"|\b(\d{1,3}|two|three|four|five|six|ten)\s+(?:\w+\s+)?(?:with the )?(?:highest|lowest|most|largest|best|\w+est)\b",
                  re.IGNORECASE)  # fmt: skip
_BY = re.compile(
    r"\b(?:by|per|for each|for every|in each|of each|each|grouped by|across)\s+(?:the\s+)?(\w+)", re.IGNORECASE
)
_WHICH = re.compile(r"^\W*(?:which|what|who)\s+(?:(?:\d+|one|two|three|five|ten)\s+)?(?P<entity>[\w-]+)", re.IGNORECASE)
_YEAR = re.compile(
    r"\b(?P<how>in|during|of|from|for|before|after|since|until|by)\s+(?:the year\s+)?(?P<year>1[5-9]\d\d|20\d\d)\b"
    r"|\bbetween\s+(?P<low>1[5-9]\d\d|20\d\d)\s+and\s+(?P<high>1[5-9]\d\d|20\d\d)\b",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"\b(?P<how>more than|greater than|higher than|larger than|over|above|exceeding|at least|less than|fewer than|"
    r"lower than|smaller than|under|below|at most|up to|exactly|equal to|of|with|have|has|having)\s+"
    r"(?P<number>-?\d[\d,]*(?:\.\d+)?)\b",
    re.IGNORECASE,
)
_OPERATORS = {
    "more than": ">", "greater than": ">", "higher than": ">", "larger than": ">", "over": ">", "above": ">",
    "exceeding": ">", "at least": ">=", "less than": "<", "fewer than": "<", "lower than": "<", "smaller than": "<",
    "under": "<", "below": "<", "at most": "<=", "up to": "<=",
}  # fmt: skip
_OF_DATA = frozenset(
    [
        "made",
        "produced",
        "released",
        "sold",
        "built",
        "recorded",
        "listed",
        "there",
        "database",
        "table",
        "tables",
        "row",
        "rows",
        "entry",
        "entries",
        "record",
        "records",
        "data",
        "dataset",
        "column",
        "value",
        "values",
        "car",
        "come",
        "came",
        "having",
        "highest",
        "lowest",
        "most",
        "least",
        "average",
        "mean",
        "total",
        "sum",
        "maximum",
        "minimum",
        "max",
        "min",
        "avg",
        "count",
        "number",
        "top",
        "bottom",
        "first",
        "last",
        "largest",
        "smallest",
        "biggest",
        "greatest",
        "fewest",
        "best",
        "worst",
        "latest",
        "newest",
        "oldest",
        "earliest",
        "longest",
        "shortest",
        "common",
        "frequent",
        "different",
        "distinct",
        "unique",
        "per",
        "each",
        "overall",
        "ever",
        "order",
        "ordered",
        "sorted",
        "descending",
        "ascending",
        "years",
        "more",
        "less",
        "than",
        "over",
        "above",
        "below",
        "under",
        "least",
        "greater",
        "higher",
        "lower",
        "fewer",
        "larger",
        "smaller",
        "exactly",
        "equal",
        "between",
        "before",
        "after",
        "since",
        "until",
        "during",
        "typical",
        "peak",
    ]
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
    named = [named_in(table, found) for table in tables]
    best = max(named, key=lambda n: (n.weight, len(n.used)), default=None)
    if best is None or best.weight < 1.0 or not (best.by_table or best.columns.keys() - best.loosely):
        return None
    return _Builder(question, found, best).build()


class _Builder:
    """One query in the making."""

    def __init__(self, question: str, found: Sequence[Word], named: Named) -> None:
        self.question, self.words, self.named, self.table = question, found, named, named.table
        self.used = set(named.used)
        self.where: list[str] = []
        self.filtered: set[str] = set()
        self.is_guess = False

    def build(self) -> Query | None:
        self._filter_by_values()
        self._filter_by_year()
        self._filter_by_numbers()
        self._limit()
        aggregate = self._aggregate()
        measure = self._measure()
        group = self._group()
        if group is not None and (measure is group or (group.is_numeric and _TOP.search(self.question))):
            group, measure = (None, group) if group.is_numeric and _TOP.search(self.question) else (group, None)
        if self._names_something_else():
            self._filter_by_name(measure)
        made = (
            self._most_common()
            or self._count(aggregate, group, measure)
            or self._grouped(aggregate, group, measure)
            or self._extreme(aggregate, measure)
            or self._aggregated(aggregate, measure)
            or self._looked_up(measure)
        )
        if made is None:
            return None
        if self._names_something_else():
            return None
        sql, value, single = made
        return Query(sql, value, single, min(self._confidence(), _GUESS) if self.is_guess else self._confidence())

    def _count(self, aggregate: str, group: Column | None, measure: Column | None) -> tuple[str, str, bool] | None:
        if not _COUNT.search(self.question):
            return None
        if group is not None:
            sql = f"SELECT {group.sql}, COUNT(*) AS count {self._from()} GROUP BY {group.sql} ORDER BY count DESC LIMIT {MOST_ROWS}"
            return sql, "count", False
        counted = next((c for c in self._columns() if self._is_counted(c)), None)
        if counted is not None and measure is counted and counted.is_numeric and not _DISTINCT.search(self.question):
            return None
        if counted is not None and (_DISTINCT.search(self.question) or not self.named.by_table):
            return f"SELECT COUNT(DISTINCT {counted.sql}) AS count {self._from()}", "count", True
        return (f"SELECT COUNT(*) AS count {self._from()}", "count", True) if self.named.by_table else None

    def _grouped(self, aggregate: str, group: Column | None, measure: Column | None) -> tuple[str, str, bool] | None:
        function, name = self._function(aggregate)
        if group is not None and measure is not None and measure.is_numeric:
            value = f"{name}_{measure.name}"
            sql = (f'SELECT {group.sql}, {function}({measure.sql}) AS "{value}" {self._from()} GROUP BY {group.sql} '
                   f'ORDER BY "{value}" DESC LIMIT {MOST_ROWS}')  # fmt: skip
            return sql, value, False
        entity = self._asked_entity()
        is_summed = bool(re.search(r"\b(?:average|mean|total|sum)\b", self.question, re.IGNORECASE))
        if (
            entity is None
            or (entity is self.table.entity and not is_summed)
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
            sql = (f"SELECT {entity.sql}, COUNT(*) AS count {self._from()} GROUP BY {entity.sql} "
                   f"ORDER BY count {order} LIMIT {self._limit()}")  # fmt: skip
            return sql, "count", self._limit() == 1
        if is_summed:
            value = f"{name}_{measure.name}"
            sql = (f'SELECT {entity.sql}, {function}({measure.sql}) AS "{value}" {self._from()} GROUP BY {entity.sql} '
                   f'ORDER BY "{value}" {order} LIMIT {self._limit()}')  # fmt: skip
            return sql, value, self._limit() == 1
        return None

    def _extreme(self, aggregate: str, measure: Column | None) -> tuple[str, str, bool] | None:
        """Which car has the highest miles per gallon?"""
        asks_which = (
            bool(_WHICH.match(self.question))
            or self._limit() > 1
            or bool(re.match(r"^\W*(?:list|show)", self.question, re.I))
        )
        entity = self._asked_entity() or self.table.entity
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
        sql = (f"SELECT {entity.sql}, {measure.sql} {self._from(f'{measure.sql} IS NOT NULL')} "
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
        return f'SELECT {function}({measure.sql}) AS "{value}" {self._from()}', value, True

    def _looked_up(self, measure: Column | None) -> tuple[str, str, bool] | None:
        """What is the horsepower of the ford pinto?"""
        entity = self.table.entity
        columns = [column for column in self._columns() if column not in [c for c, _ in self.named.values]]
        is_named = self.is_guess or self._filter_by_name(measure)
        if (self.where or is_named) and measure is not None and entity is not None and measure is not entity:
            shown = ", ".join(dict.fromkeys([entity.sql, *(column.sql for column in columns)]))
            return f"SELECT {shown} {self._from()} LIMIT {MOST_ROWS}", measure.name, False
        asks_list = re.match(r"^\W*(?:which|what|list|show|name)\b", self.question, re.IGNORECASE)
        listed = measure or self._asked_entity() or (entity if self.where else None)
        if asks_list and listed is not None and (self.named.by_table or self.where) and not listed.is_numeric:
            return (
                f"SELECT DISTINCT {listed.sql} {self._from()} ORDER BY {listed.sql} LIMIT {MOST_ROWS}",
                listed.name,
                False,
            )
        return None

    def _most_common(self) -> tuple[str, str, bool] | None:
        column = next(iter(self._columns()), None)
        if not _MOST_COMMON.search(self.question) or column is None:
            return None
        sql = (f"SELECT {column.sql}, COUNT(*) AS count {self._from()} GROUP BY {column.sql} "
               f"ORDER BY count DESC LIMIT {self._limit()}")  # fmt: skip
        return sql, column.name, True

    def _from(self, *more: str) -> str:
        conditions = [*self.where, *more]
        return f"FROM {self.table.sql}" + (f" WHERE {' AND '.join(conditions)}" if conditions else "")

    def _filter_by_values(self) -> None:
        for column, value in self.named.values:
            self.where.append(f"{column.sql} = '{_quoted(str(value))}'")

    def _filter_by_year(self) -> None:
        column = next((c for c in self.table.columns if c.is_date), None)
        match = _YEAR.search(self.question)
        if column is None or match is None:
            return
        self._use(match)
        if match["low"]:
            low, high = match["low"], str(int(match["high"]) + 1)
            self.where.append(f"{column.sql} >= {_year(column, low)} AND {column.sql} < {_year(column, high)}")
        elif match["how"].lower() in ("before", "until", "by"):
            self.where.append(f"{column.sql} < {_year(column, match['year'])}")
        elif match["how"].lower() == "after":
            self.where.append(f"{column.sql} >= {_year(column, str(int(match['year']) + 1))}")
        elif match["how"].lower() == "since":
            self.where.append(f"{column.sql} >= {_year(column, match['year'])}")
        elif column.is_year_number:
            self.where.append(f"{column.sql} = {match['year']}")
        else:
            self.where.append(f"CAST({column.sql} AS TEXT) LIKE '{match['year']}%'")

    def _filter_by_numbers(self) -> None:
        """'more than 30 miles per gallon', 'with 8 cylinders', 'horsepower over 200'."""
        years = [match.span("year") for match in _YEAR.finditer(self.question)]
        for match in _LIMIT.finditer(self.question):
            start, end = match.span("number")
            if any(low <= start < high for low, high in years):
                continue
            column = self._column_near(start, end)
            if column is None:
                continue
            self._use(match)
            operator = _OPERATORS.get(match["how"].lower(), "=")
            self.where.append(f"{column.sql} {operator} {match['number'].replace(',', '')}")
            self.filtered.add(column.name)

    def _column_near(self, start: int, end: int) -> Column | None:
        """The numeric column named right after a number, else right before it."""
        near: list[tuple[int, Column]] = []
        for name, indices in self.named.columns.items():
            column = self.named.column(name)
            if column.is_numeric:
                after = min((self.words[i].start - end for i in indices if self.words[i].start >= end), default=99)
                before = min((start - self.words[i].end for i in indices if self.words[i].end <= start), default=99)
                near.append((min(after, before + 20), column))
        best = min(near, key=lambda item: item[0], default=None)
        return best[1] if best and best[0] < 60 else None

    def _aggregate(self) -> str:
        for function, _, pattern in _AGGREGATES:
            if match := re.search(pattern, self.question, re.IGNORECASE):
                self._use(match)
                return function
        superlative = positive(self._superlative())
        if superlative in ADJECTIVES and self._superlative() != superlative:
            return "MIN" if superlative in _LOW else "MAX"
        return ""

    def _superlative(self) -> str:
        for index, word in enumerate(self.words):
            if word.text.lower().endswith("est") and positive(word.stem) in ADJECTIVES:
                self.used.add(index)
                return word.stem
        return ""

    def _function(self, aggregate: str) -> tuple[str, str]:
        for function, name, pattern in _AGGREGATES:
            if re.search(pattern, self.question, re.IGNORECASE) and (
                function in ("AVG", "SUM") or function == aggregate
            ):
                return function, name
        return (aggregate, "lowest" if aggregate == "MIN" else "highest") if aggregate else ("AVG", "average")

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
        self._use(match)
        return max(1, min(MOST_ROWS, int(numbers[0].value))) if numbers else 1

    def _filter_by_name(self, measure: Column | None) -> bool:
        """Take the words that nothing explains, if they stand together, for the name of what is asked about."""
        entity = self.table.entity
        left = [index for index in range(len(self.words)) if not self._is_explained(index)]
        if not left or left[-1] - left[0] != len(left) - 1 or entity is None or measure is None or entity is measure:
            return False
        if entity.name in self.named.columns:
            return False
        name = self.question[self.words[left[0]].start : self.words[left[-1]].end].lower()
        pattern = name.replace("'", "''").replace("%", "").replace("_", " ")
        self.where.append(f"LOWER({entity.sql}) LIKE '%{pattern}%'")
        self.used.update(left)
        self.is_guess = True
        return True

    def _is_explained(self, index: int) -> bool:
        word = self.words[index]
        return (
            index in self.used or is_function_word(word) or is_asking_word(word) or word.text.lower() in _OF_DATA
            or positive(word.stem) in ADJECTIVES
        )  # fmt: skip

    def _names_something_else(self) -> bool:
        """Whether a name or a number is left that the table doesn't have: the weather in Berlin, asked of Seattle's."""
        left = [self.words[i] for i in range(1, len(self.words)) if not self._is_explained(i)]
        return any(word.is_capital or word.text.isdigit() for word in left)

    def _confidence(self) -> float:
        content = [i for i, word in enumerate(self.words) if not is_function_word(word)]
        explained = [i for i in content if self._is_explained(i)]
        return len(explained) / len(content) if content else 0.0

    def _use(self, match: re.Match[str]) -> None:
        self.used.update(i for i, word in enumerate(self.words) if match.start() <= word.start < match.end())


def _year(column: Column, year: str) -> str:
    return year if column.is_year_number else f"'{year}-01-01'"


def _quoted(text: str) -> str:
    return text.replace("'", "''")
