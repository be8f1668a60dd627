"""Where the rules do their work: in the event loop when it is soon done, in another thread when it isn't."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TypeVar

from memory import embedding
from state.result import Evidence

T = TypeVar("T")

SHORT = 20_000
"""Characters that are read in a few milliseconds. A way to another thread and back takes a good part of one, and
leaves behind what this thread's processor had at hand."""


async def read_by(work: Callable[[], T], characters: int) -> T:
    """`work()`, which reads so many characters: at once if that is short, else beside the event loop.

    Beside it too as long as nobody has needed the embedding model, which whatever reads may come to load: 0.1 s.
    """
    if characters <= SHORT and embedding.is_loaded():
        return work()
    return await asyncio.to_thread(work)


def length_of(evidence: Iterable[Evidence]) -> int:
    """The characters of all pieces together."""
    return sum(len(item.text) for item in evidence)
