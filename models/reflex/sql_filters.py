"""The rows a question is about: conditions on values, years, numbers and names, and which words they explain."""

from __future__ import annotations

import re
from collections.abc import Sequence

from models.reflex.quantities import find_dates
from models.reflex.schema import Column
from models.reflex.sql_names import Named, phrase_in
from models.reflex.sql_relations import Relation
from models.reflex.vocabulary import GERMAN_FUNCTION_WORDS
from models.reflex.words import Word, is_asking_word, is_function_word

_YEAR = re.compile(
    r"\b(?P<how>in|during|of|from|for|before|after|since|until|by)\s+(?:the year\s+)?(?P<year>1[5-9]\d\d|20\d\d)\b"
    r"|\bbetween\s+(?P<low>1[5-9]\d\d|20\d\d)\s+and\s+(?P<high>1[5-9]\d\d|20\d\d)\b",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"\b(?P<how>(?:no|not) (?:more|less|fewer) than|"
    r"more than|greater than|higher than|larger than|over|above|exceeding|at least|less than|fewer than|"
    r"lower than|smaller than|under|below|at most|up to|exactly|equal to|of|with|have|has|having)\s+"
    r"(?P<number>-?\d[\d,]*(?:\.\d+)?)\b(?:\s*(?:mm|cm|m|km|mg|g|kg|lbs?|pounds?|usd|dollars?|eur|euros?|degrees?|"
    r"percent)\b)?",
    re.IGNORECASE,
)
_OPERATORS = {
    "more than": ">", "greater than": ">", "higher than": ">", "larger than": ">", "over": ">", "above": ">",
    "exceeding": ">", "at least": ">=", "less than": "<", "fewer than": "<", "lower than": "<", "smaller than": "<",
    "under": "<", "below": "<", "at most": "<=", "up to": "<=", "no more than": "<=", "not more than": "<=",
    "no less than": ">=", "not less than": ">=", "no fewer than": ">=", "not fewer than": ">=",
}  # fmt: skip
_NOT = re.compile(
    r"\b(?:not|never|no|nothing|nobody|none|neither|nor|without|except(?:ing)?|excluding|besides|other than|"
    r"apart from|rather than|nicht|kein\w*|ohne|außer)\b|n['’]t\b",
    re.IGNORECASE,
)
_UP_TO_WHAT_IS_DENIED = re.compile(
    r"(?:\s+(?:lives?|living|come|comes|made|sold|produced|built|placed|bought|located|based|ordered|grown))?"
    r"(?:\s+(?:for|of|from|in|at|by|with|to|any|an?|the))*\s*",
    re.IGNORECASE,
)
"""What stands between a 'not' and the value it denies: 'not made in Japan'."""
_LIKE_A_YEAR = re.compile(r"1[5-9]\d\d|20\d\d")
_BUT = re.compile(r"\bbut\b", re.IGNORECASE)
_COMPARES = re.compile(
    r"\b(?:than|at (?:least|most)|same|other|another|only|both|twice|once|exactly|"
    r"als|mindestens|höchstens|derselbe\w*|dieselbe\w*|nur|andere\w*)\b",
    re.IGNORECASE,
)
"""What bounds or relates rows in a way of its own: left out of a query, it would ask for all of them."""
_OF_DATA = frozenset(
    """
    made produced released sold built recorded listed there database table tables row rows entry entries record
    records data dataset column value values car come came having highest lowest most least average mean total
    sum maximum minimum max min avg count number top bottom first last largest smallest biggest greatest fewest
    best worst latest newest oldest earliest longest shortest common frequent different distinct unique per each
    overall ever order ordered sorted descending ascending years more less than over above below under least
    greater higher lower fewer larger smaller exactly equal between before after since until during typical peak
    percentage percent share proportion come comes fall fell placed
    tabelle zeilen anzahl summe insgesamt gesamt hoch höchste
    höchsten niedrigste niedrigsten größte kleinste durchschnittliche durchschnittlich durchschnitt mittlere maximale
    minimale meisten
    """.split()  # noqa: SIM905
)


_ALSO_GERMAN = frozenset({"die", "was", "an", "war", "waren"})
"""Words that say nothing in German, but something in English."""


class Filters:
    """The conditions of one query in the making, and the words of the question that are explained so far."""

    def __init__(self, question: str, found: Sequence[Word], named: Named, relation: Relation | None = None) -> None:
        self.question, self.words, self.named, self.table = question, found, named, named.table
        self.relation = relation
        self.used = set(named.used)
        self.where: list[str] = []
        self.filtered: set[str] = set()
        self.is_guess = self.is_contrary = False
        self.named_dates = False
        self._denials: set[int] = set()
        self._compared: set[int] = set()

    def source(self, *more: str) -> str:
        conditions = [*self.where, *more]
        return f"FROM {self.table.sql}" + (f" WHERE {' AND '.join(conditions)}" if conditions else "")

    def filter_by_relation(self) -> None:
        """'customers with no orders'."""
        if self.relation is not None:
            self.where.append(self.relation.condition)
            self._take(self.relation.start, self.relation.end)

    def filter_by_id(self) -> None:
        """'order 7'."""
        rows = "|".join(map(re.escape, self.table.words))
        match = re.search(rf"\b(?:{rows})\w{{0,2}}\s+(?:(?:number|no\.?|id)\s+|#)?(\d{{1,9}})\b", self.question, re.I)
        if self.table.id is None or not rows or match is None or _LIKE_A_YEAR.fullmatch(match[1]):
            return
        self.where.append(f"{self.table.id.sql} = {match[1]}")
        self._take(*match.span())

    def filter_by_values(self) -> None:
        """Several values of one column are alternatives: 'in Rome or Berlin', 'not from Rome or Berlin'."""
        for column in dict.fromkeys(column for column, _ in self.named.values):
            values = self.values_of(column)
            denied = [self._is_denied(value) for value in values]
            first_is_denied = denied[values.index(min(values, key=self._place))]
            if any(denied) and (not first_is_denied or _BUT.search(self.question)):
                self.is_contrary = True
            listed = ", ".join(f"'{_quoted(value)}'" for value in values)
            one, several = ("<>", "NOT IN") if first_is_denied else ("=", "IN")
            self.where.append(
                f"{column.sql} {several} ({listed})" if len(values) > 1 else f"{column.sql} {one} {listed}"
            )

    def values_of(self, column: Column) -> list[str]:
        """The values of a column that the question names."""
        return [str(value) for other, value in self.named.values if other == column]

    def _place(self, value: str) -> int:
        return next(iter(phrase_in(value, self.words)), 0)

    def _is_denied(self, value: str) -> bool:
        """Whether a 'not' stands before the value."""
        start = self.words[self._place(value)].start
        for match in _NOT.finditer(self.question, 0, start):
            if between := _UP_TO_WHAT_IS_DENIED.fullmatch(self.question, match.end(), start):
                self._denials.add(match.start())
                self.use(match)
                self.use(between)
                return True
        return False

    @property
    def leaves_a_condition(self) -> bool:
        """Whether a 'not' or a 'than' is left that no condition has taken in: the query would say something else."""
        denials = (match.start() not in self._denials for match in _NOT.finditer(self.question))
        comparisons = (match.start() not in self._compared for match in _COMPARES.finditer(self.question))
        return self.is_contrary or any(denials) or any(comparisons)

    def filter_by_date(self) -> None:
        """'on 2012-01-02', 'in March 2013', 'between 2012-01-01 and 2012-01-31'."""
        column = next((c for c in self.table.columns if c.is_date and not c.is_year_number), None)
        dates = [date for date in find_dates(self.question) if len(date.value) > 4]
        if column is None or not dates or self.named_dates:
            return
        for date in dates:
            self.used.update(i for i, word in enumerate(self.words) if date.start <= word.start < date.end)
        low, high = dates[0].value, dates[-1].value
        separator = next((str(sample)[4] for sample in column.samples if len(str(sample)) > 4), "-")
        low, high = low.replace("-", separator), high.replace("-", separator)
        how = re.search(r"(\w+)\W*$", self.question[: dates[0].start])
        word = how[1].lower() if how else ""
        if len(dates) > 1:
            self.where.append(f"{column.sql} >= '{low}' AND {column.sql} < '{high}~'")
        elif word in ("before", "until"):
            self.where.append(f"{column.sql} < '{low}'")
        elif word in ("after", "since"):
            self.where.append(f"{column.sql} >= '{low}{'~' if word == 'after' else ''}'")
        else:
            self.where.append(f"CAST({column.sql} AS TEXT) LIKE '{low}%'")
        self.named_dates = True

    def filter_by_year(self) -> None:
        if self.named_dates:
            return
        column = next((c for c in self.table.columns if c.is_date), None)
        match = _YEAR.search(self.question)
        if column is None or match is None:
            return
        self.use(match)
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

    def filter_by_numbers(self) -> None:
        """'more than 30 miles per gallon', 'with 8 cylinders', 'horsepower over 200'."""
        years = [match.span("year") for match in _YEAR.finditer(self.question)]
        for match in _LIMIT.finditer(self.question):
            start, end = match.span("number")
            if any(low <= start < high for low, high in years) or (
                self.relation and self.relation.start <= start < self.relation.end
            ):
                continue
            column = self._column_near(start, end)
            if column is None:
                continue
            self._take(*match.span())
            operator = _OPERATORS.get(" ".join(match["how"].lower().split()), "=")
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

    def filter_by_name(self, measure: Column | None) -> bool:
        """Take the words that nothing explains, if they stand together, for the name of what is asked about."""
        entity = self.table.entity
        left = [index for index in range(len(self.words)) if not self.is_explained(index)]
        if not left or left[-1] - left[0] != len(left) - 1 or entity is None or measure is None or entity is measure:
            return False
        if entity.is_key or entity.name in self.named.columns or self.values_of(entity):
            return False
        name = self.question[self.words[left[0]].start : self.words[left[-1]].end].lower()
        if name.isdigit() or (entity.values and not any(name in str(value).lower() for value in entity.values)):
            return False
        pattern = name.replace("'", "''").replace("%", "").replace("_", " ")
        self.where.append(f"LOWER({entity.sql}) LIKE '%{pattern}%'")
        self.used.update(left)
        self.is_guess = True
        return True

    def is_explained(self, index: int) -> bool:
        word = self.words[index]
        said = word.text.lower()
        is_german = said in _ALSO_GERMAN and any(one.text.lower() in GERMAN_FUNCTION_WORDS for one in self.words)
        return (
            index in self.used or is_function_word(word) or is_asking_word(word) or said in _OF_DATA or is_german
        )  # fmt: skip

    def names_something_else(self) -> bool:
        """Whether a name or a number is left that the table doesn't have: the weather in Berlin, asked of Seattle's."""
        left = [self.words[i] for i in range(1, len(self.words)) if not self.is_explained(i)]
        return any(word.is_capital or any(map(str.isdigit, word.text)) for word in left)

    @property
    def explains_all(self) -> bool:
        """Whether the schema and the words about asking explain every word of the question."""
        return all(self.is_explained(index) for index in range(len(self.words)))

    def _take(self, start: int, end: int) -> None:
        """What the question says there is a condition now."""
        self.used.update(i for i, word in enumerate(self.words) if start <= word.start < end)
        self._denials.update(denial.start() for denial in _NOT.finditer(self.question, start, end))
        self._compared.update(bound.start() for bound in _COMPARES.finditer(self.question, start, end))

    def use(self, match: re.Match[str]) -> None:
        self.used.update(i for i, word in enumerate(self.words) if match.start() <= word.start < match.end())


def _year(column: Column, year: str) -> str:
    return year if column.is_year_number else f"'{year}-01-01'"


def _quoted(text: str) -> str:
    return text.replace("'", "''")
