"""How much a passage has to do with a question: the words they share, and the likeness of its best sentence."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memory.documents.content import sentences
from memory.embedding import DIMENSIONS, embed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STOP_WORDS = frozenset(
    """
    a about above after again against all also am an and any are as at be because been before being below between
    both but by can could did do does doing down during each few for from further had has have having he her here
    hers him his how i if in into is it its itself just may me might more most must my no nor not of off on once
    only or other our out over own please same shall she should so some such tell than that the their them then
    say says said there these they this those through to too under until up us very was we were what when where
    which while who whom whose why will with would you your
    der das dem den des ein eine einen einem einer eines ist sind wird werden wurde und oder nicht wie wer wann wo
    warum welche welcher welches wofür wozu für mit von vom zu zum zur im auf aus bei beim nach über unter kann darf
    muss soll hat haben sich es sie er wir ich auch wenn dass viele viel passiert bedeutet
    """.split()  # noqa: SIM905
)
_IDIOMS = {"how old": ("old", ("age", "aged")), "how long": ("long", ("term", "years", "duration"))}
"""What a text says where a question says 'how old': the word of the question, and the words of the text."""

_ASIDE = re.compile(r"(?<=\S)\s+\(([^()]*)\)\W*$")
_HELPS = 0.05
_STANDS_IN = 0.7
"""What an optional word counts of one that is missing."""
_WORD = re.compile(r"\d+(?:[-/.]\d+)+|[^\W_]+")
_ENDING = re.compile(r"(?:ments?|ations?|itions?|ions?|ings?|ies|ed|es|ly|al|[sey])$")
_MOST_TERMS = 32
_MOST_KEPT = 1000
_NO_LIKENESS, _FULL_LIKENESS = 0.15, 0.60
"""Cosines between which a text goes from unrelated to the question to being about the very same thing."""


@dataclass(frozen=True)
class Term:
    """A word of a question, and other words that stand for it in a text. `optional`: it helps, but needn't be there."""

    word: str
    others: tuple[str, ...] = ()
    optional: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        return (self.word, *self.others)


def terms(question: str) -> list[Term]:
    """The words of a question that carry its meaning; all of its words if none does.

    Words in parentheses at its end are optional: they may stand for those before.
    """
    text = question.casefold()
    aside = _ASIDE.search(text)
    required = _words(text[: aside.start()] if aside else text)
    optional = [word for word in _WORD.findall(aside[1]) if word not in required] if aside else []
    idioms = dict(idiom for phrase, idiom in _IDIOMS.items() if phrase in text)
    found = [Term(word, tuple(other for other in idioms.get(word, ()) if other not in required)) for word in required]
    return [*found, *(Term(word, optional=True) for word in optional)][:_MOST_TERMS]


def _words(text: str) -> list[str]:
    words = list(dict.fromkeys(_WORD.findall(text)))
    return [word for word in words if word not in STOP_WORDS] or words


class Relevance:
    """Measures passages against one question.

    `vector`: the question's embedding. `rarity` says how much a word counts: its inverse document frequency.
    """

    def __init__(
        self,
        question: Sequence[Term],
        vector: NDArray[np.float32],
        rarity: Callable[[str], float],
    ) -> None:
        self._vector = vector
        self._weights: list[dict[str, float]] = [
            {_stem(word): rarity(word) for word in reversed(term.words)} for term in question if not term.optional
        ]
        self._optional = {_stem(term.word) for term in question if term.optional}
        self._asked = frozenset(self._optional).union(*self._weights)
        self._coverages: dict[frozenset[str], float] = {}
        self._whole = sum(max(weights.values()) for weights in self._weights) or 1.0

    def of(self, passages: Sequence[str], headings: Sequence[str], cosines: NDArray[np.float32]) -> list[float]:
        """The relevance of each passage under its headings, about 0..1. `cosines`: of the passages as wholes.

        The mean of four parts: the share of the question's words that are in the passage (rare words
        count more), and in its best sentence, and the likeness in meaning of both.
        """
        import numpy as np

        read = _read(passages)
        vectors = np.concatenate([passage.vectors for passage in read] or [np.zeros((0, DIMENSIONS), np.float32)])
        within = _likenesses(vectors @ self._vector)
        relevances, start = [], 0
        for heading, likeness, passage in zip(headings, _likenesses(cosines), read, strict=True):
            alike = within[start : start + len(passage.stems)]
            start += len(passage.stems)
            asked = self._asked & passage.words
            if asked:
                alike = [one + self._coverage(asked & own) for one, own in zip(alike, passage.stems, strict=True)]
            covered = self._coverage(asked | (self._asked & _stems(heading)))
            relevances.append((covered + likeness + max(alike, default=0.0)) / 4)
        return relevances

    def _coverage(self, words: frozenset[str]) -> float:
        """The share of the question that a text has with these of its words: one of few sets, each asked for often."""
        if words not in self._coverages:
            self._coverages[words] = self._share(words)
        return self._coverages[words]

    def _share(self, words: frozenset[str]) -> float:
        own = covered = 0.0
        missing: list[float] = []
        for weights in self._weights:
            found = max((weight for stem, weight in weights.items() if stem in words), default=0.0)
            covered += found
            own += found if len(weights) == 1 else 0.0
            if not found:
                missing.append(max(weights.values()))
        stand_ins = sorted(missing)[: len(self._optional & words)]
        covered += _STANDS_IN * sum(stand_ins) + _HELPS * min(len(self._optional & words), 3) * self._whole * bool(own)
        own += sum(stand_ins)
        # 'Age' alone doesn't make a text one about how old the universe is.
        return covered / self._whole if own or all(len(weights) > 1 for weights in self._weights) else 0.0


@dataclass(frozen=True)
class _Passage:
    """The sentences of a passage: the stems of each and of all, and the embedding of each as a row."""

    stems: tuple[frozenset[str], ...]
    words: frozenset[str]
    vectors: NDArray[np.float32]


_read_before: dict[str, _Passage] = {}
"""By text: the questions of one goal, and of a conversation, find the same passages again and again."""


def _read(passages: Sequence[str]) -> list[_Passage]:
    """The passages, those that are new embedded all at once."""
    known = {text: kept for text in passages if (kept := _read_before.get(text))}
    split = {text: [part for _, part in sentences(text)] for text in passages if text not in known}
    if split:
        vectors = embed([part for parts in split.values() for part in parts])
        start = 0
        for text, parts in split.items():
            stems = tuple(map(_stems, parts))
            known[text] = _Passage(stems, frozenset().union(*stems), vectors[start : start + len(parts)].copy())
            start += len(parts)
        if len(_read_before) > _MOST_KEPT:
            _read_before.clear()
        _read_before.update((text, known[text]) for text in split)
    return [known[text] for text in passages]


def _likenesses(cosines: NDArray[np.float32]) -> list[float]:
    import numpy as np

    found: list[float] = np.clip((cosines - _NO_LIKENESS) / (_FULL_LIKENESS - _NO_LIKENESS), 0.0, 1.0).tolist()
    return found


@functools.lru_cache(maxsize=1 << 12)
def _stems(text: str) -> frozenset[str]:
    return frozenset(_stem(word) for word in _WORD.findall(text.casefold()))


@functools.lru_cache(maxsize=1 << 16)
def _stem(word: str) -> str:
    """A word without its inflection, roughly: 'treaties' and 'treaty' are the same."""
    if word[:1].isdigit():
        return word
    stem = _ENDING.sub("", word) if len(word) > 3 else word
    return stem if len(stem) > 2 else word
