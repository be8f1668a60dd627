"""Access to the threads that are remembered, for the commands that look back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from cli.errors import CommandError, UsageError
from cli.options import read_thread

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

T = TypeVar("T")


def with_saver(work: Callable[[BaseCheckpointSaver[Any]], Awaitable[T]]) -> T:
    """Run `work` on the configured database of threads, and close it."""

    async def run() -> T:
        from memory.persistence import open_checkpointer

        async with open_checkpointer() as saver:
            return await work(saver)

    return asyncio.run(run())


def full_id(thread: str) -> str:
    """The id of the thread that `thread` names or is the beginning of. Raises CommandError, UsageError."""
    return with_saver(lambda saver: resolve(saver, thread))


async def resolve(saver: BaseCheckpointSaver[Any], thread: str) -> str:
    """As `full_id`, on an open database."""
    from memory.threads import list_threads

    thread = read_thread(thread)
    if await saver.aget_tuple({"configurable": {"thread_id": thread, "checkpoint_ns": ""}}) is not None:
        return thread
    found = [summary.thread_id for summary in await list_threads(saver) if summary.thread_id.startswith(thread)]
    if not found:
        raise CommandError(f"there is no thread '{thread}'", "`orchestrate threads` lists those there are")
    if len(found) > 1:
        raise UsageError(f"'{thread}' is the beginning of {len(found)} threads", f"they are: {', '.join(found[:5])}")
    return found[0]


async def to_delete(saver: BaseCheckpointSaver[Any], thread: str, *, confirmed: bool) -> tuple[str, str]:
    """The id of the thread to delete, and its first goal for the question; no goal if it is `confirmed` already: then
    nobody looks at the id, and a beginning of it isn't enough. Raises CommandError, UsageError."""
    from cli.progress import one_line
    from memory.threads import show

    thread_id = await resolve(saver, thread)
    if not confirmed:
        messages = (await show(saver, thread_id)).messages
        return thread_id, next((one_line(message.text) for message in messages if message.type == "human"), "")
    if thread_id != thread.strip():
        raise UsageError(
            f"there is no thread '{thread}', and deleting without a question takes the full id: it can't be undone",
            f"one thread begins so: {thread_id}",
        )
    return thread_id, ""
