"""Ask and resume: the orchestrator as plain functions, for scripts, notebooks and the command."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.store.base import BaseStore
from langgraph.types import Command

from graph.answers import ThreadError
from graph.guarded import GuardedGraph
from graph.kept import KEPT, Kept, as_metadata, what_is_kept
from graph.kits import builtin, of_settings
from graph.names import new_thread_id
from graph.outcome import Outcome
from graph.plans import load_plan, parse_plan
from graph.resuming import check_given, forget_failures, missing_tools
from graph.sync import run_sync
from graph.types import REMEMBERING, builder
from memory.journal import Journal, journal_for
from memory.persistence import open_checkpointer, open_store
from memory.settings import settings
from memory.strictness import fit
from models.brain import Brain
from state.budget import Budget
from state.events import Event
from state.incoming import IncomingEvent
from state.plan import Plan
from state.policy import Policy
from state.versions import migrate
from tools.registry import AnyTool, ToolSpec

__all__ = ["OnEvent", "ThreadError", "Tools", "aask", "alook", "aresume", "ask", "resume"]

Tools = Sequence[AnyTool]
OnEvent = Callable[[Event], None]


class _Unchosen(str):
    """A default that can be told from the same text given."""


UNCHOSEN: str = _Unchosen("hybrid")
"""The orchestration type where none is chosen and the thread has none of its own."""


async def aask(
    goal: str,
    *,
    docs: Sequence[str | Path] | str | Path | None = None,
    db: str | None = None,
    plan: Plan | Mapping[str, Any] | str | Path | None = None,
    brain: Brain | str | None = None,
    model: str | None = None,
    tools: Tools | None = None,
    policy: Policy | str | Path | None = None,
    budget: Budget | Mapping[str, Any] | None = None,
    thread_id: str | None = None,
    type: str | None = UNCHOSEN,
    event: IncomingEvent | None = None,
    checkpointer: Any = None,
    on_event: OnEvent | None = None,
) -> Outcome:
    """Run a goal to its answer, or to the first question to a person.

    `docs`: files and folders to search; `db`: a database to query. `tools` replace the built-in ones: LangChain
    tools, ToolSpecs or documented functions. `plan`: a Plan, its JSON as an object or text, or the path of a JSON or
    TOML file.
    `type`: the orchestration type, by default 'hybrid'.
    `thread_id`: goes on with a conversation, and with its documents, database, brain, tools, policy and type where none
    are given, as `aresume` does: so what was given as an object has to be given again.
    `checkpointer`: a LangGraph checkpointer or the URL of a database; by default SQLite under ORCHESTRATE_HOME.
    `on_event` gets every event as it happens.
    `event`: what happened that the goal is about; it makes the type 'event', and goal and plan refer to it. One
    whose data is None only names the run.
    Raises ValueError for what can't be run at all, ThreadError where the thread waits for a person or would go on with
    another brain or other tools; what goes wrong in the run is in the outcome.
    """
    configuration: dict[str, Any] = {
        "docs": _absolute(docs),
        "db": db, "brain": brain, "model": model, "policy": policy,
        "type": "event" if event is not None and event.data is not None else None if type is UNCHOSEN else type,
        "event": event.id if event is not None else None,
    }  # fmt: skip
    thread_id = str(thread_id) if thread_id else new_thread_id()
    given: dict[str, Any] = {"goal": goal, "plan": await asyncio.to_thread(_read, plan), "budget": budget}
    if event is not None:
        given["event"] = event
    async with AsyncExitStack() as stack:
        saver, journal = await stack.enter_async_context(_opened(checkpointer))
        known = await what_is_kept(saver, thread_id)
        lost = known.lost_beside(configuration)
        kept = known.choices | ({"type": None} if known.choices["type"] == "event" else {})  # that is one run's
        configuration = {name: configuration[name] or kept[name] for name in KEPT}
        configuration["type"] = configuration["type"] or str(UNCHOSEN)
        configuration["tools"] = await asyncio.to_thread(_going_on, tools, known)
        check_given(thread_id, lost, known.tools_beside(configuration["tools"]) if tools is None else ())
        store = await stack.enter_async_context(_long_term(checkpointer, str(configuration["type"])))
        builder(configuration["type"])  # a name that isn't known is told before anything is read
        named = {"search_documents": _absolute(docs), "query_database": db}
        chosen = await _chosen(configuration, must_read=[name for name, given in named.items() if given])
        graph = await _graph(saver, store, journal, configuration, chosen)
        if (await graph.aget_state(_config(thread_id))).interrupts:
            raise ThreadError(f"thread '{thread_id}' waits for a person; answer with resume('{thread_id}', ...) first")
        return await _run(graph, given, thread_id, on_event)


async def aresume(
    thread_id: str,
    response: Any = None,
    *,
    retry_failed: bool = False,
    docs: Sequence[str | Path] | str | Path | None = None,
    db: str | None = None,
    brain: Brain | str | None = None,
    model: str | None = None,
    tools: Tools | None = None,
    policy: Policy | str | Path | None = None,
    checkpointer: Any = None,
    on_event: OnEvent | None = None,
) -> Outcome:
    """Go on with a thread that was stopped, or waits for a person.

    `response`: for one open question its response, for several `{id: response}`; without one, it goes on
    as far as it can and comes back with the questions that are open. `retry_failed` runs again what failed,
    and what needs it.
    Documents, database, brain and policy are those the thread began with, unless given anew. A policy that was given
    as an object is kept as it was; the file of one is read again, as it is by now. A database's password isn't kept: it
    is taken from ORCHESTRATE_DB where that is the same database, else give `db` again. Nor are a brain and tools that
    were given as objects: give them again; tools may also be found by their names in ORCHESTRATE_TOOLS.
    Raises ThreadError for a thread that isn't there, or that would go on with another brain or other tools than it
    began with, BadAnswer for a response that doesn't fit or whose question isn't open.
    """
    async with AsyncExitStack() as stack:
        saver, journal = await stack.enter_async_context(_opened(checkpointer))
        known = await what_is_kept(saver, thread_id)
        named = {"docs": _absolute(docs), "db": db, "brain": brain, "model": model, "policy": policy}
        configuration: dict[str, Any] = {name: named.get(name) or known.choices[name] for name in KEPT}
        configuration["tools"] = await asyncio.to_thread(_going_on, tools, known)
        store = await stack.enter_async_context(_long_term(checkpointer, str(configuration["type"])))
        chosen = await _chosen(configuration)
        graph = await _graph(saver, store, journal, configuration, chosen)
        config = _config(thread_id)
        snapshot = await graph.aget_state(config)
        if not snapshot.values and not snapshot.tasks:
            raise ThreadError(_no_thread(thread_id))
        is_over = snapshot.values.get("report") is not None and not snapshot.tasks
        if retry_failed or not is_over:
            needed = set() if tools is not None else known.tools_beside(configuration["tools"])
            check_given(thread_id, known.lost_beside(named), needed | missing_tools(snapshot, chosen))
        if changes := migrate(snapshot.values):
            await graph.aupdate_state(config, changes)
        if response is not None:
            return await _run(graph, Command(resume=response), thread_id, on_event)
        if retry_failed:
            await forget_failures(graph, config, snapshot.values)
        elif is_over:
            return Outcome.of(thread_id, snapshot.values, ())
        return await _run(graph, None, thread_id, on_event)


async def alook(thread_id: str, *, checkpointer: Any = None) -> Outcome:
    """Where a thread stands, without going on with it. Raises ThreadError for a thread that isn't there."""
    async with _opened(checkpointer) as (saver, journal):
        known = await what_is_kept(saver, thread_id)
        # Its state is read through a graph of its type, so that what tasks have done in a step under way counts.
        configuration = dict.fromkeys(KEPT) | {"type": known.choices["type"]}
        graph = await _graph(saver, None, journal, configuration, [])
        snapshot = await graph.aget_state(_config(thread_id))
    if not snapshot.values and not snapshot.tasks:
        raise ThreadError(_no_thread(thread_id))
    return Outcome.of(thread_id, snapshot.values, snapshot.interrupts)


def ask(goal: str, **options: Any) -> Outcome:
    """As `aask`, for callers that don't await."""
    return run_sync(aask(goal, **options))


def resume(thread_id: str, response: Any = None, **options: Any) -> Outcome:
    """As `aresume`, for callers that don't await."""
    return run_sync(aresume(thread_id, response, **options))


@asynccontextmanager
async def _opened(checkpointer: Any) -> AsyncIterator[tuple[Any, Journal]]:
    """The saver, and the journal beside it."""
    async with AsyncExitStack() as stack:
        if checkpointer is None or isinstance(checkpointer, str):
            checkpointer = await stack.enter_async_context(open_checkpointer(checkpointer))
        journal = journal_for(checkpointer)
        stack.push_async_callback(journal.aclose)
        yield fit(checkpointer), journal


@asynccontextmanager
async def _long_term(checkpointer: Any, type_name: str) -> AsyncIterator[BaseStore | None]:
    """The store of long-term memory beside the checkpoints, for the types that remember.

    None where the caller brought a checkpointer of their own, and where checkpoints are encrypted: a store isn't.
    """
    if type_name not in REMEMBERING or isinstance(checkpointer, BaseCheckpointSaver) or settings().encryption_key:
        yield None
        return
    async with open_store(checkpointer) as store:
        yield store


async def _chosen(configuration: Mapping[str, Any], *, must_read: Collection[str] = ()) -> list[ToolSpec]:
    """The tools of a run. `must_read`: those whose documents or database can't be read are an error, not a tool that
    lacks."""
    own: list[ToolSpec] | None = configuration["tools"]
    docs, db = configuration["docs"], configuration["db"]
    if own is not None and not docs and not db:
        return own
    config = await asyncio.to_thread(settings)
    where = (docs, db) if docs or db else (config.docs, config.db)
    specs = await asyncio.to_thread(builtin, *where)
    for spec in specs:
        if spec.name in must_read and spec.unavailable:
            raise ValueError(spec.unavailable)
    if own is None:
        return specs
    names = {spec.name for spec in own}
    return own + [spec for spec in specs if spec.name not in names and _is_asked(spec, docs, db)]


async def _graph(
    saver: Any, store: Any, journal: Journal, configuration: Mapping[str, Any], tools: Sequence[ToolSpec]
) -> GuardedGraph:
    graph: GuardedGraph = builder(str(configuration["type"] or "hybrid"))(
        brain=configuration["brain"],
        model=configuration["model"],
        tools=tools,
        checkpointer=saver,
        store=store,
        policy=configuration["policy"],
        journal=journal,
    )
    graph.begun_with = as_metadata(configuration)
    return graph


def _is_asked(spec: ToolSpec, docs: Any, db: Any) -> bool:
    return bool((docs and spec.name == "search_documents") or (db and spec.name == "query_database"))


async def _run(graph: GuardedGraph, given: Any, thread_id: str, on_event: OnEvent | None) -> Outcome:
    config = _config(thread_id)
    stream = graph.astream(given, config, stream_mode="custom")
    async with aclosing(stream):  # type: ignore[type-var]
        async for event in stream:
            if on_event is not None:
                on_event(event)
    snapshot = await graph.aget_state(config)
    return Outcome.of(thread_id, snapshot.values, snapshot.interrupts)


def _config(thread_id: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread_id, "user": _user()}}


def _specs(tools: Tools | None) -> list[ToolSpec] | None:
    return None if tools is None else list(map(ToolSpec.of, tools))


def _going_on(tools: Tools | None, known: Kept) -> list[ToolSpec] | None:
    """The tools that a thread goes on with: those given now, else those it was begun with that the settings name; None
    if it had the built-in ones. Blocks."""
    if tools is not None or known.tools is None:
        return _specs(tools)
    return [spec for spec in of_settings() if spec.name in known.tools]


def _read(plan: Plan | Mapping[str, Any] | str | Path | None) -> Any:
    """A plan given as text or as a file; blocks. Raises ValueError for one that can't be read."""
    if isinstance(plan, str) and plan.strip():
        return parse_plan(plan) if plan.lstrip()[0] in "{[" else load_plan(plan)
    return load_plan(plan) if isinstance(plan, Path) else plan


def _no_thread(thread_id: str) -> str:
    return f"there is no thread '{thread_id}'; `orchestrate threads` lists those there are"


def _absolute(docs: Sequence[str | Path] | str | Path | None) -> list[str] | None:
    paths = [docs] if isinstance(docs, str | Path) else list(docs or [])
    return [str(Path(path).expanduser().absolute()) for path in paths] or None


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
