"""A connection of SQLite shared by several event loops: LangGraph's lock of it works on the first of them alone."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from memory.database import BUSY_TIMEOUT, PersistenceError

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

_POLL = 0.005
_ATTACHED = "_lock_of_all_loops"


class LoopsLock:
    """A lock for the coroutines of any number of event loops. Those of one take it in turn, loops by chance.

    Raises PersistenceError where another loop has it and doesn't go on, as one that is blocked by who waits here.
    """

    def __init__(self) -> None:
        self._held = threading.Lock()
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()

    async def __aenter__(self) -> None:
        turn = self._turns.setdefault(asyncio.get_running_loop(), asyncio.Lock())
        await turn.acquire()
        deadline = time.monotonic() + BUSY_TIMEOUT
        try:
            while not self._held.acquire(blocking=False):
                if time.monotonic() > deadline:
                    raise PersistenceError(
                        "the database is in use by another event loop, which doesn't go on; where that is one you call "
                        "from, await the call: `await graph.ainvoke(...)`"
                    )
                await asyncio.sleep(_POLL)
        except BaseException:
            turn.release()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._held.release()
        self._turns[asyncio.get_running_loop()].release()


def shared(saver: BaseCheckpointSaver[Any]) -> None:
    """Let the coroutines of any event loop use an AsyncSqliteSaver; another saver is left alone."""
    if "AsyncSqliteSaver" in {base.__name__ for base in type(saver).__mro__}:  # by name, to import no saver's module
        saver.lock = vars(saver.conn).setdefault(_ATTACHED, LoopsLock())  # type: ignore[attr-defined]
