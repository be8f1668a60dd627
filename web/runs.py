"""The runs of this process: started in the background, watched by any number of pages."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from graph.outcome import Outcome
from state.events import Event
from web import fragments

Begin = Callable[[Callable[[Event], None]], Awaitable[Outcome]]
LONGEST_LOG = 5_000
KEPT_RUNS = 100
_log = logging.getLogger(__name__)


class AtWork(RuntimeError):
    """The thread's run is under way in this process already."""


@dataclass
class Run:
    """One run and all that was said of it, so that a page that comes later sees it from its beginning."""

    thread_id: str
    log: list[dict[str, Any]] = field(default_factory=list)
    ended: bool = False
    task: asyncio.Task[None] | None = None
    live: fragments.Live = field(default_factory=fragments.Live)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def work(self, begin: Begin) -> None:
        """Run to the end or to the first question; what goes wrong is the last thing said."""
        if (known := self.live.so_far()) is not None:
            self._say(known)
        try:
            outcome = await begin(lambda event: self._say(self.live.message(event)))
            self._say(fragments.conclusion(outcome))
        except asyncio.CancelledError:
            self._say({"type": "stopped"})
            raise
        except (ValueError, RuntimeError, LookupError, OSError) as error:
            self._say({"type": "error", "message": str(error)})
        except Exception as error:
            # Nobody awaits a run in the background: what isn't said here is lost.
            _log.exception("the run of thread %s failed", self.thread_id)
            self._say({"type": "error", "message": f"The run failed: {error or type(error).__name__}"})
        finally:
            self.ended = True
            self._tell()

    async def messages(self, after: int = 0) -> AsyncIterator[tuple[int, dict[str, Any]]]:
        """Everything said after the message numbered `after`, then what is said until the run ends."""
        number = max(0, after)
        while True:
            while number < len(self.log):
                number += 1
                yield number, self.log[number - 1]
            if self.ended:
                return
            await self._news.wait()

    def _say(self, message: dict[str, Any]) -> None:
        if len(self.log) < LONGEST_LOG or message["type"] in ("outcome", "error", "stopped"):
            self.log.append({"at": time.time(), **message})
            self._tell()

    def _tell(self) -> None:
        """Wake who waits now; who waits from now on waits for the next."""
        self._news.set()
        self._news = asyncio.Event()


class Runs:
    """The runs by thread: one at a time each, the latest kept."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}

    def start(self, thread_id: str, begin: Begin, live: fragments.Live | None = None) -> Run:
        """Begin a run in the background. Raises AtWork if the thread's last one hasn't ended.

        `live`: the plan and the results it goes on from.
        """
        before = self._runs.pop(thread_id, None)
        if before is not None and not before.ended:
            self._runs[thread_id] = before
            raise AtWork(f"thread '{thread_id}' is at work; wait for it to end, or stop it")
        while len(self._runs) >= KEPT_RUNS:
            oldest = next((name for name, run in self._runs.items() if run.ended), None)
            if oldest is None:
                raise AtWork(f"{KEPT_RUNS} runs are under way; wait for one to end")
            del self._runs[oldest]
        run = Run(thread_id, live=live or fragments.Live())
        run.task = asyncio.create_task(run.work(begin))
        self._runs[thread_id] = run
        return run

    def find(self, thread_id: str) -> Run | None:
        """The thread's latest run in this process."""
        return self._runs.get(thread_id)

    def is_at_work(self, thread_id: str) -> bool:
        """Whether a run of the thread is under way in this process."""
        run = self.find(thread_id)
        return run is not None and not run.ended

    async def stop(self, thread_id: str | None = None) -> None:
        """Stop a thread's run, or all; their threads can be resumed."""
        chosen = [run for run in self._runs.values() if thread_id in (None, run.thread_id)]
        tasks = [run.task for run in chosen if run.task is not None and not run.task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
