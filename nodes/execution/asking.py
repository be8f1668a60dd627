"""Asking a person from inside a task, and keeping a record of what was asked and decided.

LangGraph tells the answers of a task apart by their order alone, and a task that has asked runs again from its
top. So a task must put the questions it has put before, in the same order, each time; the record knows them.
"""

from __future__ import annotations

import time
from collections.abc import Container
from typing import Any, cast

from langgraph.config import get_config

from memory.journal import Decision, Effect
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


async def is_asked_here(desk: Desk, site: Site) -> bool:
    """Whether an approval was asked for in this execution of a task, before it was run again from its top."""
    return bool(await _asked_here(desk, site, "approval"))


async def ask_again(desk: Desk, site: Site) -> None:
    """Put the approval of this execution once more, for its place among the answers; what is said has no effect."""
    for past in await _asked_here(desk, site, "approval"):
        ask_person(cast(Question, past.shown))


async def in_doubt(desk: Desk, site: Site, spec: ToolSpec, effect: Effect, resolved: Container[int]) -> HumanDecision:
    """Ask what became of an effect whose outcome is unknown: approve does it again, respond says that
    it happened, reject abandons it. Raises as `approval`.

    `resolved`: the doubts about it, by the number of calls before them, that were answered already while
    this task has been running; those that it only finds answered are passed over here.
    """
    if desk.may_ask:
        for past in await _asked_here(desk, site, "in_doubt"):
            calls = int(past.decided["calls"])
            if calls < effect.calls and calls not in resolved:
                ask_person(cast(Question, past.shown))
    times = "once" if effect.calls == 1 else f"{effect.calls} times"
    return await _ask(
        desk,
        site,
        question(
            "in_doubt",
            name=spec.name,
            args=effect.args,
            description=f"'{spec.name}' was begun {times} and its outcome is unknown. "
            "Approve: do it again. Respond: it happened, with this result. Reject: leave it.",
            allowed=["approve", "respond", "reject"],
            reason="the run stopped between the call and its outcome, and the receiver can't tell a repetition",
            task=site.task.id,
        ),
        calls=effect.calls,
    )


async def _ask(desk: Desk, site: Site, asked: Question, calls: int = 0) -> HumanDecision:
    if not desk.may_ask:
        raise PutOff
    first_asked = await _first_asked(desk, site, asked, calls)
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


async def _first_asked(desk: Desk, site: Site, asked: Question, calls: int) -> float:
    """When a question was first put, in this execution or an earlier one; recorded once for each."""
    kind, execution = f"{asked['kind']}:asked", _execution()
    same = [
        past
        for past in await desk.decisions()
        if past.task == str(site)
        and past.kind == kind
        and past.shown.get("action_requests") == asked["action_requests"]
    ]
    at = same[0].at if same else time.time()
    if not any(past.decided.get("execution") == execution for past in same):
        decided = {"execution": execution, "calls": calls}
        await desk.record(Decision(desk.thread_id, str(site), kind, "orchestrator", at, dict(asked), decided))
    return at


async def _asked_here(desk: Desk, site: Site, kind: str) -> list[Decision]:
    execution = _execution()
    return [
        past
        for past in await desk.decisions()
        if past.task == str(site) and past.kind == f"{kind}:asked" and past.decided.get("execution") == execution
    ]


def _execution() -> str:
    """What names the execution of a LangGraph task: the same however often it is run again from its top."""
    return str(get_config()["configurable"].get("checkpoint_ns", ""))


async def _record(desk: Desk, site: Site, kind: str, shown: dict[str, Any], decided: dict[str, Any], who: str) -> None:
    # A task that asked runs again from its top on every resume; its decision is one entry all the same.
    for past in await desk.decisions():
        if past.task == str(site) and past.kind == kind and past.decided == decided and past.shown == shown:
            return
    await desk.record(Decision(desk.thread_id, str(site), kind, who, time.time(), shown, decided))
