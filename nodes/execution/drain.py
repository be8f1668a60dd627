"""Stopping early when the process is to end: nothing new starts, and the thread can be resumed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from langgraph.errors import GraphDrained
from langgraph.runtime import Runtime

GRACE = 0.5
_POLL = 0.05


class Drain:
    """Watches for LangGraph's request to drain (`RunControl.request_drain`).

    What is being read or thought then has GRACE seconds left and is given up, to be done again on resume. An
    effect under way is waited for: to give it up would leave it in doubt.
    """

    def __init__(self, runtime: Runtime[Any]) -> None:
        self._runtime = runtime
        self._under_way: set[asyncio.Timeout] = set()

    @property
    def is_requested(self) -> bool:
        return self._runtime.drain_requested

    def check(self) -> None:
        """Raises GraphDrained once a drain is requested; to be called before anything new is begun."""
        if self.is_requested:
            raise GraphDrained(self._runtime.drain_reason or "shutdown")

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Look for a request as long as this lasts."""
        if self._runtime.control is None:
            yield
            return
        watch = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch

    @asynccontextmanager
    async def giving_up(self) -> AsyncIterator[None]:
        """Around what can be done again: it is given up when a drain is requested. Raises GraphDrained then."""
        self.check()
        limit = asyncio.timeout(None)
        try:
            async with limit:
                self._under_way.add(limit)
                try:
                    yield
                finally:
                    self._under_way.discard(limit)
        except TimeoutError:
            if limit.expired():
                self.check()
            raise

    async def sleep(self, seconds: float) -> None:
        """Sleep, or raise GraphDrained."""
        async with self.giving_up():
            await asyncio.sleep(seconds)

    async def _watch(self) -> None:
        while not self.is_requested:  # noqa: ASYNC110 - the request is a flag, set from any thread
            await asyncio.sleep(_POLL)
        await asyncio.sleep(GRACE)
        for limit in list(self._under_way):
            limit.reschedule(asyncio.get_running_loop().time())
