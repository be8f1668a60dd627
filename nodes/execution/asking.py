"""Asking a person from inside a task, and keeping a record of what was asked and decided."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

from langgraph.config import get_config
from langgraph.func import task as durable

from memory.journal import Decision, Effect
from nodes import emit
from nodes.execution.desk import Desk, Site
from nodes.person import Lapsed, deciding
from state.approval import Check, HumanDecision, HumanResponse, Question, ask_person, question
from state.result import Origin
from tools.registry import ToolSpec


class PutOff(Exception):
    """A person must be asked, but other tasks can still run: the question waits until nothing else can."""


async def approval(
    desk: Desk, site: Site, spec: ToolSpec, args: dict[str, Any], origins: dict[str, Origin], why: str
) -> HumanDecision:
    """Ask whether a call may be made. What the policy denies can't be made by editing either.

    Raises PutOff, Lapsed, BadAnswer and LangGraph's GraphInterrupt.
    """
    asked = question(
        "approval",
        name=spec.name,
        args=args,
        description=site.task.goal or spec.description.partition("\n")[0],
        allowed=["approve", "edit", "reject", "respond"],
        reason=why,
        task=site.task.id,
        args_schema=spec.parameters,
        origins=origins,
    )

    def denied(given: HumanResponse) -> str | None:
        edited = given.decisions[0].edited_action
        if edited is None:
            return None
        by_person = dict.fromkeys(edited.args, Origin(sources=[desk.who]))
        verdict = desk.kit.policy.decide(
            tool=spec.name, risk=spec.risk, args=edited.args, origins=by_person, open_world=spec.open_world
        )
        return f"the edited call isn't allowed: {verdict.reason}" if verdict.action == "deny" else None

    made, is_late = await _ask(desk, site, asked, _execution(), check=denied)
    if is_late and made.type != "reject":
        raise Lapsed
    return made


async def in_doubt(desk: Desk, site: Site, spec: ToolSpec, effect: Effect) -> HumanDecision:
    """Ask what became of an effect whose outcome is unknown: approve does it again, respond says that
    it happened, reject abandons it. Raises as `approval`.

    Each doubt, told apart by the number of calls before it, is put by a LangGraph task of its own: so no
    answer to one, nor to an approval, given twice or replayed, can ever count as the answer to another.
    """
    times = "once" if effect.calls == 1 else f"{effect.calls} times"
    asked = question(
        "in_doubt",
        name=spec.name,
        args=effect.args,
        description=f"'{spec.name}' was begun {times} and its outcome is unknown. "
        "Approve: do it again. Respond: it happened, with this result. Reject: leave it.",
        allowed=["approve", "respond", "reject"],
        reason="the run stopped between the call and its outcome, and the receiver can't tell a repetition",
        task=site.task.id,
    )
    if not desk.may_ask:
        raise PutOff
    execution, doubt = _execution(), f"doubt_{re.sub(r'[^A-Za-z0-9]', '_', spec.name)}_{effect.calls}"

    async def ask_here() -> dict[str, Any]:
        made, is_late = await _ask(desk, site, asked, execution, doubt)
        return {"decision": made.to_json(), "late": is_late}

    for past in await desk.decisions():
        # A LangGraph task is known by its place as well: those of earlier doubts are taken up as they were.
        if past.task == str(site) and past.kind == "in_doubt:asked" and past.decided["execution"] == execution:
            name = past.decided["question"]
            if name != doubt and (execution, name) not in desk.doubts:
                desk.doubts.add((execution, name))
                await _named(_answered_before, name)
    desk.doubts.add((execution, doubt))
    answer = await _named(ask_here, doubt)
    if answer["late"]:
        raise Lapsed
    return HumanDecision.model_validate(answer["decision"])


async def _answered_before() -> dict[str, Any]:
    return {}


def _named(work: Callable[[], Awaitable[dict[str, Any]]], name: str) -> Awaitable[dict[str, Any]]:
    async def doubt() -> dict[str, Any]:
        return await work()

    step: Any = cast(Any, durable)(doubt, name=name)
    future: Awaitable[dict[str, Any]] = step()
    return future


async def _ask(
    desk: Desk, site: Site, asked: Question, execution: str, name: str = "approval", check: Check | None = None
) -> tuple[HumanDecision, bool]:
    """The decision, and whether it came after the question had lapsed."""
    if not desk.may_ask:
        raise PutOff
    first_asked = await _first_asked(desk, site, asked, execution, name)
    expires = desk.kit.policy.expires
    if expires is not None:
        asked["expires_at"] = first_asked + expires
    emit.task(site.task.id, "asking", tool=site.task.tool, detail=asked["reason"], item=site.item)
    response = ask_person(asked, check)
    await record(desk, site, asked, response)
    return response.decisions[0], asked["expires_at"] is not None and time.time() > asked["expires_at"]


async def _first_asked(desk: Desk, site: Site, asked: Question, execution: str, name: str) -> float:
    """When a question was first put, in this execution of its task or an earlier one; recorded once for each."""
    kind = f"{asked['kind']}:asked"
    same = [
        past
        for past in await desk.decisions()
        if past.task == str(site)
        and past.kind == kind
        and past.decided.get("run") == desk.run_key
        and past.shown.get("action_requests") == asked["action_requests"]
    ]
    at = same[0].at if same else time.time()
    if not any(past.decided.get("execution") == execution for past in same):
        decided = {"execution": execution, "question": name, "run": desk.run_key}
        await desk.record(Decision(desk.thread_id, str(site), kind, "orchestrator", at, dict(asked), decided))
    return at


def _execution() -> str:
    """What names the execution of a LangGraph task: the same however often it is run again from its top."""
    return str(get_config()["configurable"].get("checkpoint_ns", ""))


async def record(desk: Desk, site: Site, asked: Question, response: HumanResponse) -> None:
    """Append what was shown and decided to the audit log, once."""
    kind, shown, decided = asked["kind"], dict(asked), response.decisions[0].to_json()
    who = deciding(get_config()["configurable"], response.who)
    # A task that asked runs again from its top on every resume; its decision is one entry all the same.
    for past in await desk.decisions():
        if past.task == str(site) and past.kind == kind and past.decided == decided and past.shown == shown:
            return
    await desk.record(Decision(desk.thread_id, str(site), kind, who, time.time(), shown, decided))
