"""The judgement of a draft that has passed the deterministic checks."""

from __future__ import annotations

from collections.abc import Sequence

from state.intent import Intent
from state.result import Evidence
from state.verdict import Draft, Verdict


def verdict(intent: Intent, draft: Draft, evidence: Sequence[Evidence]) -> Verdict:
    """Accept what answers every question. A gap is worth one search in other words, if nothing at all was answered."""
    if not draft.gaps:
        return Verdict(action="accept", reason="Every question is answered from the evidence.")
    replanned = any(item.task.startswith("r") for item in evidence)
    if draft.citations or replanned or intent.kind in ("action", "small_talk"):
        return Verdict(action="accept", reason="What could be answered is answered, and what is missing is named.")
    return Verdict(action="replan", reason="Nothing found answers the question; it is worth asking in other words.")
