"""`orchestrate events`: runs that are started by what happens outside."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO, TypeVar

import typer

from cli import options
from cli.console import aside, say
from cli.errors import CommandError, Exit, UsageError

if TYPE_CHECKING:
    from graph.events.config import AnySource, EventsConfig
    from graph.events.service import Serving
    from memory.queue import EventQueue
    from memory.queued import QueuedEvent, Receipt

T = TypeVar("T")

EVENTS = """Start runs by what happens outside: times, webhooks, changed files, conversations.

\b
Examples:
  orchestrate events check events.toml
  orchestrate events run events.toml
  orchestrate events list
  orchestrate events dead
  orchestrate events replay --all
"""
RUN = """Take in events and run them, until stopped by Ctrl-C.

Each event starts its run once. What would ask a person is parked: answer it by `orchestrate approve THREAD`.
What waits in the queue when this stops is run next time.

\b
Example:
  orchestrate events run examples/monitoring/events.toml
"""
CHECK = """Check a file of events, without taking any in.

\b
Example:
  orchestrate events check examples/monitoring/events.toml
"""
SEND = """Hand in an event yourself, as if its source had.

A service that runs takes it up; otherwise it waits for the next.

\b
Examples:
  orchestrate events send events.toml deploys --data '{"repository": "shop"}'
  orchestrate events send events.toml deploys --data @deploy.json --id deploy-17
"""
LIST = """List events, the latest first.

\b
Examples:
  orchestrate events list --status parked
  orchestrate events list --limit 100 --json
"""
DEAD = """List events that were given up, and why.

\b
Example:
  orchestrate events dead
"""
REPLAY = """Queue events again that were given up.

Their runs go on where they failed; effects that happened are not repeated.

\b
Examples:
  orchestrate events replay 2026-11-23T07:00:00+00:00
  orchestrate events replay --all
"""
Config = Annotated[Path, typer.Argument(metavar="CONFIG", help="A TOML file that says which events there are.")]
LONGEST_STOP = 2.0
"""Seconds after which it stops whatever still goes on."""
STATUSES = ("queued", "running", "parked", "done", "dead", "superseded", "interrupted", "rolled_back")


def run(config: Config, json: options.Json = False) -> None:
    from graph.events.service import serve

    loaded = _loaded(config)

    _say_warnings()

    async def work() -> None:
        _stop_on_signals()
        with aside(json=json) as own:
            out = own if json else None
            await serve(loaded, ready=lambda serving: _ready(loaded, serving, out), settled=_Told(out))

    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
        asyncio.run(work())
    _say("stopped; what waits is run next time")
    _leave()


def _say_warnings() -> None:
    """What a service warns of, a line each: whoever runs it sees nothing else of what it tries again by itself."""
    import logging

    class Said(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            _say(self.format(record))

    logging.getLogger("graph.events").addHandler(Said())


def _stop_on_signals() -> None:
    """Ctrl-C and SIGTERM cancel the current task; if that doesn't end soon, the process does: the queue is durable."""
    current = asyncio.current_task()
    assert current is not None

    def stop() -> None:
        timer = threading.Timer(LONGEST_STOP, os._exit, (1,))
        timer.daemon = True
        timer.start()
        current.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)


def _leave() -> None:
    """End the process without waiting for threads that tools may hold."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def check(config: Config) -> None:
    from cli.threads import print_rows
    from graph.events.config import Source
    from graph.kits import builtin
    from state.incoming import EVENT_TASK
    from state.plan import Plan, check_plan

    loaded = _loaded(config)
    rows: list[tuple[str, ...]] = []
    problems: list[str] = []
    for source in loaded.sources.values():
        rows.append((source.name, source.type, _described(source)))
        plan = source.given_plan() if isinstance(source, Source) else None
        if plan is not None:
            found = check_plan(Plan(tasks=[EVENT_TASK, *plan.tasks]), builtin(source.docs, source.db))
            problems += [f"{source.name}: {problem}" for problem in found]
    print_rows(("source", "type", "what"), rows)
    for problem in problems:
        typer.echo(problem, err=True)
    raise typer.Exit(int(Exit.FAILED) if problems else 0)


def _described(source: AnySource) -> str:
    """What a source waits for. Raises ConfigError where its secret is missing."""
    from graph.events.config import ChatSource, FilesSource, WebhookSource

    if isinstance(source, FilesSource):
        return f"{', '.join(map(str, source.paths))} ({source.pattern})"
    if isinstance(source, WebhookSource):
        return f"POST /hooks/{source.name}, secrets: {len(source.secrets())}"
    if isinstance(source, ChatSource):
        source.token()
        return f"websocket /chat/{source.name}"
    from datetime import UTC, datetime
    from itertools import islice

    from graph.events.schedule import times

    return "next: " + ", ".join(str(at) for at in islice(times(source, datetime.now(UTC)), 2))


def send(
    config: Config,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Its name in the file.")],
    data: Annotated[str, typer.Option("--data", metavar="JSON|@FILE", help="What the event says.")] = "{}",
    id_: Annotated[str | None, typer.Option("--id", metavar="ID", help="The same id again is the same event.")] = None,
) -> None:
    import uuid

    loaded = _loaded(config)
    if source not in loaded.sources or loaded.sources[source].type == "chat":
        names = [name for name, one in loaded.sources.items() if one.type != "chat"]
        raise UsageError(f"there is no source '{source}' to send to", f"there are: {', '.join(names)}")
    said = _read_data(data)

    async def put(queue: EventQueue) -> Receipt:
        from graph.events.intake import Intake

        intake = Intake(loaded, queue, arrived=lambda: None, stop=lambda _: None)
        return await intake.take(loaded.sources[source], id_ or uuid.uuid4().hex, said, at=time.time())

    receipt = _with_queue(put)
    typer.echo(f"{receipt.status}: its run is the thread {receipt.thread_id}")
    raise typer.Exit(int(Exit.FAILED) if receipt.status == "rejected" else 0)


def _read_data(text: str) -> Any:
    import json

    try:
        return json.loads(Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text)
    except OSError as error:
        raise UsageError(f"--data: {text[1:]} can't be read: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"--data: it is no JSON: {error}", """as in --data '{"repository": "shop"}'""") from None


def list_(
    status: Annotated[str | None, typer.Option("--status", metavar="STATUS", help=", ".join(STATUSES))] = None,
    limit: options.Limit = 20,
    json: options.Json = False,
) -> None:
    if status is not None and status not in STATUSES:
        raise UsageError(f"--status: there is no status '{status}'", f"there are: {', '.join(STATUSES)}")
    chosen: Any = (status,) if status else ()
    _print_entries(_with_queue(lambda queue: _entries(queue, *chosen, limit=limit)), json=json)


def dead(limit: options.Limit = 20, json: options.Json = False) -> None:
    _print_entries(_with_queue(lambda queue: queue.entries("dead", limit=limit)), json=json)


def replay(
    ids: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Events' ids, or SOURCE/ID.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="All that were given up.")] = False,
) -> None:
    if bool(ids) == all_:
        raise UsageError("name the events, or give --all", "`orchestrate events dead` lists those there are")
    found = _with_queue(lambda queue: queue.replay(None if all_ else ids))
    missing = set(ids or ()) - {entry.id for entry in found} - {f"{entry.source}/{entry.id}" for entry in found}
    for entry in found:
        typer.echo(f"queued: {entry.source}/{entry.id}")
    if missing:
        raise CommandError(f"given up were not: {', '.join(sorted(missing))}", "`orchestrate events dead` lists those")
    if not found:
        typer.echo("nothing was given up")


async def _entries(queue: EventQueue, *statuses: Any, limit: int) -> list[QueuedEvent]:
    """The entries, after a look at which of the parked ones were answered meanwhile."""
    if await queue.entries("parked", limit=1):
        from graph.events.runner import settle_parked
        from memory.persistence import open_checkpointer

        async with open_checkpointer() as saver:
            await settle_parked(queue, saver)
    return await queue.entries(*statuses, limit=limit)


def _with_queue(work: Callable[[EventQueue], Awaitable[T]]) -> T:
    async def run() -> T:
        from memory.queue import open_queue

        queue = open_queue()
        try:
            return await work(queue)
        finally:
            await queue.aclose()

    return asyncio.run(run())


def _print_entries(entries: list[QueuedEvent], *, json: bool) -> None:
    from cli.conclusion import print_json
    from cli.progress import one_line
    from cli.threads import ago, print_rows

    if json:
        print_json([asdict(entry) for entry in entries])
        return
    if not entries:
        typer.echo("there are no such events")
        return
    rows = [
        (
            entry.source,
            one_line(entry.id),
            entry.status,
            ago(entry.received),
            str(entry.attempts),
            entry.thread_id,
            one_line(entry.error),
        )
        for entry in entries
    ]
    print_rows(("source", "event", "status", "received", "tries", "thread", "why"), rows)


def _loaded(path: Path) -> EventsConfig:
    try:
        from graph.events.config import ConfigError, load_config
    except ModuleNotFoundError as error:
        raise CommandError(
            f"events need the package '{error.name}'", "install the extra: pip install 'orchestration-layer[serve]'"
        ) from None
    try:
        return load_config(path)
    except ConfigError as error:
        raise UsageError(
            str(error), "`orchestrate events check CONFIG` checks it; docs/events.md explains it"
        ) from None


def _ready(config: EventsConfig, serving: Serving, out: TextIO | None) -> None:
    if out:
        from cli.conclusion import print_json

        print_json({"ready": True, "url": serving.url, "sources": list(config.sources)}, out)
        return
    where = f" at {serving.url}" if serving.url else ""
    _say(f"taking in events from {', '.join(config.sources)}{where}; Ctrl-C stops")


class _Told:
    """Says what becomes of each event, one line each: as JSON on `out` if that is given, else on stderr."""

    def __init__(self, out: TextIO | None) -> None:
        self._out = out

    def __call__(self, entry: QueuedEvent, status: str, outcome: Any, error: str) -> None:
        from cli.progress import one_line

        if self._out:
            import json

            answer = outcome.answer if outcome is not None else ""
            told = {"source": entry.source, "event": entry.id, "thread": entry.thread_id, "status": status}
            print(json.dumps({**told, "answer": answer, "error": error}), file=self._out, flush=True)
            return
        said = {
            "parked": f"waits for you: orchestrate approve {entry.thread_id}",
            "done": one_line(outcome.answer) if outcome is not None else "",
        }.get(status, error)
        _say(f"{entry.source}/{entry.id}: {status} [{entry.thread_id}] {said}")


def _say(line: str) -> None:
    from state.text import printable

    say(printable(line))
