"""One call of a tool: allowed by the policy, recorded if it has effects, retried, bounded in time and number."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import tenacity
from langgraph.config import get_config

from memory.journal import Effect
from nodes import emit
from nodes.execution import asking, failures, limits, provenance
from nodes.execution.desk import Desk, Site
from state.approval import HumanDecision
from state.check import argument_errors
from state.result import Evidence, Origin, TaskError, TaskResult
from tools.registry import Call, ToolFailure, ToolOutput, ToolSpec, current_call

LONGEST_RETRY_AFTER = 60.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 10.0


async def call_tool(desk: Desk, site: Site, tool: str, args: dict[str, Any], origins: dict[str, Origin]) -> TaskResult:
    """Make one call and return what came of it; never raises for what a tool does.

    `args`: references resolved. 'pending' if a person must be asked and may not be asked yet.
    Raises BadAnswer, and LangGraph's GraphInterrupt.
    """
    started = time.time()
    result = TaskResult(task=site.task.id, status="failed", tool=tool, started=started)
    spec = desk.kit.tools.get(tool)
    if spec is None or spec.unavailable:
        reason = spec.unavailable if spec else "there is no such tool"
        return _failed(result, TaskError(kind="permanent", message=f"'{tool}' can't be used: {reason}"))
    if problems := argument_errors(args, spec.parameters):
        return _failed(result, TaskError(kind="invalid_arguments", message="; ".join(problems)))
    try:
        made = await _permission(desk, site, spec, args, origins)
    except asking.PutOff:
        return _put_off(result)
    except asking.Expired:
        return _refused(result, "the approval came after it had lapsed; ask again")
    if isinstance(made, str):
        return _refused(result, made)
    if made is not None and made.type == "reject":
        return _refused(result, f"rejected: {made.message}" if made.message else "rejected by a person")
    if made is not None and made.type == "respond":
        return _responded(result, desk, made)
    if made is not None and made.edited_action is not None:
        args = made.edited_action.args
        origins = {name: Origin(sources=[desk.who]) for name in args}
    try:
        make = _attempts if spec.risk == "read" else _effect
        output, attempts = await make(desk, site, spec, args)
    except asking.PutOff:
        return _put_off(result)
    except _Abandoned as end:
        return end.result(result)
    except ToolFailure as error:
        return _failed(result, failures.typed(error), attempts=getattr(error, "attempts", 0))
    origin = provenance.of_result(tool, site.task.id, origins, trusted=spec.trusted)
    return result.model_copy(
        update={
            "status": "done",
            "value": output.value,
            "evidence": [_of_task(e, site, origin) for e in output.evidence],
            "origin": origin,
            "attempts": attempts,
            "ended": time.time(),
        }
    )


async def _permission(
    desk: Desk, site: Site, spec: ToolSpec, args: dict[str, Any], origins: dict[str, Origin]
) -> HumanDecision | str | None:
    """None: it may run. A string: refused, and why. Else what a person decided."""
    verdict = desk.kit.policy.decide(tool=spec.name, risk=spec.risk, args=args, origins=origins)
    if verdict.action == "deny":
        return f"not allowed: {verdict.reason}"
    if verdict.action == "auto":
        return None
    return await asking.approval(desk, site, spec, args, origins, verdict.reason)


async def _effect(
    desk: Desk, site: Site, spec: ToolSpec, args: dict[str, Any], doubts_resolved: int = 0
) -> tuple[ToolOutput, int]:
    """A call with side effects, written ahead to the journal, so that it is never silently repeated.

    `doubts_resolved`: how many questions about its outcome were answered in this execution already.
    """
    journal, key = desk.kit.journal, site.key(desk.run_key)
    known = await journal.intend(
        Effect(key=key, thread_id=desk.thread_id, task=str(site), tool=spec.name, args=args, created=time.time())
    )
    if known is not None:
        if known.state == "done":
            return _recorded(known.outcome or {}), known.calls
        if known.state == "abandoned":
            raise _Abandoned("it was abandoned")
        if known.state in ("intended", "in_doubt") and not spec.idempotent:
            # The answers of earlier doubts are replayed in order; only the newest decides.
            for calls in range(doubts_resolved + 1, known.calls + 1):
                decided = await _resolve_doubt(desk, site, spec, known.args, calls)
            doubts_resolved = known.calls
            if decided.type == "reject":
                await journal.settle(key, "abandoned")
                raise _Abandoned(decided.message or "it was abandoned")
            if decided.type == "respond":
                outcome: dict[str, Any] = {"value": decided.message, "evidence": []}
                await journal.settle(key, "done", outcome)
                return _recorded(outcome), known.calls
            args = known.args
        await journal.settle(key, "intended")
    try:
        output, attempts = await _attempts(desk, site, spec, args)
    except ToolFailure as error:
        if failures.leaves_doubt(error) and not spec.idempotent:
            await journal.settle(key, "in_doubt")
            return await _effect(desk, site, spec, args, doubts_resolved)
        await journal.settle(key, "failed", {"error": str(error)})
        raise
    evidence = [item.to_json() for item in output.evidence]
    await journal.settle(key, "done", {"value": output.value, "evidence": evidence})
    return output, attempts


async def _resolve_doubt(desk: Desk, site: Site, spec: ToolSpec, args: dict[str, Any], calls: int) -> HumanDecision:
    if not desk.kit.policy.attended:
        raise _Abandoned("its outcome is unknown, and nobody is there to ask", status="in_doubt")
    try:
        return await asking.in_doubt(desk, site, spec, args, calls)
    except asking.Expired:
        raise _Abandoned("its outcome is unknown, and the question lapsed", status="in_doubt") from None


async def _attempts(desk: Desk, site: Site, spec: ToolSpec, args: dict[str, Any]) -> tuple[ToolOutput, int]:
    """Call until it succeeds or may not be tried again. Raises ToolFailure alone, `attempts` set on it."""
    may_repeat = spec.risk == "read" or spec.idempotent
    count = 0

    def is_worth_another(error: BaseException) -> bool:
        if getattr(error, "kind", None) not in failures.RETRYABLE:
            return False
        return may_repeat or not failures.is_sent(error)

    def pause(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = getattr(error, "retry_after", None)
        jittered = tenacity.wait_random_exponential(_FIRST_PAUSE, _LONGEST_PAUSE)(state)
        return min(float(asked), LONGEST_RETRY_AFTER) if asked else jittered

    def announce(state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        emit.task(site.task.id, "retrying", tool=spec.name, detail=str(error), item=site.item, attempt=count + 1)

    retrying = tenacity.AsyncRetrying(
        stop=tenacity.stop_after_attempt(1 + spec.retries),
        wait=pause,
        retry=tenacity.retry_if_exception(is_worth_another),
        before_sleep=announce,
        reraise=True,
    )
    try:
        async for attempt in retrying:
            with attempt:
                count += 1
                return await _once(desk, site, spec, args, count), count
    except ToolFailure as error:
        error.attempts = count  # type: ignore[attr-defined]
        raise
    raise AssertionError("tenacity ends by returning or raising")


async def _once(desk: Desk, site: Site, spec: ToolSpec, args: dict[str, Any], attempt: int) -> ToolOutput:
    """One attempt. Raises ToolFailure for whatever the tool raises."""
    breaker = limits.breaker(spec.name)
    breaker.check(spec.name)
    async with desk.slots, limits.slot(spec):
        desk.meter.allow()
        timeout, left = site.task.timeout or spec.timeout, desk.meter.seconds_left()
        is_cut = left is not None and left < timeout and spec.risk == "read"
        key = site.key(desk.run_key)
        token = current_call.set(Call(key=key, thread_id=desk.thread_id, task=site.task.id, attempt=attempt))
        desk.meter.add_call(spec.cost)
        try:
            async with asyncio.timeout(left if is_cut else timeout):
                output = await spec.call(args, _config(key, site))
        except Exception as error:
            if _is_interrupt(error):
                raise
            if isinstance(error, TimeoutError):
                told = "the budget of seconds is used up" if is_cut else f"no answer within {timeout:g} s"
                error = ToolFailure(told, kind="budget" if is_cut else "timeout")
            known = failures.typed(error)
            breaker.failed(known)
            failure = ToolFailure(
                known.message, kind=known.kind, retry_after=known.retry_after, sent=failures.is_sent(error)
            )
            raise failure from error
        finally:
            current_call.reset(token)
    breaker.succeeded()
    return output


def _config(key: str, site: Site) -> Any:
    """The current run's config, for a tool that takes one; `configurable` names the call it serves."""
    try:
        config: dict[str, Any] = {**get_config()}
    except RuntimeError:
        return None
    config["configurable"] = {**config.get("configurable", {}), "idempotency_key": key, "task": site.task.id}
    return config


def _is_interrupt(error: BaseException) -> bool:
    from langgraph.errors import GraphBubbleUp

    return isinstance(error, GraphBubbleUp)


class _Abandoned(Exception):
    """An effect that won't be made."""

    def __init__(self, reason: str, status: str = "refused") -> None:
        super().__init__(reason)
        self.status = status

    def result(self, result: TaskResult) -> TaskResult:
        return result.model_copy(
            update={
                "status": self.status,
                "reason": str(self),
                "error": TaskError(kind="refused", message=str(self)),
                "ended": time.time(),
            }
        )


def _recorded(outcome: Mapping[str, Any]) -> ToolOutput:
    return ToolOutput(outcome.get("value"), [Evidence.model_validate(e) for e in outcome.get("evidence", [])])


def _of_task(evidence: Evidence, site: Site, origin: Origin) -> Evidence:
    return evidence.model_copy(update={"task": site.task.id, "trusted": origin.trusted})


def _failed(result: TaskResult, error: TaskError, attempts: int = 0) -> TaskResult:
    return result.model_copy(update={"error": error, "attempts": attempts, "ended": time.time()})


def _put_off(result: TaskResult) -> TaskResult:
    return result.model_copy(update={"status": "pending", "reason": "a person must decide", "started": None})


def _refused(result: TaskResult, reason: str) -> TaskResult:
    return _Abandoned(reason).result(result)


def _responded(result: TaskResult, desk: Desk, made: HumanDecision) -> TaskResult:
    return result.model_copy(
        update={"status": "done", "value": made.message, "origin": Origin(sources=[desk.who]), "ended": time.time()}
    )
