"""Asking a person from inside a task, and keeping a record of what was asked and decided."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, cast

from langgraph.func import task as durable

from memory.journal import Effect
from nodes import emit
from nodes.audit import execution
from nodes.execution.desk import Desk, Site
from nodes.person import Lapsed, put
from state.approval import Check, HumanDecision, HumanResponse, Question, question
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

    made, is_late = await _ask(desk, site, asked, execution(), check=denied)
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
        reason=f"{effect.doubt}, and the receiver can't tell a repetition",
        task=site.task.id,
    )
    if not desk.may_ask:
        raise PutOff
    here, doubt = execution(), f"doubt_{re.sub(r'[^A-Za-z0-9]', '_', spec.name)}_{effect.calls}"

    async def ask_here() -> dict[str, Any]:
        made, is_late = await _ask(desk, site, asked, here, doubt)
        return {"decision": made.to_json(), "late": is_late}

    for name in await desk.audit.questions(str(site), "in_doubt", here):
        # A LangGraph task is known by its place as well: those of earlier doubts are taken up as they were.
        if name != doubt and (here, name) not in desk.doubts:
            desk.doubts.add((here, name))
            await _named(_answered_before, name)
    desk.doubts.add((here, doubt))
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
    desk: Desk, site: Site, asked: Question, here: str, name: str = "approval", check: Check | None = None
) -> tuple[HumanDecision, bool]:
    """The decision, and whether it came after the question had lapsed."""
    if not desk.may_ask:
        raise PutOff
    emit.task(site.task.id, "asking", tool=site.task.tool, detail=asked["reason"], item=site.item)
    expires = desk.kit.policy.expires
    return await put(desk.audit, str(site), asked, here, name=name, run_key=desk.run_key, expires=expires, check=check)


async def was_asked(desk: Desk, site: Site, tool: str | None = None) -> bool:
    """Whether a call here, or one of `tool`, was put to a person in this execution of its task."""
    return bool(await desk.audit.questions(str(site), "approval", execution(), tool))


async def record(desk: Desk, site: Site, asked: Question, response: HumanResponse) -> None:
    """Append to the audit log what a tool asked of its own accord, and what was answered."""
    here = execution()
    await desk.audit.asked(str(site), asked, here, run_key=desk.run_key)
    await desk.audit.decided(str(site), asked, response, here)
