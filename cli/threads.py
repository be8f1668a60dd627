"""`orchestrate threads`: the runs that are remembered."""

from __future__ import annotations

import re
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options
from cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

THREADS = """List, look into, fork, delete and prune the threads there are.

Without a command they are listed.

\b
Examples:
  orchestrate threads
  orchestrate threads show 3f9a
  orchestrate threads history 3f9a
  orchestrate threads fork 3f9a --checkpoint 1f0c2d
  orchestrate threads delete 3f9a
  orchestrate threads prune --older-than 30d --keep-last 1

A thread is named by its id or the beginning of it.
"""
LIST = """List threads, the latest first.

\b
Examples:
  orchestrate threads list --limit 50
  orchestrate threads list --json
"""
SHOW = """Show a thread as it stands.

Its conversation, what it waits for, and what it would do next.

\b
Example:
  orchestrate threads show 3f9a0c12d4e7
"""
HISTORY = """Show the checkpoints of a thread.

The latest comes first. Any of them can be forked.

\b
Example:
  orchestrate threads history 3f9a0c12d4e7
"""
FORK = """Make a thread that goes on from another.

It starts from any checkpoint of it. Effects that happened are not repeated.

\b
Examples:
  orchestrate threads fork 3f9a0c12d4e7
  orchestrate threads fork 3f9a0c12d4e7 --checkpoint 1f0c2d --id what-if
"""
DELETE = """Delete a thread for good.

Its checkpoints, its journal and its audit log go with it. With --yes the id must be given in full.

\b
Examples:
  orchestrate threads delete 3f9a0c12d4e7
  orchestrate threads delete 3f9a0c12d4e7 --yes
"""
PRUNE = """Drop old checkpoints and free their space.

The latest state of a thread always stays, and can be resumed.

\b
Examples:
  orchestrate threads prune --keep-last 1
  orchestrate threads prune --older-than 30d
  orchestrate threads prune --older-than 12h --thread 3f9a0c12d4e7
"""
Thread = Annotated[str, typer.Argument(metavar="THREAD", help="The thread's id, or the beginning of it.")]
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def threads(ctx: typer.Context) -> None:
    if ctx.invoked_subcommand is None:
        list_(limit=20, json=False)


def list_(limit: options.Limit = 20, json: options.Json = False) -> None:
    from cli.conclusion import print_json
    from cli.progress import one_line
    from cli.remembered import with_saver
    from memory.threads import list_threads

    found = with_saver(lambda saver: list_threads(saver, limit=limit))
    if json:
        print_json([asdict(summary) for summary in found])
        return
    if not found:
        typer.echo('there are no threads yet; begin one with: orchestrate ask "..."')
        return
    rows = [
        (
            summary.thread_id,
            summary.status,
            ago(summary.updated),
            str(summary.steps),
            size(summary.size),
            one_line(summary.goal),
        )
        for summary in found
    ]
    print_rows(("thread", "status", "changed", "steps", "size", "goal"), rows)


def show(thread: Thread, json: options.Json = False) -> None:
    from cli import questions, render
    from cli.conclusion import print_json
    from cli.console import show as show_parts
    from cli.remembered import resolve, with_saver
    from graph.outcome import Outcome
    from memory import threads as remembered

    async def read(saver: Any) -> Any:
        return await remembered.show(saver, await resolve(saver, thread))

    state = with_saver(read)
    thread_id = state.summary.thread_id
    outcome = Outcome.of(thread_id, state.values, state.interrupts)
    if json:
        messages = [{"role": message.type, "text": message.text} for message in state.messages]
        print_json(
            asdict(state.summary) | {"next": list(state.next), "messages": messages, "outcome": outcome.to_json()}
        )
        return
    pairs = {
        "thread": thread_id,
        "status": state.summary.status,
        "changed": ago(state.summary.updated),
        "checkpoints": f"{state.summary.steps}, {size(state.summary.size)}",
    }
    if state.next:
        pairs["next"] = ", ".join(state.next)
    parts: list[Any] = [render.key_values(pairs)]
    for message in state.messages:
        parts += ["", render.safe(f"> {message.text}" if message.type == "human" else message.text)]
    for question in outcome.waiting:
        parts += ["", questions.panel(question)]
    unfinished = state.summary.status != "done"
    steps = render.next_steps(thread_id, waiting=bool(outcome.waiting), stopped=unfinished)
    show_parts(*parts, "", *(render.safe(line, "dim") for line in steps))


def history(
    thread: Thread,
    limit: options.Limit = 50,
    json: options.Json = False,
) -> None:
    from cli.conclusion import print_json
    from cli.remembered import resolve, with_saver
    from memory import threads as remembered

    async def read(saver: Any) -> Any:
        return await remembered.history(saver, await resolve(saver, thread), limit=limit)

    entries = with_saver(read)
    if json:
        print_json([asdict(entry) for entry in entries])
        return
    rows = [
        (entry.checkpoint_id, str(entry.step), ago(entry.created), ", ".join(entry.next) or "(end)")
        for entry in entries
    ]
    print_rows(("checkpoint", "step", "made", "next"), rows)


def fork(
    thread: Thread,
    checkpoint: Annotated[
        str | None, typer.Option("--checkpoint", metavar="ID", help="Where to go on from; default: the latest.")
    ] = None,
    id_: Annotated[str | None, typer.Option("--id", metavar="ID", help="Id of the new thread.")] = None,
) -> None:
    from cli.progress import as_typed
    from cli.remembered import resolve, with_saver
    from graph.names import new_thread_id
    from memory import threads as remembered

    async def make(saver: Any) -> str:
        source = await resolve(saver, thread)
        place = checkpoint
        if checkpoint is not None:
            entries = await remembered.history(saver, source)
            fitting = [entry.checkpoint_id for entry in entries if entry.checkpoint_id.startswith(checkpoint)]
            if len(fitting) != 1:
                count = "no checkpoint" if not fitting else f"{len(fitting)} checkpoints"
                raise UsageError(
                    f"{count} of thread {source} begins with '{checkpoint}'",
                    f"`orchestrate threads history {as_typed(source)}`",
                )
            place = fitting[0]
        return await remembered.fork(saver, source, place, new_id)

    new_id = new_thread_id() if id_ is None else options.read_thread(id_)
    made = with_saver(make)
    typed = as_typed(made)
    typer.echo(f"{made}\ngo on with: orchestrate resume {typed}, or orchestrate chat --thread {typed}")


def delete(
    thread: Thread, yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask; takes the full id.")] = False
) -> None:
    from cli.console import interactive
    from cli.remembered import to_delete, with_saver
    from memory import threads as remembered

    thread_id, goal = with_saver(lambda saver: to_delete(saver, thread, confirmed=yes))
    if not yes:
        if not interactive():
            raise UsageError("deleting can't be undone, and nobody is there to ask", "say --yes to delete")
        about = f' ("{goal}")' if goal else ""
        if not typer.confirm(f"delete thread {thread_id}{about} for good?"):
            raise typer.Exit(0)
    with_saver(lambda saver: remembered.delete(saver, thread_id))
    typer.echo(f"deleted {thread_id}")


def prune(
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="AGE", help="Drop what is older, as in 12h, 30d, 8w.")
    ] = None,
    keep_last: Annotated[
        int | None, typer.Option("--keep-last", metavar="N", min=1, help="Keep the last N checkpoints of each thread.")
    ] = None,
    thread: Annotated[
        list[str] | None, typer.Option("--thread", metavar="THREAD", help="Only this one; may be repeated.")
    ] = None,
) -> None:
    from cli.remembered import resolve, with_saver
    from memory import threads as remembered
    from state.text import counted

    if older_than is None and keep_last is None:
        raise UsageError("say what to keep", "--older-than AGE, --keep-last N, or both")
    age = None if older_than is None else read_age(older_than)

    async def drop(saver: Any) -> Any:
        ids = [await resolve(saver, name) for name in thread] if thread else None
        return await remembered.prune(saver, older_than=age, keep_last=keep_last, thread_ids=ids)

    done = with_saver(drop)
    typer.echo(f"dropped {counted(done.checkpoints, 'checkpoint')}, freed {size(done.freed)}")
    if done.busy:
        typer.echo(f"passed over, they are at work: {', '.join(done.busy)}", err=True)


def read_age(text: str) -> float:
    """Seconds from '30d', '12h'. Raises UsageError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhdw])", text.strip().lower())
    if found is None:
        raise UsageError(f"'{text}' is no age", "as in 90m, 12h, 30d, 8w")
    return float(found[1]) * _UNITS[found[2]]


def ago(moment: float) -> str:
    """How long ago, in words, for a person; the time itself where nobody looks at a terminal."""
    from cli.console import is_terminal

    if not is_terminal(sys.stdout):
        return time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(moment))
    seconds = max(0, int(time.time() - moment))
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{seconds // 60} min ago"
    if seconds < 86_400:
        return f"{seconds // 3600} h ago"
    return f"{seconds // 86_400} d ago" if seconds < 14 * 86_400 else time.strftime("%Y-%m-%d", time.localtime(moment))


def size(count: int) -> str:
    """Bytes, for a person."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def print_rows(names: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """A table on a terminal; tab-separated lines without a head elsewhere. The last column takes what is left."""
    from cli.console import console, is_terminal
    from state.text import printable

    if not is_terminal(sys.stdout):
        for row in rows:
            typer.echo("\t".join(printable(cell).replace("\t", " ") for cell in row))
        return
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    for index in range(len(names)):
        table.add_column(ratio=1 if index == len(names) - 1 else None, no_wrap=True, overflow="ellipsis")
    table.add_row(*(Text(name, "dim") for name in names))
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    console().print(table)
