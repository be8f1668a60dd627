"""Runs goals from the command: shows them at work, stops them within a second, asks the person who is there."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cli.console import console, interactive, tolerant
from cli.display import display
from cli.errors import CommandError, Exit, UsageError, explain
from cli.options import RunOptions
from cli.progress import ENDED, Progress, as_typed
from state.text import printable

if TYPE_CHECKING:
    from graph.outcome import Outcome, Waiting
    from state.approval import BadAnswer
    from state.budget import Budget
    from state.plan import Plan

_GRACE = 0.7
"""Seconds a run has to stop by itself before the process is ended; its thread can be resumed either way."""


class Interrupted(Exception):
    """The person stopped the run. `thread_id` is empty if nothing of it is recorded yet."""

    def __init__(self, thread_id: str) -> None:
        super().__init__(thread_id)
        self.thread_id = thread_id


OnEvent = Callable[[Any], None]


class Session:
    """One configuration and one event loop for any number of runs. Use it as a context manager."""

    def __init__(self, options: RunOptions, *, quiet: bool = False, json: bool = False) -> None:
        self.options, self.quiet, self.json = options, quiet, json
        self.progress = Progress()
        self._runner = asyncio.Runner()

    def __enter__(self) -> Session:
        self._runner.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, *details: Any) -> None:
        # Once interrupted, a tool may hold a thread for as long as it likes: closing would wait for it.
        if kind is None or not issubclass(kind, Interrupted):
            self._runner.close()

    def ask(self, goal: str, *, thread_id: str, plan: Plan | None = None, budget: Budget | None = None) -> Outcome:
        """Run a goal until it ends or waits for a person. Raises Interrupted."""

        def begin(on_event: OnEvent) -> Coroutine[Any, Any, Outcome]:
            if plan is not None:
                on_event(_known(plan))
            from graph.run import aask  # takes a second: the display is up by now

            return aask(
                goal, plan=plan, budget=budget, thread_id=thread_id, on_event=on_event, **self.options.arguments()
            )

        return self._watch(thread_id, begin)

    def resume(
        self, thread_id: str, response: Mapping[str, Any] | None = None, *, retry_failed: bool = False
    ) -> Outcome:
        """Go on with a thread, with answers by the questions' ids if there are some. Raises Interrupted."""
        has_told = bool(self.progress.tasks)

        def tell(known: Outcome, on_event: OnEvent) -> None:
            if not has_told:
                for event in _so_far(known):
                    on_event(event)
            elif known.plan is not None:  # what was said in lines isn't said again, only drawn
                self.progress.plan(known.plan.to_json())
                self.progress.settle(known.results)

        async def go_on(on_event: OnEvent) -> Outcome:
            from graph.run import ThreadError, alook, aresume

            with contextlib.suppress(ThreadError):  # aresume says it better
                tell(await alook(thread_id), on_event)
            answers = dict(response) if response else None
            return await aresume(
                thread_id, answers, retry_failed=retry_failed, on_event=on_event, **self.options.resuming()
            )

        return self._watch(thread_id, go_on)

    def settle(self, outcome: Outcome, *, asking: bool | None = None) -> Outcome:
        """Ask the person who is there whatever the run waits for, and go on, until it ends or they put it off."""
        if self.json or not (interactive() if asking is None else asking):
            return outcome
        while outcome.waiting:
            answers = self.ask_all(outcome.waiting)
            if not answers:
                break
            try:
                outcome = self.resume(outcome.thread_id, answers)
            except CommandError as error:
                if _bad_answer(error) is None:
                    raise
                console().print(f"\n   {printable(error.message)}", style="red", markup=False)
                outcome = outcome.model_copy(update={"waiting": open_questions(outcome.thread_id)})
        return outcome

    def ask_all(self, waiting: list[Waiting]) -> dict[str, Any]:
        """The person's answers, by the questions' ids; those put off are left out."""
        from cli.questions import ask_person

        on, answers = console(), {}
        with contextlib.suppress(EOFError, KeyboardInterrupt):
            for question in waiting:
                on.print()
                answer = ask_person(question, on)
                if answer is not None:
                    answers[question.id] = answer
        return answers

    def _watch(self, thread_id: str, begin: Callable[[OnEvent], Coroutine[Any, Any, Outcome]]) -> Outcome:
        with display(quiet=self.quiet, json=self.json) as shown:
            self.progress = shown.progress
            try:
                outcome = self._run(begin(shown.feed), thread_id)
            except Exception as error:
                if (bad := _bad_answer(error)) is not None:
                    raise UsageError(
                        bad.problems, f"still open; answer: orchestrate approve {as_typed(thread_id)}"
                    ) from bad
                if self.progress.began is None or isinstance(error, Interrupted):
                    raise
                told = explain(error)
                keep = f"the run is kept; go on with: orchestrate resume {as_typed(thread_id)}"
                raise CommandError(told.message, "; ".join(filter(None, (told.hint, keep))), code=told.code) from error
            if outcome.plan is not None:
                self.progress.plan(outcome.plan.to_json())
            shown.finish(outcome.results)
        return outcome

    def _run(self, work: Coroutine[Any, Any, Outcome], thread_id: str) -> Outcome:
        # Before its first event nothing of a run is recorded, so there is nothing to go on with.
        def resumable() -> str:
            return thread_id if self.progress.began is not None else ""

        with interruptible(self._runner.get_loop(), resumable) as begun:

            async def run() -> Outcome:
                begun(asyncio.current_task())
                return await work

            try:
                return self._runner.run(run())
            except (asyncio.CancelledError, KeyboardInterrupt):
                raise Interrupted(resumable()) from None


def _known(plan: Plan) -> dict[str, Any]:
    # Without a time: a plan that is known beforehand doesn't mean that anything has begun.
    return {"type": "plan", "at": 0.0, "plan": plan.to_json()}


def _so_far(known: Outcome) -> Iterator[dict[str, Any]]:
    """What a thread has come to, as events: those of a run that goes on are only of what is done from then on."""
    if known.plan is not None:
        yield _known(known.plan)
    for name, result in known.results.items():
        if result.status in ENDED:
            yield {"type": "task", "at": 0.0, "task": name, "status": result.status, "replayed": True}


@contextlib.contextmanager
def interruptible(
    loop: asyncio.AbstractEventLoop, thread_id: Callable[[], str]
) -> Iterator[Callable[[asyncio.Task[Any] | None], None]]:
    """Ctrl-C and SIGTERM cancel the task that the yielded function is given. If it doesn't end within a second, or on
    the second Ctrl-C, the process does: what is recorded of the run is durable."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda task: None
        return
    current: list[asyncio.Task[Any]] = []
    timers: list[threading.Timer] = []

    def stop(number: int, frame: object) -> None:
        code = int(Exit.INTERRUPTED) if number == signal.SIGINT else 128 + number
        if timers or not current:
            _end_now(thread_id(), code)
        timer = threading.Timer(_GRACE, _end_now, (thread_id(), code))
        timer.daemon = True
        timer.start()
        timers.append(timer)
        loop.call_soon_threadsafe(current[0].cancel)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda task: current.append(task) if task is not None else None
    finally:
        for timer in timers:
            timer.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)


def leave_interrupted(thread_id: str, code: int = Exit.INTERRUPTED) -> None:
    """Say how to go on, and end the process without waiting for threads that tools may hold."""
    with contextlib.suppress(OSError, ValueError):
        tolerant(sys.stderr)
        how = (
            f"stopped; go on with: orchestrate resume {as_typed(thread_id)}" if thread_id else "stopped before it began"
        )
        print(f"\n{how}", file=sys.stderr, flush=True)  # noqa: T201
        sys.stdout.flush()
    os._exit(code)


def _end_now(thread_id: str, code: int) -> None:
    with contextlib.suppress(OSError, ValueError):
        if sys.__stdout__ is not None and sys.__stdout__.isatty():
            sys.__stdout__.write("\x1b[?25h\n")  # the live display hides the cursor
            sys.__stdout__.flush()
    leave_interrupted(thread_id, code)


def _bad_answer(error: BaseException) -> BadAnswer | None:
    """That an answer didn't fit its question, which then stays open."""
    from graph.answers import StaleAnswer
    from state.approval import BadAnswer

    caught = next((one for one in (error, error.__cause__) if isinstance(one, BadAnswer)), None)
    return None if isinstance(caught, StaleAnswer) else caught


def open_questions(thread_id: str) -> list[Waiting]:
    """What a thread waits for, without running any of it."""
    from cli.remembered import with_saver
    from graph.outcome import Outcome
    from memory.threads import show

    state = with_saver(lambda saver: show(saver, thread_id))
    return Outcome.of(thread_id, {}, state.interrupts).waiting
