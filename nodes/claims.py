"""Whether a sentence is held up by evidence: its numbers, dates, names and words, one by one."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from models.reflex.vocabulary import FUNCTION_WORDS
from models.reflex.words import RELATED, content_words, same_word, squeeze, stem
from nodes import facts
from nodes.facts import Date, Name, Number, word_set
from nodes.statements import GAP
from state.text import printable

_HEDGE = re.compile(
    r"(?:\b(?:about|around|approximately|approx\.?|roughly|nearly|almost|some|circa|ca\.?|over|under|(?:more|less|fewer)"
    r" than|at least|at most|up to|close to|just)\s*|[~≈<>]\s*)[$€£¥]?\s*$",
    re.IGNORECASE,
)
_SMALL_COUNT = 12


class Grounds:
    """Everything that a sentence may rest on: texts, and computed or looked-up values.

    A number of a text must be met exactly (unless the sentence says 'about'), one of a value to the precision shown.
    """

    def __init__(self, texts: Iterable[str] = (), values: Iterable[str] = ()) -> None:
        self._texts = [_read(text) for text in texts]
        self._values = [_read(text) for text in values]

    @property
    def _all(self) -> list[_Read]:
        return self._texts + self._values

    def holds_verbatim(self, sentence: str) -> bool:
        """Whether a text has the sentence in it as it stands, apart from white space and … at its ends."""
        wanted = bare(sentence)
        return len(wanted) > 12 and any(wanted in read.text for read in self._all)

    def unsupported(self, sentence: str, *, goal: Grounds | None = None) -> list[tuple[str, str]]:
        """The facts of `sentence` that nothing here holds up, as pairs of a check's name and the fact.

        What the user's own `goal` names may be named again; its numbers are no proof of themselves, unless the
        sentence tells a computed value.
        """
        text = facts.plain(sentence)
        found = facts.dates(text)
        lenient = goal if goal and (self._tells_a_value(text, found) or GAP.search(text)) else None
        missing = []
        for date in found:
            if not self._has_date(date) and not (lenient and lenient._has_date(date)):
                missing.append(("date", date.text))
        listed = facts.numbers(text, but=found)
        for number in listed:
            if self._has_number(number, text) or _is_count(number, text, listed):
                continue
            if lenient is None or not lenient._has_number(number, text):
                missing.append(("number", number.text))
        for identifier in facts.identifiers(text):
            if not self._has_text(identifier) and not (goal and goal._has_text(identifier)):
                missing.append(("number", identifier))
        if not _is_german(text):
            for name in facts.names(text):
                missing += [("name", word) for word in self._missing_words(name, goal)]
        return list(dict.fromkeys(missing))

    def coverage(self, sentence: str, *, but: frozenset[str] = frozenset()) -> float:
        """How many of the sentence's content words, less numbers and the stems `but`, occur here: from 0 to 1."""
        wanted = {word.stem for word in content_words(facts.plain(sentence)) if not word.text[0].isdigit()} - but
        if not wanted:
            return 1.0
        known = frozenset(stem for read in self._all for stem in read.stems)
        return sum(_is_known(word, known) for word in wanted) / len(wanted)

    def _tells_a_value(self, text: str, found: list[Date]) -> bool:
        return any(read.matches(number, True) for read in self._values for number in facts.numbers(text, but=found))

    def _has_text(self, text: str) -> bool:
        return any(re.search(rf"(?<![\w.]){re.escape(text.casefold())}(?![\w]|\.\d)", read.text) for read in self._all)

    def _has_number(self, number: Number, sentence: str) -> bool:
        is_hedged = bool(_HEDGE.search(sentence[: number.start]))
        if any(read.matches(number, False, is_hedged) for read in self._texts):
            return True
        if any(read.matches(number, True, is_hedged) for read in self._values):
            return True
        if sentence[number.end :].lstrip("'’").startswith("s") and number.value % 10 == 0 and number.value >= 1000:
            return any(number.value <= v < number.value + 10 for read in self._all for v in read.whole)
        if re.match(r"(?:st|nd|rd|th)?[\s-]centur", sentence[number.end :]):
            return any((number.value - 1) * 100 <= v <= number.value * 100 for read in self._all for v in read.whole)
        first = re.search(r"(\d+)\s?[-–—/]\s?$", sentence[: number.start])
        if first and len(first[1]) > len(number.text) and number.text.isdigit():  # 1914-18
            full = Decimal(first[1][: -len(number.text)] + number.text)
            return any(full in read.exact for read in self._all)
        return bool(number.parts) and all(any(part in read.exact for read in self._all) for part in number.parts)

    def _has_date(self, date: Date) -> bool:
        for reading in date.readings:
            if any(_fits(reading, other) for read in self._all for known in read.dates for other in known.readings):
                return True
            year, month, day = reading
            if not year:
                continue
            if any(Decimal(year) in read.exact and read.has_day(month, day) for read in self._all):
                return True
        return self._has_text(date.text)

    def _missing_words(self, name: Name, goal: Grounds | None) -> list[str]:
        if name.begins and len(name.words) == 1 and not _looks_like_a_name(name.words[0]):
            return []
        every = [*self._all, *(goal._all if goal else [])]
        if any(normal(name.text) in read.text for read in every):
            return []
        known = frozenset(word for read in every for word in read.words)
        initials = frozenset(word for read in every for word in read.initials)
        if "".join(word[0] for word in name.words).lower() in known and len(name.words) > 1:
            return []
        missing = []
        for word in name.words:
            if word.lower().replace(".", "") in initials:
                continue
            if not all(facts.is_word_of(part, known) for part in facts.parts_of_word(word)):
                missing.append(word)
        if name.begins and missing == [name.words[0]] and not _looks_like_a_name(name.words[0]):
            return []  # 'Former President Smith': the first word is a word like any other
        return missing


@dataclass(frozen=True)
class _Read:
    """A text as its facts."""

    text: str
    words: frozenset[str]
    stems: frozenset[str]
    initials: frozenset[str]
    numbers: tuple[Number, ...]
    dates: tuple[Date, ...]
    has_percent: bool

    @functools.cached_property
    def exact(self) -> frozenset[Decimal]:
        """Every value a number of the text may stand for."""
        return frozenset(value for number in self.numbers for value in (*number.readings, *number.parts))

    @functools.cached_property
    def whole(self) -> tuple[Decimal, ...]:
        return tuple(number.value for number in self.numbers if number.value == number.value.to_integral())

    def has_day(self, month: int, day: int) -> bool:
        return any((m, d) == (month, day) for date in self.dates for _, m, d in date.readings)

    def matches(self, number: Number, is_value: bool, is_hedged: bool = False) -> bool:
        """Whether a number of a sentence is one of this text's, or, of a value, that value rounded."""
        readings = number.readings[:1] if is_value else number.readings
        signless = {abs(value) for value in self.exact} if number.value >= 0 else set()
        is_plain = not number.percent or is_value or self.has_percent
        if is_plain and any(value in self.exact or value in signless for value in readings):
            return True
        if number.percent and any(value / 100 in self.exact for value in readings):
            return True
        if not is_value and not is_hedged:
            return False
        unit = _hedged_unit(number) if is_hedged else number.unit
        for known in self.exact:
            for scaled in (known, known * 100) if number.percent else (known,):
                signs = (scaled, -scaled) if number.value >= 0 else (scaled,)
                if any(_is_rounded(number.value, signed, unit) for signed in signs):
                    return True
        return False


@functools.lru_cache(maxsize=1024)
def _read(text: str) -> _Read:
    flat = facts.plain(printable(text))
    tokens = re.findall(r"[^\W_]+(?:['.][^\W_]+)*", flat)
    words = frozenset(piece for token in tokens for piece in _forms(token.casefold()))
    capitals = [name for name in facts.names(flat) if len(name.words) > 1]
    initials = {"".join(word[0] for word in name.words).lower() for name in capitals}
    stems = frozenset(stem(word) for word in words)
    found = tuple(facts.dates(flat))
    has_percent = "%" in flat or bool(re.search(r"per\s?cent|pct|percentage|share|rate", flat, re.IGNORECASE))
    return _Read(normal(text), words, stems, frozenset(initials), tuple(facts.numbers(flat)), found, has_percent)


def _forms(token: str) -> set[str]:
    return {token, token.replace(".", ""), re.sub(r"'s?$", "", token), *token.split(".")}


@functools.lru_cache(maxsize=4096)
def normal(text: str) -> str:
    """Text as it is compared: white space, case, quotation marks and escape sequences aside."""
    flat = facts.plain(printable(text)).casefold().translate({0x201C: '"', 0x201D: '"', 0xAD: None})
    return squeeze(flat)


def bare(text: str) -> str:
    """`normal` text without the marks that a quotation may begin or end with."""
    return normal(text).strip(" ….\"'“”*;,:—-")


def _fits(said: tuple[int, int, int], known: tuple[int, int, int]) -> bool:
    return all(part in (0, other) for part, other in zip(said, known, strict=True))


def _is_rounded(shown: Decimal, known: Decimal, unit: Decimal) -> bool:
    off = abs(shown - known)
    cut = unit < 1 and off < unit and abs(shown) < abs(known)
    return off <= unit / 2 or cut


def _hedged_unit(number: Number) -> Decimal:
    """'about 1,500' is meant to the hundred."""
    if number.value != number.value.to_integral() or number.value == 0:
        return number.unit
    digits = str(abs(int(number.value)))
    return max(number.unit, Decimal(10) ** (len(digits) - len(digits.rstrip("0"))))


def _is_count(number: Number, sentence: str, listed: Sequence[Number]) -> bool:
    """Whether a small number word counts what the sentence itself lists: 'both', 'two reasons: ...'."""
    if any(map(str.isdigit, number.text)) or number.value > _SMALL_COUNT:
        return number.text.lower() in ("first", "second", "third", "half")
    if number.text.lower() in ("first", "second", "third", "half", "zero"):
        return True
    others = sum(1 for other in listed if other is not number)
    items = len(re.split(r",\s*(?:and\s+|or\s+)?|\s+(?:and|or)\s+|;", sentence[number.end :]))
    return sentence.rstrip().endswith(":") or number.value in (others, items)


def _looks_like_a_name(word: str) -> bool:
    return any(map(str.isupper, word[1:])) or any(map(str.isdigit, word))


def _is_known(word: str, known: frozenset[str]) -> bool:
    if word in known or RELATED.get(word, frozenset()) & known:
        return True
    return len(word) >= 5 and any(same_word(word, other) for other in known if other[:4] == word[:4])


_GERMAN = word_set("der die das und ist nicht ein eine einer den dem des von mit für auf wird werden auch sich")


def _is_german(text: str) -> bool:
    """Every noun has a capital there, so capitals tell nothing."""
    words = re.findall(r"[^\W\d_]+", text.lower())
    german, english = sum(word in _GERMAN for word in words), sum(word in FUNCTION_WORDS for word in words)
    return german >= 2 and german > english


def is_english(text: str) -> bool:
    """Whether enough function words are there to take a text for English."""
    words = re.findall(r"[a-z']+", text.lower())
    return sum(word in FUNCTION_WORDS for word in words) * 6 >= len(words) > 0
