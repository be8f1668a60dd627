"""Remember: keep what the answer rests on for later runs."""

from __future__ import annotations

import datetime
from typing import Any

from langgraph.runtime import Runtime

from memory import facts
from memory.facts import Fact
from nodes.generate import intent_of
from nodes.kit import NodeFunction
from nodes.recall import MEMORY, user_of
from nodes.redaction import redact
from state.context import RunContext
from state.run import RunState


def remember() -> NodeFunction:
    """The step that keeps the quotations of a checked answer in long-term memory, if the graph has a store.

    Only what was quoted verbatim from a source and passed the checks is kept, never what a model said; with its
    source, and as untrusted as it was.
    """

    async def run(state: RunState, runtime: Runtime[RunContext]) -> dict[str, Any]:
        draft, verdict = state.get("draft"), state.get("verdict")
        if runtime.store is None or draft is None or verdict is None or verdict.action != "accept":
            return {}
        results, goal = state.get("results") or {}, redact(intent_of(state).goal)[0]
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        new = [
            Fact(
                text=redact(citation.quote)[0],
                source=citation.source,
                place=citation.place,
                trusted=results[citation.task].origin.trusted,
                goal=goal[:500],
                learned=today,
            )
            for citation in draft.citations
            if citation.task in results and citation.task != MEMORY
            and any(piece.kind == "text" for piece in results[citation.task].evidence)
        ]  # fmt: skip
        if new:
            await facts.remember(runtime.store, user_of(), new)
        return {}

    return run
