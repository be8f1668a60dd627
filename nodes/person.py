"""Questions that a step of the graph puts to a person, and who a decision is recorded under."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from langgraph.config import get_config

from memory.journal import Decision
from nodes.kit import Kit
from state.approval import Check, HumanDecision, Question, ask_person


def deciding(configurable: Mapping[str, Any], named: str | None = None) -> str:
    """The name for the audit log: of whom a server has authenticated; else as the answer says (`named`), or the run's
    configuration (`user`)."""
    return str(configurable.get("langgraph_auth_user_id") or named or configurable.get("user") or "unknown")


class Lapsed(Exception):
    """The question was answered after it had lapsed."""


async def ask(kit: Kit, asked: Question, check: Check | None = None) -> HumanDecision:
    """The decision on a question, which is recorded in the audit log.

    Raises Lapsed for an approval that comes too late by the policy, BadAnswer, and LangGraph's GraphInterrupt.
    """
    configurable = get_config().get("configurable", {})
    thread_id = str(configurable.get("thread_id", ""))
    if kit.policy.expires is not None and asked["kind"] == "plan":
        execution = str(configurable.get("checkpoint_ns", ""))
        asked["expires_at"] = await _first_asked(kit, thread_id, asked, execution) + kit.policy.expires
    response = ask_person(asked, check)
    made, now = response.decisions[0], time.time()
    who = deciding(configurable, response.who)
    await kit.journal.record(Decision(thread_id, asked["kind"], asked["kind"], who, now, dict(asked), made.to_json()))
    if made.type != "reject" and asked["expires_at"] is not None and now > asked["expires_at"]:
        raise Lapsed
    return made


async def _first_asked(kit: Kit, thread_id: str, asked: Question, execution: str) -> float:
    """When a step put its question first: it is taken from its top again with every answer."""
    kind = f"{asked['kind']}:asked"
    for past in await kit.journal.decisions(thread_id):
        if past.kind == kind and past.decided.get("execution") == execution:
            return past.at
    now, put = time.time(), {"execution": execution}
    await kit.journal.record(Decision(thread_id, asked["kind"], kind, "orchestrator", now, dict(asked), put))
    return now
