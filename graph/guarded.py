"""A compiled graph whose entry is guarded: input is cleaned before it is stored, and one run holds a thread."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.constants import START
from langgraph.graph.state import CompiledStateGraph, StateGraph
from langgraph.types import Command, StateSnapshot, StateUpdate

from graph.answers import addressed
from graph.kept import carried_over, without
from graph.sync import run_sync, stream_sync
from memory.lock import thread_lock
from memory.settings import settings
from memory.strictness import fit
from memory.thread_state import with_ended
from nodes.execution.head_start import head_start
from nodes.guard import MAX_PLAN, clean_input, storable
from nodes.kit import made_once
from nodes.receive import clean_event
from nodes.redaction import redact_json
from nodes.streamed import CONFIG_KEY, new_stream
from state.approval import BadAnswer
from state.typed import typed

INPUT = "__input__"
"""The name under which LangGraph takes an update for a new input."""
INTERRUPT = "__interrupt__"
"""The name under which it tells of questions."""
LOCK_WAIT = 0.5


class GuardedGraph(CompiledStateGraph[Any, Any, Any, Any]):
    """Everything that starts or resumes a run comes through `astream`, so the guards stand there.

    A node is too late for them: by the time one runs, the raw input is in the checkpoint file.
    """

    def __init__(self, *, begun_with: Mapping[str, str] | None = None, **attributes: Any) -> None:
        """`begun_with`: metadata of a thread's choices, from `graph.kept`. What a caller's config says under its names
        is left out: whoever may start a run on a server would else choose what an operator's command resumes it with.
        """
        super().__init__(**attributes)
        self.begun_with = dict(begun_with or {})

    def __setattr__(self, name: str, value: Any) -> None:
        # Here rather than where it is compiled: a server gives the graph, or a copy of it, a saver of the server's own.
        is_saver = name == "checkpointer" and isinstance(value, BaseCheckpointSaver)
        super().__setattr__(name, fit(value) if is_saver else value)

    async def astream(
        self, input: Any, config: RunnableConfig | None = None, *, durability: Any = None, **kwargs: Any
    ) -> AsyncIterator[Any]:
        """As LangGraph's, but always with durability 'sync' where there is a checkpointer: a LangGraph server asks for
        'async', under which a run that is killed can be lost whole, and with it what its effects are known by.

        Raises InputError for a goal that can't be taken, ThreadBusy if another run holds the thread, StaleAnswer for
        answers to questions that aren't open any more, BadAnswer for one without an id where several are open.

        Come to a question, it lets go of the thread before it says so: whoever hears of it may answer, and leave this
        stream as it stands.
        """
        if input is not None and not isinstance(input, Command):
            event = {"event": clean_event(_event(input))} if "event" in self.channels else {}
            input = clean_input(input, max_goal=settings().max_goal) | event  # noqa: A001
        elif isinstance(input, Command):
            if input.resume is not None and len(json.dumps(input.resume, default=str)) > MAX_PLAN:
                raise BadAnswer(f"the answer has more than {MAX_PLAN:,} characters; the question stays open")
            try:
                storable(input.resume)
            except ValueError as error:  # found out after the effect it would leave the run behind
                raise BadAnswer(f"{error}; the question stays open") from None
            update = self._typed(input.update, None) if isinstance(input.update, dict) else input.update
            input = replace(input, update=update, resume=redact_json(input.resume))  # noqa: A001
            if input == Command():  # no answer: LangGraph knows that only as no input
                input = None  # noqa: A001
        configurable = (config or {}).get("configurable") or {}
        named = configurable.get("thread_id")
        thread_id = "" if named is None else str(named)
        saver = self.checkpointer if isinstance(self.checkpointer, BaseCheckpointSaver) else None
        if saver is not None:
            durability = "sync"
        stream = new_stream()
        async with thread_lock(saver, thread_id, wait=LOCK_WAIT), head_start(stream):
            if isinstance(input, Command) and input.resume is not None and saver is not None and config is not None:
                asked = (await self.aget_state(config)).interrupts
                input = replace(input, resume=await addressed(input.resume, asked, saver, config))  # noqa: A001
            if configurable or not self.checkpointer:  # else LangGraph says that no thread is named
                config = _of_stream(self._own(config), stream)
            # Closed before the thread is let go, also when the caller stops listening half way.
            parts = super().astream(input, config, durability=durability, **kwargs)
            last: list[Any] = []
            with made_once(stream):
                async with aclosing(parts):  # type: ignore[type-var]
                    async for part in parts:
                        if last or (saver is not None and _asks(part)):
                            last.append(part)
                        else:
                            yield part
        for part in last:
            yield part

    async def aget_state(self, config: RunnableConfig, *, subgraphs: bool = False) -> StateSnapshot:
        """As LangGraph's; results of tasks that have ended count, also while a question holds up their step."""
        found = await super().aget_state(config, subgraphs=subgraphs)
        if not found.tasks or not isinstance(self.checkpointer, BaseCheckpointSaver):
            return found
        entry = await self.checkpointer.aget_tuple(found.config)
        return found if entry is None else found._replace(values=with_ended(found.values, entry))

    def get_state(self, config: RunnableConfig, *, subgraphs: bool = False) -> StateSnapshot:
        """As `aget_state`, for callers that don't await."""
        found = super().get_state(config, subgraphs=subgraphs)
        if not found.tasks or not isinstance(self.checkpointer, BaseCheckpointSaver):
            return found
        entry = self.checkpointer.get_tuple(found.config)
        return found if entry is None else found._replace(values=with_ended(found.values, entry))

    async def abulk_update_state(
        self, config: RunnableConfig, supersteps: Sequence[Sequence[StateUpdate]]
    ) -> RunnableConfig:
        """As LangGraph's; values may be JSON, as Studio sends them when a person edits a state. Raises BadState.

        What the thread was begun with stays known, which LangGraph keeps only of runs.
        """
        steps = [[update._replace(values=self._typed(update.values, update.as_node)) for update in step]
                 for step in supersteps]  # fmt: skip
        own, before = self._own(config), (await self.aget_state(config)).metadata or {}
        metadata = {**own.get("metadata", {}), **carried_over(before)}
        return await super().abulk_update_state({**own, "metadata": metadata}, steps)

    def bulk_update_state(self, config: RunnableConfig, supersteps: Sequence[Sequence[StateUpdate]]) -> RunnableConfig:
        """As `abulk_update_state`, for callers that don't await: what follows a node may be async."""
        return run_sync(self.abulk_update_state(config, supersteps))

    def _own(self, config: RunnableConfig | None) -> RunnableConfig:
        """`config` with what this graph begins a thread with, and nothing that its caller wrote in that place."""
        given: RunnableConfig = config or {}
        metadata = {**without(given.get("metadata") or {}), **self.begun_with}
        own: RunnableConfig = {**given, "configurable": without(given.get("configurable") or {})}
        return {**own, "metadata": metadata} if metadata or given.get("metadata") else own

    def _typed(self, values: Any, as_node: str | None) -> Any:
        if not isinstance(values, dict):
            return values
        if as_node in (INPUT, START):
            return clean_input(values, max_goal=settings().max_goal)
        return typed(values, self.builder.state_schema)

    def stream(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Iterator[Any]:
        """The stream of `astream`, part by part, for callers that don't await: the nodes are async."""
        return stream_sync(self.astream(input, config, **kwargs))

    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """As `ainvoke`, for callers without an event loop."""
        return run_sync(self.ainvoke(input, config, **kwargs))


def _of_stream(config: RunnableConfig | None, stream: str) -> RunnableConfig:
    given: RunnableConfig = config or {}
    return {**given, "configurable": {**given.get("configurable", {}), CONFIG_KEY: stream}}


def _asks(part: Any) -> bool:
    """Whether a part of a stream, in any of LangGraph's modes, says that the graph itself has come to a question.

    Nothing but the end of the run follows it.
    """
    namespace, data = (), part
    if isinstance(part, tuple):  # of a namespace, a mode and the data, less what wasn't asked for
        namespace, data = (part[0] if isinstance(part[0], tuple) else ()), part[-1]
    elif isinstance(part, dict) and part.keys() >= {"type", "ns", "data"}:
        namespace, data = part["ns"], {INTERRUPT: part.get("interrupts")} if "interrupts" in part else part["data"]
    return not namespace and isinstance(data, dict) and bool(data.get(INTERRUPT))


def _event(given: Any) -> Any:
    return given.get("event") if isinstance(given, Mapping) else getattr(given, "event", None)


def guarded(builder: StateGraph[Any, Any, Any, Any], *, checkpointer: Any, store: Any, name: str) -> GuardedGraph:
    """Compile a graph with its entry guarded."""
    plain = builder.compile(checkpointer=checkpointer, store=store, name=name)
    attributes = {key: value for key, value in plain.__dict__.items() if key != "__orig_class__"}
    return GuardedGraph(**attributes)
