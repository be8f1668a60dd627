"""Whether a text holds the kind of thing that a question asks for."""

from __future__ import annotations

import re

from models.reflex.quantities import Quantity, find_dates, find_numbers
from models.reflex.question import NUMERIC, Asked, holds_the_other_bound
from models.reflex.words import RELATED, same_word, words

RECURRING = re.compile(
    r"\bevery (?:other |second |third |fourth |fifth |sixth |tenth )?(?:year|month|week|day|hour|session|term)"
    r"|\bannual|\bfor life\b|\bgood behavio",
    re.IGNORECASE,
)
_TIME_WORDS = re.compile(
    r"\b(?:january|february|march|april|june|july|august|september|october|november|december|(?:mon|tues|wednes|thurs|"
    r"fri|satur|sun)day|noon|midnight|daily|weekly|monthly|yearly|annually|(?:once|twice|every|each|within|after|before|"
    r"until|during|in)\s+(?:\w+\s+){0,3}(?:year|month|week|day|hour|session|release|term)s?|whenever|when|immediately)\b",
    re.IGNORECASE,
)
_OF_THEM = re.compile(r"(?<=\w)\s+of\s+(?!the\b)|[,;:.“”\"()]")
"""After what is counted: 'two types of packages' are types."""
_OFTEN = re.compile(r"\bhow often\b", re.IGNORECASE)
_FREQUENCY = re.compile(
    r"\b(?:every|each|once|twice|times|per|daily|weekly|monthly|yearly|annual\w*|subsequent|always|never|seldom|"
    r"frequent\w*|continuous\w*)\b",
    re.IGNORECASE,
)
_TIME_UNITS = {"year", "month", "week", "day", "hour", "minut", "second", "centur", "decad"}
_LENGTHS = re.compile(
    r"(?<=\d)[\s-]*(?:[kcmn]?m|(?:kilo|centi|milli)?met(?:re|er)s?|miles?|feet|foot|ft|yards?|inch(?:es)?|pages?|lines?|"
    r"words?|characters?|bytes?)\b",
    re.IGNORECASE,
)
_PLACE_WORDS = re.compile(
    r"\b(?:in|at|on|from|under|within|into|near)\s+(?:the\s+|an?\s+)?[A-Z/~\w]|/\w+/|https?://", re.UNICODE
)
_REASON_WORDS = re.compile(r"\b(?:because|since|so that|in order|therefore|due to|reason|as a result|"
                           r"to (?:avoid|ensure|"
                           r"allow|"
                           r"prevent|make|be)|for|means that|thus)\b", re.IGNORECASE)  # fmt: skip
_PERSONS = re.compile(
    r"\b(?:persons?|people|members?|users?|everyone|anyone|president|congress|senate|house|court|team|group|project|"
    r"\w+(?:ers?|ors?|ists?|ents?|ants?|ians?))\b",
    re.IGNORECASE,
)


def fits(asked: Asked, text: str) -> bool:
    """Whether `text` holds the kind of thing that is asked for: a number, a date, a person, ..."""
    kind = asked.kind
    if kind in NUMERIC:
        return _fits_number(asked, text)
    if kind == "date":
        return bool(find_dates(text) or _TIME_WORDS.search(text))
    if kind == "person":
        later = text[1:]
        return bool(re.search(r"(?<![.!?]\s)\b[A-Z][a-z]+", later) or _PERSONS.search(text))
    if kind == "place":
        return bool(_PLACE_WORDS.search(text))
    if kind == "reason":
        return bool(_REASON_WORDS.search(text))
    return True


def defines(name: str, text: str) -> bool:
    """Whether `text` defines `name`: 'A virtual package is ...', '"Covered Software" means', '(the "Affirmer")'."""
    one = "(?<![\\w-])" + r"[\"”]?\s+[\"“]?".join(map(re.escape, name.split())) + "(?![\\w-])"
    subject = rf"^\W*(?:an?\s+|the\s+)?(?:[\w/-]+\s+)?[\"“]?{one}[\w/\s\"”’'()-]{{0,30}}?"
    verb = r"\b(?:is|are|means?|refers?|denotes?|shall mean)\b"
    if re.search(rf"{subject}{verb}(?!\s+(?:always|also|not|being|available|used|removed|installed))", text, re.I):
        return True
    return bool(
        re.search(rf"\b(?:called|known as|named)\s+(?:an?\s+|the\s+)?\W?{one}", text, re.I)
        or re.search(rf"[\"“]{one}[\"”]\s+(?:{verb}|\))|\([^()]{{0,20}}[\"“]{one}[\"”]\)", text, re.I)
    )


def counts(number: Quantity, unit: str, text: str) -> bool:
    """Whether `number` counts what `unit` stands for: '59100 software packages'."""
    if same_word(number.unit, unit) or number.unit in RELATED.get(unit, ()):
        return True
    following = words(_OF_THEM.split(text[number.end : number.end + 60])[0])[:4]
    return any(same_word(unit, word.stem) or word.stem in RELATED.get(unit, ()) for word in following)


def _fits_number(asked: Asked, text: str) -> bool:
    if holds_the_other_bound(asked.bound, text):
        return False
    numbers = [number for number in find_numbers(text) if not number.is_weak or counts(number, asked.unit, text)]
    if asked.kind in ("age", "duration"):
        timed = any(number.unit in _TIME_UNITS for number in numbers)
        timed = timed or (asked.is_size and bool(_LENGTHS.search(text)))
        return timed or (asked.kind == "duration" and bool(RECURRING.search(text)))
    if asked.kind == "percent":
        return any(number.unit == "%" or isinstance(number.value, float) for number in numbers) or "ajority" in text
    if asked.unit:
        return any(counts(number, asked.unit, text) for number in numbers)
    if _OFTEN.search(asked.text):
        return bool(_FREQUENCY.search(text))
    return bool(numbers)
