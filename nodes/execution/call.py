"""One call of a tool: its arguments checked, allowed by the policy or a person, then made."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from nodes.execution import asking, failures, provenance
from nodes.execution.attempts import attempts
from nodes.execution.desk import Desk, Site
from nodes.execution.effect import Abandoned, is_begun, make_effect
from nodes.person import ASKED_BEFORE, Lapsed
from state.approval import HumanDecision, answers
from state.check import argument_errors
from state.result import Evidence, Origin, TaskError, TaskResult, TaskStatus
from tools.registry import ToolFailure, ToolSpec


async def call_tool(
    desk: Desk,
    site: Site,
    tool: str,
    args: dict[str, Any],
    origins: dict[str, Origin],
    caller: Origin | None = None,
) -> TaskResult:
    """Make one call and return what came of it; never raises for what a tool does.

    `args`: references resolved. `caller`: the origin of the call itself; by default that of the plan.
    'pending' if a person must be asked and may not be asked yet.
    Raises BadAnswer, and LangGraph's GraphInterrupt.
    """
    result = TaskResult(task=site.task.id, status="failed", tool=tool, started=time.time())
    spec = desk.kit.tools.get(tool)
    if spec is None or spec.unavailable:
        reason = spec.unavailable if spec else "there is no such tool"
        return _failed(result, TaskError(kind="permanent", message=f"'{tool}' can't be used: {reason}"))
    if problems := argument_errors(args, spec.parameters, resolved=True):
        return _failed(result, TaskError(kind="invalid_arguments", message="; ".join(problems)))
    try:
        made = await _permission(desk, site, spec, args, origins, caller or desk.literal)
        if made is not None and made.type == "respond":
            return _responded(result, desk, made)
        if made is not None and made.edited_action is not None:
            args = made.edited_action.args
            origins = {name: Origin(sources=[desk.who]) for name in args}
        with answers() as asked_by_tool:
            try:
                output, count = await (attempts if spec.risk == "read" else make_effect)(desk, site, spec, args)
            finally:
                for asked, response in asked_by_tool:
                    await asking.record(desk, site, asked, response)
    except asking.PutOff:
        return result.model_copy(update={"status": "pending", "reason": "a person must decide", "started": None})
    except Abandoned as end:
        return _refused(result, str(end), end.status)
    except ToolFailure as error:
        return _failed(result, failures.typed(error), attempts=getattr(error, "attempts", 0))
    origin = provenance.of_call(spec, site.task.id, origins)
    return result.model_copy(
        update={
            "status": "done",
            "value": output.value,
            "evidence": [_of_task(e, site, origin) for e in output.evidence],
            "origin": origin,
            "attempts": count,
            "ended": time.time(),
        }
    )


async def _permission(
    desk: Desk, site: Site, spec: ToolSpec, args: dict[str, Any], origins: dict[str, Origin], caller: Origin
) -> HumanDecision | None:
    """What a person decided; None if nobody needs to. Raises Abandoned if it may not run, and what `asking` raises.

    An effect that was begun before had its permission then: nothing said now can undo it, and its
    outcome is looked up or asked for. Where that permission was asked for in this execution of the task, it is asked
    for again all the same, and answered at once: LangGraph hands out answers by the order of the questions.
    """
    verdict = desk.kit.policy.decide(
        tool=spec.name,
        risk=spec.risk,
        args=args,
        origins=origins,
        open_world=spec.open_world,
        caller=caller,
        roles=spec.argument_roles,
        said=desk.goal,
    )
    if spec.risk != "read" and await is_begun(desk, site, spec.name):
        if await asking.was_asked(desk, site):
            with suppress(Lapsed):
                await asking.approval(desk, site, spec, args, origins, verdict.reason)
        return None
    why = verdict.reason
    if verdict.action == "auto":
        # A question that was put stays one when the policy has changed meanwhile: the answer may be a no.
        if not desk.may_ask or not await asking.was_asked(desk, site, spec.name):
            return None
        why = ASKED_BEFORE
    if verdict.action == "deny":
        raise Abandoned(f"not allowed: {verdict.reason}")
    try:
        made = await asking.approval(desk, site, spec, args, origins, why)
    except Lapsed:
        raise Abandoned("the approval came after it had lapsed; give the goal once more to be asked again") from None
    if made.type == "reject":
        raise Abandoned(f"rejected: {made.message}" if made.message else "rejected by a person")
    return made


def _of_task(evidence: Evidence, site: Site, origin: Origin) -> Evidence:
    return evidence.model_copy(update={"task": site.task.id, "trusted": origin.trusted})


def _failed(result: TaskResult, error: TaskError, attempts: int = 0) -> TaskResult:
    return result.model_copy(update={"error": error, "attempts": attempts, "ended": time.time()})


def _refused(result: TaskResult, reason: str, status: TaskStatus) -> TaskResult:
    error = TaskError(kind="refused", message=reason)
    return result.model_copy(update={"status": status, "reason": reason, "error": error, "ended": time.time()})


def _responded(result: TaskResult, desk: Desk, made: HumanDecision) -> TaskResult:
    return result.model_copy(
        update={"status": "done", "value": made.message, "origin": Origin(sources=[desk.who]), "ended": time.time()}
    )
