"""Savers whose methods only block, as LangGraph's SqliteSaver, made fit for an event loop: each call in a thread."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

_AWAITED = ("get_tuple", "put", "put_writes", "delete_thread", "get_delta_channel_history")


def threaded(saver: BaseCheckpointSaver[Any]) -> BaseCheckpointSaver[Any]:
    """`saver`, with awaitable methods if it has none of its own. The clone shares the saver's connection and data."""
    from langgraph.checkpoint.base import BaseCheckpointSaver

    kind = type(saver)
    if kind.aput_writes is not BaseCheckpointSaver.aput_writes or kind.put_writes is BaseCheckpointSaver.put_writes:
        return saver
    clone = copy.copy(saver)
    clone.__class__ = _awaitable(kind)
    return clone


def _awaitable(kind: type[BaseCheckpointSaver[Any]]) -> type[BaseCheckpointSaver[Any]]:
    def awaited(name: str) -> Any:
        async def call(self: Any, *args: Any, **kwargs: Any) -> Any:
            return await asyncio.to_thread(getattr(self, name), *args, **kwargs)

        return call

    async def alist(self: Any, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        for found in await asyncio.to_thread(lambda: list(self.list(*args, **kwargs))):
            yield found

    methods = {f"a{name}": awaited(name) for name in _AWAITED}
    return type(kind.__name__, (kind,), {**methods, "alist": alist, "__module__": kind.__module__})
