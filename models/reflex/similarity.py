"""How near two words are in meaning, by static embeddings; with none installed, words are only equal or not."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST_WORDS = 50_000
_vectors: dict[str, NDArray[np.float32]] = {}
_lock = threading.Lock()
_missing = False


def near_words(one: Iterable[str], others: Iterable[str], least: float) -> dict[str, dict[str, float]]:
    """For each word of `one`: those of `others` whose cosine similarity to it is at least `least`."""
    left, right = list(dict.fromkeys(one)), list(dict.fromkeys(others))
    known = _vectors_of([*left, *right]) if left and right else None
    near: dict[str, dict[str, float]] = {word: {} for word in left}
    if known is None:
        return near
    import numpy as np

    table = np.stack(known[: len(left)]) @ np.stack(known[len(left) :]).T
    for i, j in zip(*np.nonzero(table >= least), strict=True):
        near[left[i]][right[j]] = float(table[i, j])
    return near


def similarity_of_texts(text: str, others: list[str]) -> list[float]:
    """The cosine similarity of `text` to each of `others`; zeros if there is no embedding model."""
    vectors = _embed([text, *others]) if others else None
    return [float(value) for value in vectors[1:] @ vectors[0]] if vectors is not None else [0.0] * len(others)


def _vectors_of(words: list[str]) -> list[NDArray[np.float32]] | None:
    known = {word: kept for word in words if (kept := _vectors.get(word)) is not None}
    new = [word for word in words if word not in known]
    if new:
        vectors = _embed(new)
        if vectors is None:
            return None
        known.update(zip(new, vectors, strict=True))
        with _lock:
            if len(_vectors) > _MOST_WORDS:
                _vectors.clear()
            _vectors.update(known)
    return [known[word] for word in words]


def _embed(texts: list[str]) -> Any:
    global _missing
    if _missing:
        return None
    from memory.embedding import EmbeddingError, embed

    try:
        return embed(texts)
    except EmbeddingError:
        _missing = True
        return None
