"""Shortlist: with many tools, the ones a plan for this intent may need."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from state.intent import Intent
from tools.registry import Toolbox, ToolSpec
from tools.unnamed import is_unreadable

FEW = 24


async def shortlist(intent: Intent, tools: Sequence[ToolSpec], *, few: int = FEW) -> list[ToolSpec]:
    """At most `few` tools, nearest in meaning to the intent, in their order; all if there are few."""
    if len(tools) <= few:
        return list(tools)
    return await asyncio.to_thread(_nearest, intent, tools, few)


def _nearest(intent: Intent, tools: Sequence[ToolSpec], few: int) -> list[ToolSpec]:
    from memory.embedding import embed

    wanted = embed([intent.goal, *intent.questions])
    offered = embed([f"{spec.name.replace('_', ' ')}. {spec.description[:400]}" for spec in tools])
    nearness = (offered @ wanted.T).max(axis=1)
    best = sorted(range(len(tools)), key=lambda index: -float(nearness[index]))[:few]
    return [tools[index] for index in sorted(best)]


def plannable(tools: Toolbox) -> list[ToolSpec]:
    """The tools to plan with: those that can be used, and those over what the user named and can't be read."""
    return [spec for spec in tools.values() if not spec.unavailable or is_unreadable(spec)]
