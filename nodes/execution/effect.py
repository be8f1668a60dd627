"""Calls with side effects: written ahead to the journal, so that none is ever silently repeated."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from langgraph.errors import GraphInterrupt

from memory.journal import Effect
from nodes.execution import asking, failures
from nodes.execution.attempts import attempts
from nodes.execution.desk import Desk, Site
from nodes.person import Lapsed
from state.approval import HumanDecision
from state.result import Evidence, TaskStatus
from tools.registry import ToolFailure, ToolOutput, ToolSpec

_NOT_BEGUN = frozenset({"failed", "asking"})


class Abandoned(Exception):
    """An effect that won't be made, or of which nobody says whether it was."""

    def __init__(self, reason: str, status: TaskStatus = "refused") -> None:
        super().__init__(reason)
        self.status: TaskStatus = status


async def is_begun(desk: Desk, site: Site, tool: str) -> bool:
    """Whether an effect may have happened already."""
    known = await desk.kit.journal.find(site.key(desk.run_key, tool))
    return known is not None and known.state not in _NOT_BEGUN


async def make_effect(desk: Desk, site: Site, spec: ToolSpec, args: dict[str, Any]) -> tuple[ToolOutput, int]:
    """A call with side effects, or what is known of it if it was made before; and how often it was called.

    Raises ToolFailure, Abandoned, and what `asking` raises.
    """
    journal, key = desk.kit.journal, site.key(desk.run_key, spec.name)
    known = await journal.find(key)
    if known is not None and known.state == "done":
        return _recorded(known.outcome or {}), known.calls
    if known is not None and known.state == "abandoned":
        raise Abandoned("it was abandoned")
    if known is not None and known.state in ("intended", "in_doubt"):
        args = known.args
        if not spec.idempotent:
            decided = await _resolve_doubt(desk, site, spec, known)
            if decided.type == "reject":
                await journal.settle(key, "abandoned")
                raise Abandoned(decided.message or "it was abandoned")
            if decided.type == "respond":
                outcome: dict[str, Any] = {"value": decided.message, "evidence": []}
                await journal.settle(key, "done", outcome)
                return _recorded(outcome), known.calls
    begun = False

    async def begin() -> None:
        nonlocal begun
        if known is not None:
            await journal.call_again(key, args)
        elif await journal.intend(
            Effect(key=key, thread_id=desk.thread_id, task=str(site), tool=spec.name, args=args, created=time.time())
        ):
            raise ToolFailure("the same effect has just been begun elsewhere", kind="refused")
        begun = True

    try:
        output, count = await attempts(desk, site, spec, args, begin)
    except GraphInterrupt:
        if begun:  # called again from its top, it finds the answer where it asked; what it does comes after
            await journal.settle(key, "asking")
        raise
    except ToolFailure as error:
        if not begun:
            raise
        if failures.leaves_doubt(error) and not spec.idempotent:
            await journal.settle(key, "in_doubt", {"error": str(error)})
            return await make_effect(desk, site, spec, args)
        await journal.settle(key, "failed", {"error": str(error)})
        raise
    evidence = [item.to_json() for item in output.evidence]
    await journal.settle(key, "done", {"value": output.value, "evidence": evidence})
    return output, count


async def _resolve_doubt(desk: Desk, site: Site, spec: ToolSpec, known: Effect) -> HumanDecision:
    if not desk.kit.policy.attended:
        raise Abandoned(f"its outcome is unknown, and nobody is there to ask: {known.doubt}", status="in_doubt")
    try:
        return await asking.in_doubt(desk, site, spec, known)
    except Lapsed:
        raise Abandoned(f"its outcome is unknown, and the question lapsed: {known.doubt}", status="in_doubt") from None


def _recorded(outcome: Mapping[str, Any]) -> ToolOutput:
    return ToolOutput(outcome.get("value"), [Evidence.model_validate(e) for e in outcome.get("evidence", [])])
