"""Long-term memory: what runs have found and checked, kept per user beyond their threads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from langgraph.store.base import BaseStore
from pydantic import Field, ValidationError

from state.record import Record

MOST_KEPT = 500
"""Facts that are looked through; the oldest are forgotten."""
_NEAR = 0.45
"""Cosine similarity from which a fact is thought to be about a goal."""


class Fact(Record):
    """A verbatim quotation that an answer rested on. It stays as trusted, or not, as it was when it was found."""

    text: str
    source: str
    place: str = ""
    trusted: bool = False
    goal: str = Field(default="", description="The goal it was found for.")
    learned: str = Field(default="", description="The day it was found, ISO 8601.")


async def remember(store: BaseStore, user: str, facts: Iterable[Fact]) -> None:
    """Keep facts; the same text of the same source is kept once."""
    for fact in facts:
        key = hashlib.sha256(f"{fact.source}\n{fact.text}".encode()).hexdigest()[:32]
        await store.aput(_of(user), key, fact.to_json(), index=False)
    kept = await store.asearch(_of(user), limit=2 * MOST_KEPT)
    for item in sorted(kept, key=lambda item: item.updated_at, reverse=True)[MOST_KEPT:]:
        await store.adelete(_of(user), item.key)


async def recalled(store: BaseStore, user: str) -> list[Fact]:
    """All that is remembered for a user, the latest first."""
    items = await store.asearch(_of(user), limit=MOST_KEPT)
    facts = (_fact(item.value) for item in sorted(items, key=lambda item: item.updated_at, reverse=True))
    return [fact for fact in facts if fact is not None]


def about(facts: Sequence[Fact], questions: Sequence[str], most: int = 5) -> list[Fact]:
    """The facts nearest in meaning to any of the questions, at most `most`. Blocks: it embeds their texts."""
    from memory.embedding import embed

    if not facts or not questions:
        return []
    known = embed([f"{fact.goal} {fact.text}"[:600] for fact in facts])
    nearness = (known @ embed(list(questions)).T).max(axis=1)
    ranked = sorted(range(len(facts)), key=lambda index: -float(nearness[index]))
    return [facts[index] for index in ranked[:most] if nearness[index] >= _NEAR]


def _of(user: str) -> tuple[str, ...]:
    # A namespace's labels may hold no dots.
    return ("facts", hashlib.sha256(user.encode()).hexdigest()[:16])


def _fact(value: dict[str, Any]) -> Fact | None:
    try:
        return Fact.model_validate(value)
    except ValidationError:
        return None
