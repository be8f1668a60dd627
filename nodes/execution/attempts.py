"""Calling a tool until it succeeds or may not be tried again, bounded in time and number."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Any

import tenacity
from langgraph.config import get_config
from langgraph.errors import GraphBubbleUp

from nodes import emit, redaction
from nodes.execution import failures, limits
from nodes.execution.desk import Desk, Site
from nodes.execution.privacy import redacted, untraced
from nodes.execution.values import as_json
from tools.breaker import Breaker
from tools.outcome import was_sent
from tools.registry import Call, ToolFailure, ToolOutput, ToolSpec, current_call

LONGEST_RETRY_AFTER = 60.0
MOST_RETURNED = 10_000_000
"""Characters that a tool may return, its evidence counted in."""
_LITTLE = 50_000
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 10.0


async def attempts(
    desk: Desk, site: Site, spec: ToolSpec, args: dict[str, Any], begin: Callable[[], Awaitable[None]] | None = None
) -> tuple[ToolOutput, int]:
    """The tool's output, and how often it was called for it. Raises ToolFailure alone, `attempts` set on it.

    `begin` is awaited once, when nothing but the call itself is left to be done.
    """
    may_repeat = spec.risk == "read" or spec.idempotent
    count = 0

    def is_worth_another(error: BaseException) -> bool:
        if getattr(error, "kind", None) not in failures.RETRYABLE:
            return False
        return may_repeat or not was_sent(error)

    def pause(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = getattr(error, "retry_after", None)
        jittered = tenacity.wait_random_exponential(_FIRST_PAUSE, _LONGEST_PAUSE)(state)
        return min(float(asked), LONGEST_RETRY_AFTER) if asked else jittered

    def announce(state: tenacity.RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        emit.task(site.task.id, "retrying", tool=spec.name, detail=str(error), item=site.item, attempt=count + 1)

    async def begin_once() -> None:
        nonlocal begin, count
        if begin is not None:
            await begin()
            begin = None
        count += 1

    retrying = tenacity.AsyncRetrying(
        stop=tenacity.stop_after_attempt(1 + spec.retries),
        wait=pause,
        retry=tenacity.retry_if_exception(is_worth_another),
        before_sleep=announce,
        sleep=desk.drain.sleep,
        reraise=True,
    )
    try:
        async for attempt in retrying:
            with attempt:
                return await _once(desk, site, spec, args, count + 1, begin_once), count
    except ToolFailure as error:
        error.attempts = count  # type: ignore[attr-defined]
        raise
    raise AssertionError("tenacity ends by returning or raising")


async def _once(
    desk: Desk, site: Site, spec: ToolSpec, args: dict[str, Any], attempt: int, begin: Callable[[], Awaitable[None]]
) -> ToolOutput:
    """One attempt. Raises ToolFailure for whatever the tool raises."""
    with limits.circuit(spec) as breaker:
        return await _call_once(desk, site, spec, args, attempt, begin, breaker)


async def _call_once(
    desk: Desk,
    site: Site,
    spec: ToolSpec,
    args: dict[str, Any],
    attempt: int,
    begin: Callable[[], Awaitable[None]],
    breaker: Breaker,
) -> ToolOutput:
    # First the tool's place, then one of the run's: what waits its turn with a slow tool holds nobody else up.
    async with desk.drain.giving_up() if spec.risk == "read" else nullcontext(), limits.slot(spec), desk.slots:
        desk.drain.check()
        desk.purse.allow(cost=spec.cost)
        timeout, left = site.task.timeout or spec.timeout, desk.purse.seconds_left()
        is_cut = left is not None and left < timeout and spec.risk == "read"
        key = site.key(desk.run_key, spec.name)
        await begin()
        token = current_call.set(Call(key=key, thread_id=desk.thread_id, task=site.task.id, attempt=attempt))
        desk.purse.add_call(spec.cost)
        limit = asyncio.timeout(left if is_cut else timeout)
        try:
            with untraced(_config(key, site)) as config:
                async with limit:
                    output = await _called(spec, redaction.reveal(args), config)
            output = await _kept(output)
        except GraphBubbleUp:
            raise
        except Exception as error:
            if isinstance(error, TimeoutError) and limit.expired():
                told = "the budget of seconds is used up" if is_cut else f"no answer within {timeout:g} s"
                error = ToolFailure(told, kind="budget" if is_cut else "timeout")
            known = failures.typed(error)
            told = redaction.redact(known.message)[0]
            if spec.risk == "read" or not (isinstance(error, ToolFailure) and error.done):
                limits.told(breaker, known)
                raise ToolFailure(told, kind=known.kind, retry_after=known.retry_after, sent=was_sent(error)) from error
            output = ToolOutput(f"Done; what came back was left out: {told}.")  # what has happened hasn't failed
        finally:
            current_call.reset(token)
    breaker.succeeded()
    return output


async def _called(spec: ToolSpec, args: dict[str, Any], config: Any) -> ToolOutput:
    try:
        return await spec.call(args, config)
    except asyncio.CancelledError as error:
        if (task := asyncio.current_task()) is not None and task.cancelling():
            raise
        # Nobody has cancelled the call: a library of the tool's has, within it.
        raise ToolFailure("it was cancelled from within", kind="transient") from error


async def _kept(output: ToolOutput) -> ToolOutput:
    """What may be kept of an output. Raises ToolFailure for what is no JSON, or too large."""
    try:
        kept = ToolOutput(as_json(output.value), list(output.evidence))
        size = sum(len(item.text) for item in kept.evidence) + len(repr(kept.value))
        if size <= MOST_RETURNED:  # looked at beside the event loop where that takes a while
            return await asyncio.to_thread(redacted, kept) if size > _LITTLE else redacted(kept)
    except Exception as error:
        told = f"what it returned can't be told as JSON ({type(error).__name__})"
        raise ToolFailure(told, done=True) from error
    told = f"it returned {size:,} characters, the limit is {MOST_RETURNED:,}; let it return less, or a file's name"
    raise ToolFailure(told, done=True)


def _config(key: str, site: Site) -> Any:
    """The current run's config, for a tool that takes one; `configurable` names the call it serves."""
    try:
        config: dict[str, Any] = {**get_config()}
    except RuntimeError:
        return None
    config["configurable"] = {**config.get("configurable", {}), "idempotency_key": key, "task": site.task.id}
    return config
