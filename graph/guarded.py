"""A compiled graph whose entry is guarded: input is cleaned before it is stored, and one run holds a thread."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph.state import CompiledStateGraph, StateGraph
from langgraph.types import Command

from graph.sync import run_sync
from memory.lock import thread_lock
from memory.settings import settings
from memory.strictness import strict
from nodes.guard import clean_input
from nodes.receive import clean_event

LOCK_WAIT = 0.5


class GuardedGraph(CompiledStateGraph[Any, Any, Any, Any]):
    """Everything that starts or resumes a run comes through `astream`, so the guards stand there.

    A node is too late for them: by the time one runs, the raw input is in the checkpoint file.
    """

    async def astream(
        self, input: Any, config: RunnableConfig | None = None, *, durability: Any = None, **kwargs: Any
    ) -> AsyncIterator[Any]:
        """As LangGraph's, with durability 'sync' unless said otherwise.

        Raises InputError for a goal that can't be taken, ThreadBusy if another run holds the thread.
        """
        if input is not None and not isinstance(input, Command):
            event = {"event": clean_event(_event(input))} if "event" in self.channels else {}
            input = clean_input(input, max_goal=settings().max_goal) | event  # noqa: A001
        thread_id = str(((config or {}).get("configurable") or {}).get("thread_id") or "")
        saver = self.checkpointer if isinstance(self.checkpointer, BaseCheckpointSaver) else None
        if saver is not None and durability is None:
            durability = "sync"
        async with thread_lock(saver, thread_id, wait=LOCK_WAIT):
            async for part in super().astream(input, config, durability=durability, **kwargs):
                yield part

    def stream(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Iterator[Any]:
        """The stream of `astream`, collected on a loop of its own: the nodes are async."""

        async def collect() -> list[Any]:
            return [part async for part in self.astream(input, config, **kwargs)]

        yield from run_sync(collect())

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """As `ainvoke`, for callers without an event loop."""
        return run_sync(self.ainvoke(input, config, **kwargs))


def _event(given: Any) -> Any:
    return given.get("event") if isinstance(given, Mapping) else getattr(given, "event", None)


def guarded(builder: StateGraph[Any, Any, Any, Any], *, checkpointer: Any, store: Any, name: str) -> GuardedGraph:
    """Compile a graph with its entry guarded."""
    saver = strict(checkpointer) if isinstance(checkpointer, BaseCheckpointSaver) else checkpointer
    plain = builder.compile(checkpointer=saver, store=store, name=name)
    attributes = {key: value for key, value in plain.__dict__.items() if key != "__orig_class__"}
    return GuardedGraph(**attributes)
