"""Questions that a step of the graph puts to a person."""

from __future__ import annotations

import time

from langgraph.config import get_config

from nodes.audit import AuditLog, execution
from nodes.kit import Kit
from state.approval import Check, HumanDecision, Question, QuestionKind, ask_person

ASKED_BEFORE = "it was asked before the policy changed, and the answer counts"
"""The reason for a question that would not be put any more."""


class Lapsed(Exception):
    """The question was answered after it had lapsed."""


async def ask(kit: Kit, run_key: str, asked: Question, check: Check | None = None) -> HumanDecision:
    """The decision on a step's question, which is recorded in the audit log.

    Raises Lapsed for an approval that comes too late by the policy, BadAnswer, and LangGraph's GraphInterrupt.
    """
    audit = _audit(kit)
    expires = kit.policy.expires if asked["kind"] == "plan" else None
    made, is_late = await put(audit, asked["kind"], asked, execution(), run_key=run_key, expires=expires, check=check)
    if is_late and made.type != "reject":
        raise Lapsed
    return made


async def was_asked(kit: Kit, kind: QuestionKind) -> bool:
    """Whether this execution of a step has put a question of that kind: there may be an answer to it by now."""
    return bool(await _audit(kit).questions(kind, kind, execution()))


def _audit(kit: Kit) -> AuditLog:
    return AuditLog(kit.journal, str(get_config().get("configurable", {}).get("thread_id", "")))


async def put(
    audit: AuditLog,
    place: str,
    asked: Question,
    here: str,
    *,
    name: str = "",
    run_key: str = "",
    expires: float | None = None,
    check: Check | None = None,
) -> tuple[HumanDecision, bool]:
    """The decision on a question that `place` puts, and whether it came after the question had lapsed.

    `here`, `name`, `run_key`: as in AuditLog. `expires`: seconds after which an answer comes too late.
    """
    first_asked = await audit.asked(place, asked, here, name=name, run_key=run_key)
    if expires is not None:
        asked["expires_at"] = first_asked + expires
    response = ask_person(asked, check)
    await audit.decided(place, asked, response, here)
    return response.decisions[0], asked["expires_at"] is not None and time.time() > asked["expires_at"]
