"""Numbers and dates in a text: digits and words, fractions, magnitudes, percentages, money, with their units."""

from __future__ import annotations

import datetime
import functools
import re
from dataclasses import dataclass

from models.reflex.words import stem

_SMALL = {
    name: value
    for value, name in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
_TENS = {
    name: value * 10
    for value, name in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)
}
_BIG = {"hundred": 100, "thousand": 1_000, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12}
_PARTS = {
    "half": 2, "halves": 2, "third": 3, "thirds": 3, "fourth": 4, "fourths": 4, "quarter": 4, "quarters": 4,
    "fifth": 5, "fifths": 5, "sixth": 6, "sixths": 6, "seventh": 7, "eighth": 8, "eighths": 8, "tenth": 10,
    "tenths": 10, "hundredth": 100, "hundredths": 100,
}  # fmt: skip
_NAMES = "|".join(sorted([*_SMALL, *_TENS, *_BIG], key=len, reverse=True))
_IN_WORDS = re.compile(rf"\b(?:an?\s+(?=(?:hundred|thousand|million|billion|dozen)\b))?"
                       rf"(?:{_NAMES})(?:(?:[\s-]+|\s+and\s+)(?:{_NAMES}))*\b(?!-)", re.IGNORECASE)  # fmt: skip
_FRACTION = re.compile(
    rf"\b({'|'.join([*_SMALL, 'a'])})[\s-]+({'|'.join(sorted(_PARTS, key=len, reverse=True))})\b"
    r"(?!\s+(?:day|monday|year)\b)",
    re.IGNORECASE,
)
_DIGITS = re.compile(
    r"(?<![\w.,/:-])(?P<sign>[-−+](?=[\d.$€£]))?(?P<money>[$€£¥]\s?)?"
    r"(?P<number>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|\.\d+)"
    r"(?P<percent>\s?%|\s+per\s?cent\b)?(?![\w]|[.:/-]\d)",
    re.IGNORECASE,
)
_MAGNITUDE = re.compile(r"\s*(hundred|thousand|million|billion|trillion|dozen|[kKmM]\b|bn\b)", re.IGNORECASE)
_SHORT_MAGNITUDES = {"k": 1_000, "m": 10**6, "bn": 10**9}
_UNIT = re.compile(r"[\s-]+(?:of\s+the\s+|of\s+|the\s+)?([A-Za-z]+)")
_EVERY = re.compile(
    r"\bevery\s+(?P<which>other|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth)\s+"
    r"(?:year|month|week|day|hour)s?\b",
    re.IGNORECASE,
)
_INTERVALS = ("other", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_TIMES = re.compile(r"\b(?:once|twice)\b(?! again)", re.IGNORECASE)
_MONTHS = {
    name: number
    for number, names in enumerate(
        [
            "january jan januar",
            "february feb februar",
            "march mar märz",
            "april apr",
            "may mai",
            "june jun juni",
            "july jul juli",
            "august aug",
            "september sept sep",
            "october oct oktober okt",
            "november nov",
            "december dec dezember dez",
        ],
        1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATE = re.compile(
    rf"\b(?P<iso>\d{{4}}[-/]\d{{2}}[-/]\d{{2}})\b"
    rf"|\b(?P<m1>{_MONTH})\.?\s+(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y1>\d{{4}})\b"
    rf"|\b(?P<d2>\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?(?P<m2>{_MONTH})\.?,?\s+(?P<y2>\d{{4}})\b"
    rf"|\b(?P<m3>{_MONTH})\.?,?\s+(?P<y3>\d{{4}})\b"
    rf"|\b(?P<y4>1[0-9]{{3}}|20[0-9]{{2}})\b(?![.]\d|\s*(?:%|bytes|lines|km|kg|lbs|miles|people|packages))",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Quantity:
    """A number in a text. `unit`: the stem of the word after it, '%' or 'money'; `start`, `end`: where it stands."""

    value: int | float
    unit: str
    start: int
    end: int
    text: str

    @property
    def is_weak(self) -> bool:
        """'one' and 'once' are more often other words than numbers."""
        return self.text.lower() in ("one", "once")


@dataclass(frozen=True)
class FoundDate:
    """A date in a text. `value`: ISO, as exact as the text: '1787-09-17', '1787-09' or '1787'."""

    value: str
    start: int
    end: int
    text: str


@functools.lru_cache(maxsize=1024)
def find_numbers(text: str) -> tuple[Quantity, ...]:
    """The numbers of `text` in order, dates aside: 'twenty five Years', '1,234.5', '$3.5 million', 'two thirds'."""
    taken: list[tuple[int, int]] = [(date.start, date.end) for date in find_dates(text) if not date.text.isdigit()]
    found: list[Quantity] = []

    def add(value: int | float, start: int, end: int, unit: str | None = None) -> None:
        if any(start < stop and begin < end for begin, stop in taken):
            return
        taken.append((start, end))
        found.append(Quantity(_tidy(value), unit or _unit_after(text, end), start, end, text[start:end]))

    for match in _FRACTION.finditer(text):
        count = _SMALL.get(match.group(1).lower(), 1)
        add(count / _PARTS[match.group(2).lower()], match.start(), match.end())
    for match in _DIGITS.finditer(text):
        value = float(match["number"].replace(",", "")) * (-1 if match["sign"] in ("-", "−") else 1)
        if re.fullmatch(r"\d+", match["number"].replace(",", "")):
            value = int(match["number"].replace(",", "")) * (-1 if match["sign"] in ("-", "−") else 1)
        end, unit = match.end(), None
        if match["percent"]:
            unit = "%"
        elif magnitude := _MAGNITUDE.match(text, end):
            name = magnitude.group(1)
            if name.lower() in _BIG or match["money"]:
                value *= _BIG.get(name.lower()) or _SHORT_MAGNITUDES[name.lower()]
                end = magnitude.end()
        add(value, match.start(), end, unit or ("money" if match["money"] else None))
    for match in _EVERY.finditer(text):
        which = match["which"].lower().replace("second", "other")
        add(2 + _INTERVALS.index(which), match.start("which"), match.end("which"))
    for match in _TIMES.finditer(text):
        add(2 if match.group().lower() == "twice" else 1, match.start(), match.end(), stem("time"))
    for match in _IN_WORDS.finditer(text):
        value_in_words = _value_of(match.group())
        if value_in_words is not None:
            percent = re.match(r"\s+per\s?cent\b", text[match.end() :], re.IGNORECASE)
            add(value_in_words, match.start(), match.end(), "%" if percent else None)
    return tuple(sorted(found, key=lambda quantity: quantity.start))


@functools.lru_cache(maxsize=1024)
def find_dates(text: str) -> tuple[FoundDate, ...]:
    """The dates of `text` in order, from whole dates to mere years."""
    found = []
    for match in _DATE.finditer(text):
        value = _iso(match)
        if value:
            found.append(FoundDate(value, match.start(), match.end(), match.group()))
    return tuple(found)


def _iso(match: re.Match[str]) -> str | None:
    if match["iso"]:
        parts = [int(part) for part in re.split("[-/]", match["iso"])]
    elif match["y4"]:
        return str(match["y4"])
    elif match["y3"]:
        return f"{match['y3']}-{_MONTHS[match['m3'].lower()]:02d}"
    else:
        which = "1" if match["y1"] else "2"
        parts = [int(match["y" + which]), _MONTHS[match["m" + which].lower()], int(match["d" + which])]
    try:
        return datetime.date(*parts).isoformat()
    except ValueError:
        return None


def _value_of(name: str) -> int | None:
    """'one thousand eight hundred and eight' -> 1808; None if the words don't make one number."""
    total, current, last = 0, 0, None
    for token in re.split(r"[\s-]+", name.lower()):
        if token in ("and", "a", "an"):
            continue
        if token in _BIG:
            factor = _BIG[token]
            if factor in (100, 12):
                current = max(current, 1) * factor
            else:
                total, current = total + max(current, 1) * factor, 0
            last = None
        else:
            value = _SMALL.get(token, _TENS.get(token, 0))
            if last is not None and not (last in _TENS.values() and value < 10):
                return None
            current, last = current + value, value
    return total + current


def _unit_after(text: str, end: int) -> str:
    match = _UNIT.match(text, end)
    return stem(match.group(1)) if match else ""


def _tidy(value: int | float) -> int | float:
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value
