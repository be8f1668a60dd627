"""Whether what a model says can have come from what it was given: cheap checks that bad models fail."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORD = re.compile(r"[^\W_]{3,}")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_NAME = re.compile(r"(?<![.!?]\s)(?<!^)(?<!\w)[A-Z][\w-]{2,}")
_SPELLED = frozenset(
    re.findall(
        r"\w+",
        "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
        "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion",
    )
)
_LITTLE = frozenset(
    re.findall(
        r"\w+",
        "the and for are was were who whom what when where which why how does did has have had can could must should "
        "will would with from that this these those than then there their its you your our they them into about not "
        "but any all old many much long one say tell please give find show",
    )
)


def words(text: str) -> set[str]:
    """The words of a text that carry meaning, in lower case, cut to a stem of five letters."""
    return {word[:5] for word in _WORD.findall(text.lower()) if word not in _LITTLE}


def numbers(text: str) -> set[str]:
    """The numbers in a text, group separators taken out."""
    return {number.replace(",", "") for number in _NUMBER.findall(text)}


def foreign_numbers(text: str, given: Iterable[str]) -> set[str]:
    """The numbers in `text` that occur in none of the given texts."""
    known = set[str]().union(*(numbers(source) for source in given))
    return numbers(text) - known


def restates(text: str, original: str, *context: str) -> bool:
    """Whether `text` can be `original` said again, given its context: it brings no numbers and few words of its own."""
    if foreign_numbers(text, (original, *context)):
        return False
    said, known = words(text), words(" ".join((original, *context)))
    if not said:
        return bool(text.strip()) and not words(original)
    return len(said & known) >= 0.75 * len(said)


def echoes(text: str, original: str) -> bool:
    """Whether `text` is mostly made of the words of `original`."""
    said = words(text)
    return len(said & words(original)) > 0.5 * len(said)


def covers(texts: Iterable[str], original: str) -> bool:
    """Whether `texts` together say most of `original`."""
    said, asked = words(" ".join(texts)), words(original)
    return len(said & asked) >= 0.75 * len(asked) if said else False


def states_facts(text: str, *given: str) -> bool:
    """Whether a reply that should be mere courtesy asserts something: a number or a name nobody mentioned."""
    known = words(" ".join(given))
    if foreign_numbers(text, given) or set(_WORD.findall(text.lower())) & (_SPELLED - known):
        return True
    return any(name.lower()[:5] not in known for name in _NAME.findall(text))
