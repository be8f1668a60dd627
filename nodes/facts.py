"""The checkable facts in a text: numbers, dates and proper names, however they are written."""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from models.reflex.quantities import find_numbers
from models.reflex.words import FUNCTION_WORDS, stem


@dataclass(frozen=True)
class Number:
    """A number as it is written. `readings`: what it may stand for, the likeliest first ('1.234': 1.234, then 1234).

    `unit`: what one in its last digit is worth, '1.5 million' -> 100,000. `parts`: what it is made of, if it may be
    more than one number ('1/2', '100 200').
    """

    readings: tuple[Decimal, ...]
    unit: Decimal
    percent: bool
    start: int
    end: int
    text: str
    parts: tuple[Decimal, ...] = ()

    @property
    def value(self) -> Decimal:
        return self.readings[0]


@dataclass(frozen=True)
class Date:
    """A date as it is written: each reading is (year, month, day), with 0 for what isn't said."""

    readings: tuple[tuple[int, int, int], ...]
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Name:
    """A capitalised word, or several in a row."""

    words: tuple[str, ...]
    start: int
    text: str
    begins: bool  # it begins a sentence, where any word is capitalised


def word_list(text: str) -> list[str]:
    """The words of a list written as one string."""
    return text.split()


def word_set(text: str) -> frozenset[str]:
    """The same, as a set."""
    return frozenset(text.split())


_SUPERSCRIPTS = {ord(s): f"^{d}" for s, d in zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True)}
_DASHES = {0x2212: "-", 0x2010: "-", 0x2011: "-", 0xFE63: "-", 0xFF0D: "-", 0x2018: "'", 0x2019: "'", 0x02BC: "'"}
_NARROW_SPACE = re.compile("(?<=\\d)[\u00a0\u202f\u2009](?=\\d{3})")
_VULGAR = re.compile("(\\d*)\\s?([¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞])")


@functools.lru_cache(maxsize=2048)
def plain(text: str) -> str:
    """`text` with every way to write a digit, a minus, an apostrophe and a fraction made one."""
    if text.isascii():
        return text
    text = _VULGAR.sub(lambda m: f"{int(m[1] or 0) + unicodedata.numeric(m[2]):.4g}", text)
    text = _NARROW_SPACE.sub(",", text.translate(_SUPERSCRIPTS).translate(_DASHES))
    text = "".join(str(d) if (d := unicodedata.decimal(c, None)) is not None else c for c in text)
    return unicodedata.normalize("NFKC", text)


_MONTH_NAMES = """january jan|february feb|march mar|april apr|may|june jun|july jul|august aug|september sept sep|
    october oct|november nov|december dec"""
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES.split("|"), 1) for name in names.split()}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATE = re.compile(
    rf"""(?<![\w.]) (?:
      (?P<y1>\d{{4}}) (?P<sep>[-/.]) (?P<m1>\d{{1,2}}) (?P=sep) (?P<d1>\d{{1,2}}) (?!\d)
    | (?P<a2>\d{{1,2}}) (?P<sep2>[-/.]) (?P<b2>\d{{1,2}}) (?P=sep2) (?P<y2>\d{{4}}) (?!\d)
    | (?P<d3>\d{{1,2}}) (?:st|nd|rd|th)? (?:\s+day)? (?:\s+of)? \s+ (?P<m3>{_MONTH})\b\.? (?:,?\s+(?P<y3>\d{{4}})\b)?
    | (?P<m4>{_MONTH})\b\.? \s+ (?:the\s+)? (?P<d4>\d{{1,2}}) (?:st|nd|rd|th)? \b(?!:|\.\d) (?:,?\s+(?P<y4>\d{{4}})\b)?
    | (?P<m5>{_MONTH})\b\.?,? \s+ (?:of\s+)? (?P<y5>\d{{4}})\b
    | (?P<y6>\d{{4}}) \s+ (?P<m6>{_MONTH})\b (?:\s+(?P<d6>\d{{1,2}})\b)?
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_MAGNITUDES = {
    "hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "mio": 10**6,
    "mrd": 10**9, "k": 10**3, "m": 10**6, "bn": 10**9, "mn": 10**6, "b": 10**9, "tn": 10**12,
}  # fmt: skip
_NUMBER = re.compile(
    r"""(?<![A-Za-z_\d.]) (?P<sign>(?<![\w)%])[-+](?=[\d.$€£¥]))? (?P<money>[$€£¥]\s?(?P<inner>[-+])?)?
    (?P<body> \d{1,3}(?:,\d{3})+(?:\.\d+)? | \d{1,3}(?:['_]\d{3})+(?:[.,]\d+)? | \d{1,3}(?:\.\d{3}){2,}(?:,\d+)?
            | \d{1,3}(?:\.\d{3})+,\d+ | \d{1,3}(?:[ ]\d{3})+(?![\d]) | \d+[.,]\d+ | \d+ | \.\d+ )
    (?P<exponent>[eE][-+]?\d{1,3}|\s?[x×*]\s?10\^-?\d{1,3})? (?![.,]?\d)
    (?: (?P<percent>\s?%|\s*(?:per\s?cent|percent|pct|percentage\s+points?)\b)
      | \s?(?P<magnitude>hundred|thousand|million|billion|trillion|mio|mrd|bn|mn|tn)\b | (?P<short>[kKmMbB])\b )?""",
    re.VERBOSE,
)
_IDENTIFIER = re.compile(r"(?<![\w.])\d+(?:\.\d+){2,}(?![\w])")
_FRACTION = re.compile(r"(?<![\w./])(\d{1,4})/(\d{1,4})(?![\w/])")
_ORDINALS = word_list("""zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth
    thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth""")
_TENS = word_list("twenty thirty forty fifty sixty seventy eighty ninety")
_ORDINAL = re.compile(rf"\b(?:({'|'.join(_TENS)})-)?({'|'.join(_ORDINALS)})\b", re.IGNORECASE)


def dates(text: str) -> list[Date]:
    """The dates in `plain` text, from 'July 1776' to '4.7.1776'; mere years are numbers."""
    found = []
    for match in _DATE.finditer(text):
        if readings := tuple(dict.fromkeys(_readings(match))):
            found.append(Date(readings, match.start(), match.end(), match.group()))
    return found


def _readings(match: re.Match[str]) -> list[tuple[int, int, int]]:
    group = match.groupdict()
    if group["y2"]:
        a, b, year = int(group["a2"]), int(group["b2"]), int(group["y2"])
        pairs = [(b, a), (a, b)]
    else:
        which = next(n for n in "13456" if group[f"m{n}"])
        word = group[f"m{which}"]
        if word.lower() == "may" and word != "May":
            return []
        month = int(word) if word.isdigit() else _MONTHS[word.lower()]
        year, pairs = int(group.get(f"y{which}") or 0), [(month, int(group.get(f"d{which}") or 0))]
    return [(year, month, day) for month, day in pairs if 1 <= month <= 12 and 0 <= day <= 31]


def numbers(text: str, *, but: list[Date] | None = None) -> list[Number]:
    """The numbers in `plain` text, in digits and in English words, without those inside the dates `but`.

    'one' is left out: it is more often a pronoun.
    """
    taken = [(date.start, date.end) for date in but or []]
    taken += [match.span() for match in _IDENTIFIER.finditer(text)]
    found: list[Number] = []

    def add(number: Number | None) -> None:
        if number and all(number.end <= start or number.start >= end for start, end in taken):
            taken.append((number.start, number.end))
            found.append(number)

    for match in _FRACTION.finditer(text):
        over, under = Decimal(match[1]), Decimal(match[2])
        if under:
            add(Number((over / under,), Decimal("1e-9"), False, *match.span(), match.group(), (over, under)))
    for match in _NUMBER.finditer(text):
        add(_number(match))
    for quantity in find_numbers(text):
        if not any(map(str.isdigit, quantity.text)) and not quantity.is_weak:
            value = Decimal(str(quantity.value))
            unit = Decimal(1) if value == value.to_integral() else Decimal("0.01")
            is_percent = quantity.unit == "%"
            add(Number((value,), unit, is_percent, quantity.start, quantity.end, quantity.text))
    for match in _ORDINAL.finditer(text):
        value = Decimal(
            _ORDINALS.index(match[2].lower()) + (10 * (_TENS.index(match[1].lower()) + 2) if match[1] else 0)
        )
        add(Number((value,), Decimal(1), False, *match.span(), match.group()))
    return sorted(found, key=lambda number: number.start)


def identifiers(text: str) -> list[str]:
    """Versions, section numbers and addresses such as 4.9.1, outside of dates: they are names, not numbers."""
    spans = [(date.start, date.end) for date in dates(text)]
    found = [m for m in _IDENTIFIER.finditer(text) if all(m.end() <= start or m.start() >= end for start, end in spans)]
    return [m.group() for m in found if not re.fullmatch(r"\d{1,3}(?:\.\d{3})+", m.group())]


def _number(match: re.Match[str]) -> Number | None:
    body, exponent = match["body"], match["exponent"] or ""
    readings: list[tuple[str, int]] = []  # as Python writes it, and its decimals
    parts: tuple[Decimal, ...] = ()
    if " " in body:
        readings = [(body.replace(" ", ""), 0)]
        parts = tuple(map(Decimal, body.split(" ")))
    elif re.fullmatch(r"\d+[.,]\d+", body):
        whole, _, decimals = re.split(r"([.,])", body)
        is_grouped = len(decimals) == 3 and 1 <= len(whole) <= 3 and whole != "0"
        as_decimal, as_group = (f"{whole}.{decimals}", len(decimals)), (whole + decimals, 0)
        readings = [as_decimal, as_group] if is_grouped else [as_decimal]
        if is_grouped and "," in body:
            readings.reverse()
        if "," in body and not is_grouped:
            parts = (Decimal(whole), Decimal(decimals))  # '3,4' may be a list
    elif re.search(r"\.\d{3}[.,]", body) or re.fullmatch(r"\d{1,3}(?:\.\d{3}){2,}", body):
        whole, _, decimals = body.partition(",")
        readings = [(whole.replace(".", "") + (f".{decimals}" if decimals else ""), len(decimals))]
    else:
        text = re.sub(r"['_]", "", body)
        text = (
            text.replace(",", "") if "." in text or re.fullmatch(r"\d{1,3}(,\d{3})+", text) else text.replace(",", ".")
        )
        readings = [(text, len(text.partition(".")[2]))]
    factor = Decimal(_MAGNITUDES.get((match["magnitude"] or "").lower(), 1))
    if match["short"] and (match["money"] or match["short"] in "kK"):
        factor = Decimal(_MAGNITUDES[match["short"].lower()])
    power = re.search(r"-?\d+$", exponent.replace("+", ""))
    factor *= Decimal(10) ** int(power.group()) if power else 1
    is_negative = "-" in (match["sign"] or "") + (match["inner"] or "")
    try:
        values = [Decimal(text) * factor * (-1 if is_negative else 1) for text, _ in readings]
    except InvalidOperation:
        return None
    unit = Decimal(1).scaleb(-readings[0][1]) * factor
    start = match.start()
    return Number(tuple(values), unit, bool(match["percent"]), start, match.end(), match.group().strip(), parts)


_WORD = re.compile(r"[^\W\d_][\w]*(?:['.&-][^\W_][\w]*)*", re.UNICODE)
_JOINS = re.compile(r"[ \t]+(?:(?:of|the|de|van|von|der|la|du|di|da|bin|al)[ \t]+){0,2}")
_OPENERS = frozenset('\n"“”«‘([{:;•*>|—–…?!')
_CALENDAR = word_set("""monday tuesday wednesday thursday friday saturday sunday am pm bc ad bce ce utc gmt""")
_UNITS = word_set(
    """kb mb gb tb kib mib gib tib kw mw gw kwh hz khz mhz ghz km kg mg cm mm ml nm ms s h v w a c f k hp mph usd
    eur gbp chf jpy cad aud"""
)
_NO_NAMES = word_set(
    """yes no not and or but note none n/a ok i however therefore moreover furthermore also thus hence finally
    additionally overall meanwhile instead otherwise still then there here according source sources answer
    question summary result results total table figure section chapter page step example"""
)


def names(text: str) -> list[Name]:
    """The proper names in `plain` text: words with a capital that nothing but a name explains."""
    found: list[Name] = []
    words = [match for match in _WORD.finditer(text) if any(map(str.isupper, match.group()))]
    group: list[re.Match[str]] = []
    for word in words:
        if group and not _JOINS.fullmatch(text[group[-1].end() : word.start()]):
            found += _named(text, group)
            group = []
        group.append(word)
    return found + (_named(text, group) if group else [])


def _named(text: str, group: list[re.Match[str]]) -> list[Name]:
    begins = _begins(text, group[0].start())
    while group and _is_common(group[0].group()):
        group, begins = group[1:], False
    kept = [word.group() for word in group if not _is_common(word.group()) and not _is_unit(text, word)]
    if not kept:
        return []
    start, end = group[0].start(), group[-1].end()
    return [Name(tuple(kept), start, text[start:end], begins)]


def _begins(text: str, position: int) -> bool:
    before = text[:position].rstrip(" \t'_")
    return (
        not before
        or before[-1] in _OPENERS
        or bool(re.search(r"[.!?][\"”')\]*]*$|(?:^|\n)\s*(?:[-+]|\d+[.)])$", before))
    )


def _is_common(word: str) -> bool:
    lower = word.lower()
    return lower in FUNCTION_WORDS or lower in _NO_NAMES or lower in _CALENDAR or lower in _MONTHS


def _is_unit(text: str, word: re.Match[str]) -> bool:
    return word.group().lower() in _UNITS and bool(re.search(r"[\d%]\s?$", text[: word.start()]))


def parts_of_word(word: str) -> list[str]:
    """The words a name's word is made of, without a genitive: "Franco-German's" -> Franco, German."""
    word = re.sub(r"'s?$", "", word)
    return [part for part in re.split(r"[-&]", word) if part]


def is_word_of(word: str, words: frozenset[str]) -> bool:
    """Whether a name's word is among lower-case `words`, as it is or in another form ('America', 'American')."""
    lower = word.lower().strip(".")
    bare = lower.replace(".", "")
    if lower in words or bare in words or stem(lower) in words:
        return True
    if len(lower) < 5:
        return lower.rstrip("s") in words
    return any(
        other.startswith(lower[: max(5, len(lower) - 3)]) and abs(len(other) - len(lower)) <= 3
        for other in words
        if other[:5] == lower[:5]
    )
