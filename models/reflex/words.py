"""Words: tokens, a light stemmer, and which words mean something or stand for each other."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from models.reflex.vocabulary import (
    ASKING_WORDS,
    DOCUMENT_WORDS,
    GERMAN_FUNCTION_WORDS,
    GROUPS,
    IRREGULAR,
    ORDINALS,
    SUFFIXES,
)
from models.reflex.vocabulary import FUNCTION_WORDS as ENGLISH_FUNCTION_WORDS

__all__ = [
    "FUNCTION_WORDS",
    "NUMERALS",
    "RELATED",
    "RELATED_WORDS",
    "Word",
    "content_words",
    "is_asking_word",
    "is_function_word",
    "joined",
    "paths_in",
    "same_word",
    "same_words",
    "squeeze",
    "stem",
    "stems",
    "words",
]

_TOKEN = re.compile(r"\d+(?:/\d+)+|\w+(?:[.'’+_-]\w+)*\+*", re.UNICODE)

_BEGINNING = 5
"""How many letters two stems share at least that aren't equal and yet one word."""
_PATH = re.compile(r"(?<![\w.<>/:])/(?:[\w.<>+-]+/?)*")


@dataclass(frozen=True, slots=True)
class Word:
    """A token with its place in the text. `stem` is lower case."""

    text: str
    stem: str
    start: int
    end: int

    @property
    def is_capital(self) -> bool:
        return self.text[:1].isupper()


@functools.lru_cache(maxsize=1024)
def words(text: str) -> tuple[Word, ...]:
    """The tokens of `text`, in order."""
    return tuple(Word(m.group(), stem(m.group()), m.start(), m.end()) for m in _TOKEN.finditer(text))


@functools.lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The stem of an English word, lower case: 'Years' -> 'year', 'elected' -> 'elect'. Others stay as they are."""
    word = word.lower().replace("’", "'")
    word = word[:-2] if word.endswith("'s") else word.rstrip("'")
    word = IRREGULAR.get(word, word)
    if len(word) <= 3 or not word.isascii() or not word.isalpha():
        return word
    for suffix, replacement in SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            word = word[: len(word) - len(suffix)] + replacement
            if suffix in ("ing", "ed", "ings") and word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


@functools.lru_cache(maxsize=1024)
def paths_in(text: str) -> frozenset[str]:
    """The absolute paths that `text` names, without the slash at their end: '/usr/bin', '/'."""
    return frozenset(match.group().rstrip("/.") or "/" for match in _PATH.finditer(text))


def stems(text: str) -> set[str]:
    """The stems of all the words of `text`."""
    return {stem(m.group()) for m in _TOKEN.finditer(text)}


FUNCTION_WORDS = ENGLISH_FUNCTION_WORDS | GERMAN_FUNCTION_WORDS
_FUNCTION_STEMS = frozenset(stem(word) for word in ENGLISH_FUNCTION_WORDS) | ENGLISH_FUNCTION_WORDS
_ASKING_STEMS = frozenset(stem(word) for word in ASKING_WORDS) | ASKING_WORDS


def is_function_word(word: Word) -> bool:
    lower = word.text.lower()
    if lower in GERMAN_FUNCTION_WORDS and word.text.isupper():
        return False  # MIT isn't 'mit'
    return lower in FUNCTION_WORDS or (word.stem in _FUNCTION_STEMS and len(word.stem) <= 3)


def is_asking_word(word: Word) -> bool:
    return word.text.lower() in ASKING_WORDS or word.stem in _ASKING_STEMS


def content_words(text: str) -> list[Word]:
    """The words of `text` that mean something; those about the asking only when there are no others."""
    meaningful = [word for word in words(text) if not is_function_word(word)]
    kept = [word for word in meaningful if not is_asking_word(word)]
    if len(kept) == 1:
        kept = [word for word in meaningful if word is kept[0] or word.text.lower() in DOCUMENT_WORDS]
    return kept or meaningful


def _related() -> dict[str, frozenset[str]]:
    related: dict[str, set[str]] = {}
    for group in (*GROUPS, *ORDINALS):
        members = {stem(word) for word in group.split()}
        for member in members:
            related.setdefault(member, set()).update(members - {member})
    return {word: frozenset(others) for word, others in related.items()}


RELATED = _related()
"""By stem: the stems that may stand for it."""

NUMERALS = frozenset(group.split()[1] for group in ORDINALS)
"""Stems that stand for an ordinal in headings only: 'xiii'."""

RELATED_WORDS = {
    member: frozenset(word for word in group.split() if stem(word) != member)
    for group in (*GROUPS, *ORDINALS)
    for member in map(stem, group.split())
}
"""By stem: the words that may stand for it."""


def same_word(one: str, other: str) -> bool:
    """Whether two stems are one word: equal, or a long common beginning ('senat', 'senator')."""
    if one == other:
        return True
    shorter, longer = (one, other) if len(one) < len(other) else (other, one)
    return len(shorter) >= _BEGINNING and longer.startswith(shorter) and len(longer) - len(shorter) <= 3


def same_words(one: str, others: Iterable[str]) -> list[str]:
    """Those of `others` that are the same word as `one`."""
    beginning = one[:_BEGINNING]
    if len(one) < _BEGINNING:
        return [other for other in others if other == one]
    return [other for other in others if other.startswith(beginning) and same_word(one, other)]


def squeeze(text: str) -> str:
    """`text` on one line, with single spaces."""
    return " ".join(text.split())


def joined(parts: Iterable[str], last: str = "and") -> str:
    """'a', 'a and b', 'a, b and c'."""
    items = list(parts)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else ""
