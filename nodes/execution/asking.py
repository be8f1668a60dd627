"""Asking a person from inside a task, and keeping a record of what was asked and decided."""

from __future__ import annotations

import time
from typing import Any

from memory.journal import Decision
from nodes import emit
from nodes.execution.desk import Desk, Site
from state.approval import HumanDecision, Question, ask_person, question
from state.result import Origin
from tools.registry import ToolSpec


class PutOff(Exception):
    """A person must be asked, but other tasks can still run: the question waits until nothing else can."""


class Expired(Exception):
    """The question was answered after it had lapsed."""


async def approval(
    desk: Desk, site: Site, spec: ToolSpec, args: dict[str, Any], origins: dict[str, Origin], why: str
) -> HumanDecision:
    """Ask whether a call may be made. Raises PutOff, Expired, BadAnswer and LangGraph's GraphInterrupt."""
    return await _ask(
        desk,
        site,
        question(
            "approval",
            name=spec.name,
            args=args,
            description=site.task.goal or spec.description.partition("\n")[0],
            allowed=["approve", "edit", "reject", "respond"],
            reason=why,
            task=site.task.id,
            args_schema=spec.parameters,
            origins=origins,
        ),
    )


async def in_doubt(desk: Desk, site: Site, spec: ToolSpec, args: dict[str, Any], calls: int) -> HumanDecision:
    """Ask what became of an effect whose outcome is unknown: approve does it again, respond says that
    it happened, reject abandons it. Raises as `approval`."""
    times = "once" if calls == 1 else f"{calls} times"
    return await _ask(
        desk,
        site,
        question(
            "in_doubt",
            name=spec.name,
            args=args,
            description=f"'{spec.name}' was begun {times} and its outcome is unknown. "
            "Approve: do it again. Respond: it happened, with this result. Reject: leave it.",
            allowed=["approve", "respond", "reject"],
            reason="the run stopped between the call and its outcome, and the receiver can't tell a repetition",
            task=site.task.id,
        ),
    )


async def _ask(desk: Desk, site: Site, asked: Question) -> HumanDecision:
    if not desk.may_ask:
        raise PutOff
    first_asked = await _first_asked(desk, site, asked)
    expires = desk.kit.policy.expires
    if expires is not None:
        asked["expires_at"] = first_asked + expires
    emit.task(site.task.id, "asking", tool=site.task.tool, detail=asked["reason"], item=site.item)
    response = ask_person(asked)
    made = response.decisions[0]
    await _record(desk, site, asked["kind"], dict(asked), made.to_json(), who=response.who or desk.who)
    if asked["expires_at"] is not None and time.time() > asked["expires_at"]:
        raise Expired
    return made


async def _first_asked(desk: Desk, site: Site, asked: Question) -> float:
    kind = f"{asked['kind']}:asked"
    for past in await desk.kit.journal.decisions(desk.thread_id):
        if (
            past.task == str(site)
            and past.kind == kind
            and past.shown.get("action_requests") == asked["action_requests"]
        ):
            return past.at
    at = time.time()
    await desk.kit.journal.record(
        Decision(desk.thread_id, str(site), kind, "orchestrator", at, shown=dict(asked), decided={})
    )
    return at


async def _record(desk: Desk, site: Site, kind: str, shown: dict[str, Any], decided: dict[str, Any], who: str) -> None:
    # A task that asked runs again from its top on every resume; its decision is one entry all the same.
    for past in await desk.kit.journal.decisions(desk.thread_id):
        if past.task == str(site) and past.kind == kind and past.decided == decided and past.shown == shown:
            return
    await desk.kit.journal.record(Decision(desk.thread_id, str(site), kind, who, time.time(), shown, decided))
