"""Which word a misspelt one was meant for."""

from __future__ import annotations

import functools
from collections.abc import Iterable

_SHORTEST, _LONG = 5, 8
"""Letters of a word that may have a slip, and of one that may have two."""


def nearest_spelling(word: str, stem: str, vocabulary: Iterable[str]) -> str | None:
    """The stem of `vocabulary` that a misspelt `word` was meant for; None if it is a word, or nothing is near.

    A slip is a letter too many, too few, wrong, or in another's place. The first letter is seldom one.
    """
    is_name = word[0].isupper()
    if len(word) < _SHORTEST + is_name or not word.isalpha():
        return None
    most = 2 if len(word) >= _LONG and not is_name else 1
    near = [
        (slips, other)
        for other in vocabulary
        if other[:1] == stem[:1]
        and abs(len(other) - len(stem)) <= most
        and other.isalpha()
        and (slips := distance(stem, other)) <= most
    ]
    if not near or is_common(word.lower()):
        return None
    return min(near)[1]


@functools.lru_cache(maxsize=4096)
def distance(one: str, other: str) -> int:
    """How many slips lead from one word to the other."""
    before_last: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            best = min(last[j] + 1, row[-1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                best = min(best, before_last[j - 2] + 1)
            row.append(best)
        before_last, last = last, row
    return last[-1]


@functools.lru_cache(maxsize=4096)
def is_common(word: str) -> bool:
    """Whether the embedding model's tokenizer has the word as one piece; False if there is none."""
    from memory.embedding import EmbeddingError, pieces

    try:
        return pieces(word) == 1
    except EmbeddingError:
        return False
