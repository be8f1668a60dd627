"""Ask and resume: the orchestrator as plain functions, for scripts, notebooks and the command."""

from __future__ import annotations

import asyncio
import getpass
import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.store.base import BaseStore
from langgraph.types import Command, StateSnapshot

from graph.guarded import GuardedGraph
from graph.kits import builtin
from graph.names import new_thread_id
from graph.outcome import Outcome
from graph.plans import load_plan, parse_plan
from graph.sync import run_sync
from graph.types import REMEMBERING, builder
from memory.journal import Journal, journal_for
from memory.persistence import open_checkpointer, open_store
from memory.settings import settings
from models.brain import Brain
from state.budget import Budget
from state.check import BUILT_IN_SCHEMAS
from state.events import Event
from state.incoming import IncomingEvent
from state.plan import Plan
from state.policy import Policy
from state.versions import migrate
from tools.registry import AnyTool, ToolSpec
from tools.sql_database import without_password

Tools = Sequence[AnyTool]
OnEvent = Callable[[Event], None]
_BEFORE_WORK = ("review", "search", "recall")
"""The last step before the work begins, by which of them a type has."""
_BEFORE_RESULTS = frozenset({"review", "execute"})
"""Steps of a run whose plan has been checked and has still to be done."""
_REMEMBERED = ("docs", "db", "brain", "model", "policy", "type", "event")


class ThreadError(ValueError):
    """A thread that can't be resumed as asked; the message says what to do."""


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
    type: str = "hybrid",
    event: IncomingEvent | None = None,
    checkpointer: Any = None,
    on_event: OnEvent | None = None,
) -> Outcome:
    """Run a goal to its answer, or to the first question to a person.

    `docs`: files and folders to search; `db`: a database to query. `tools` replace the built-in ones: LangChain
    tools, ToolSpecs or documented functions. `plan`: a Plan, its JSON as an object or text, or the path of a JSON or
    TOML file.
    `thread_id`: goes on with a conversation. `checkpointer`: a LangGraph checkpointer or the URL of a
    database; by default SQLite under ORCHESTRATE_HOME. `on_event` gets every event as it happens.
    `event`: what happened that the goal is about; it makes the type 'event', and goal and plan refer to it. One
    whose data is None only names the run.
    Raises ValueError for what can't be run at all; what goes wrong in the run is in the outcome.
    """
    configuration = {
        "docs": _absolute(docs),
        "db": db, "brain": brain, "model": model, "policy": policy,
        "type": type if event is None or event.data is None else "event",
        "event": event.id if event is not None else None,
    }  # fmt: skip
    thread_id = str(thread_id) if thread_id else new_thread_id()
    given: dict[str, Any] = {"goal": goal, "plan": await asyncio.to_thread(_read, plan), "budget": budget}
    if event is not None:
        given["event"] = event
    async with AsyncExitStack() as stack:
        saver, journal = await stack.enter_async_context(_opened(checkpointer))
        known = await _remembered(saver, thread_id)
        configuration = {name: configuration[name] or known.get(name) for name in configuration}
        store = await stack.enter_async_context(_long_term(checkpointer, str(configuration["type"])))
        builder(str(configuration["type"] or "hybrid"))  # a name that isn't known is told before anything is read
        named = {"search_documents": _absolute(docs), "query_database": db}
        chosen = await _chosen(configuration, tools, must_read=[name for name, given in named.items() if given])
        graph = await _graph(saver, store, journal, configuration, chosen)
        if (await graph.aget_state(_config(thread_id))).interrupts:
            raise ThreadError(f"thread '{thread_id}' waits for a person; answer with resume('{thread_id}', ...) first")
        return await _run(graph, given, thread_id, configuration, on_event)


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
    Documents, database, brain and policy are those the thread began with, unless given anew; a database's password
    isn't kept: it is taken from ORCHESTRATE_DB where that is the same database, else give `db` again.
    Raises ThreadError for a thread that isn't there, BadAnswer for a response that doesn't fit.
    """
    async with AsyncExitStack() as stack:
        saver, journal = await stack.enter_async_context(_opened(checkpointer))
        known = await _remembered(saver, thread_id)
        named = {"docs": _absolute(docs), "db": db, "brain": brain, "model": model, "policy": policy}
        configuration = {name: named.get(name) or known.get(name) for name in _REMEMBERED}
        store = await stack.enter_async_context(_long_term(checkpointer, str(configuration["type"])))
        chosen = await _chosen(configuration, tools)
        graph = await _graph(saver, store, journal, configuration, chosen)
        config = _config(thread_id)
        snapshot = await graph.aget_state(config)
        if not snapshot.values and not snapshot.tasks:
            raise ThreadError(_no_thread(thread_id))
        if missing := _missing(snapshot, chosen):
            raise ThreadError(
                f"thread '{thread_id}' goes on with tools that aren't here: {', '.join(missing)}; "
                "give them by `tools`, or name their file in ORCHESTRATE_TOOLS"
            )
        if changes := migrate(snapshot.values):
            await graph.aupdate_state(config, changes)
        if snapshot.interrupts and response is not None:
            answers = _addressed(response, [one.id for one in snapshot.interrupts])
            return await _run(graph, Command(resume=answers), thread_id, configuration, on_event)
        if response is not None:
            raise ThreadError(f"thread '{thread_id}' asks nothing; resume it without a response")
        if retry_failed:
            await _forget_failures(graph, config, snapshot.values)
        elif snapshot.values.get("report") is not None and not snapshot.tasks:
            return Outcome.of(thread_id, snapshot.values, ())
        return await _run(graph, None, thread_id, configuration, on_event)


async def alook(thread_id: str, *, checkpointer: Any = None) -> Outcome:
    """Where a thread stands, without going on with it. Raises ThreadError for a thread that isn't there."""
    async with _opened(checkpointer) as (saver, journal):
        known = await _remembered(saver, thread_id)
        # Its state is read through a graph of its type, so that what tasks have done in a step under way counts.
        configuration = dict.fromkeys(_REMEMBERED) | {"type": known["type"]}
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
        yield checkpointer, journal


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


async def _chosen(
    configuration: Mapping[str, Any], tools: Tools | None, *, must_read: Collection[str] = ()
) -> list[ToolSpec]:
    """The tools of a run. `must_read`: those whose documents or database can't be read are an error, not a tool that
    lacks."""
    own = list(map(ToolSpec.of, tools)) if tools is not None else None
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
    return builder(str(configuration["type"] or "hybrid"))(
        brain=configuration["brain"],
        model=configuration["model"],
        tools=tools,
        checkpointer=saver,
        store=store,
        policy=configuration["policy"],
        journal=journal,
    )


def _is_asked(spec: ToolSpec, docs: Any, db: Any) -> bool:
    return bool((docs and spec.name == "search_documents") or (db and spec.name == "query_database"))


async def _run(
    graph: GuardedGraph, given: Any, thread_id: str, configuration: Mapping[str, Any], on_event: OnEvent | None
) -> Outcome:
    config = _config(thread_id, configuration)
    stream = graph.astream(given, config, stream_mode="custom")
    async with aclosing(stream):  # type: ignore[type-var]
        async for event in stream:
            if on_event is not None:
                on_event(event)
    snapshot = await graph.aget_state(config)
    return Outcome.of(thread_id, snapshot.values, snapshot.interrupts)


def _config(thread_id: str, configuration: Mapping[str, Any] | None = None) -> RunnableConfig:
    configuration = dict(configuration or {})
    if db := configuration.get("db"):
        configuration["db"] = without_password(db)
    # What a thread was begun with stands in its checkpoints' metadata, so that `resume` needs only its id.
    remembered = {
        # As JSON where it is a list: metadata keeps only plain values.
        f"orchestrate_{name}": json.dumps(value) if isinstance(value, list) else value
        for name, value in configuration.items()
        if name in _REMEMBERED and isinstance(value, str | list)
    }
    return {"configurable": {"thread_id": thread_id, "user": _user()}, "metadata": remembered}


async def _remembered(saver: Any, thread_id: str) -> dict[str, Any]:
    found = await saver.aget_tuple({"configurable": {"thread_id": thread_id}})
    metadata = (found.metadata or {}) if found else {}
    known = {name: metadata.get(f"orchestrate_{name}") for name in _REMEMBERED}
    if known["db"] and (own := settings().db) and without_password(own) == known["db"]:
        known["db"] = own  # with its password, which isn't written down
    return known | {"docs": json.loads(known["docs"]) if known["docs"] else None}


def _missing(snapshot: StateSnapshot, tools: Sequence[ToolSpec]) -> list[str]:
    """The tools that what is left of a plan needs and that aren't there: its tasks would fail for good."""
    plan = snapshot.values.get("plan")
    if plan is None or not set(snapshot.next) & _BEFORE_RESULTS:
        return []
    results = snapshot.values.get("results") or {}
    known = {spec.name for spec in tools} | BUILT_IN_SCHEMAS.keys()
    left = [task for task in plan.tasks if task.id not in results or results[task.id].status == "pending"]
    return sorted({task.tool for task in left} - known)


def _addressed(response: Any, open_ids: list[str]) -> dict[str, Any]:
    if isinstance(response, Mapping) and response and set(response) <= set(open_ids):
        return dict(response)
    if len(open_ids) == 1:
        return {open_ids[0]: response}
    raise ThreadError(f"{len(open_ids)} questions are open; address each: {{id: response}} with {', '.join(open_ids)}")


async def _forget_failures(graph: GuardedGraph, config: RunnableConfig, values: Mapping[str, Any]) -> None:
    results, plan = dict(values.get("results") or {}), values.get("plan")
    failed = {name for name, result in results.items() if result.status == "failed"}
    if not failed or plan is None:
        raise ThreadError("nothing in this thread has failed")
    kept = {name: result for name, result in results.items() if name not in plan.downstream(failed)}
    anew = {"results": kept, "verdict": None, "draft": None, "answer": "", "report": None, "stop_reason": None}
    before = next(name for name in _BEFORE_WORK if name in graph.nodes)
    await graph.aupdate_state(config, {**anew, "approved": True}, as_node=before)


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
