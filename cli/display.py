"""Shows a run while it is at work: a live table on a terminal, lines elsewhere, nothing if asked to be quiet."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from cli.console import aside, console, is_terminal, say
from cli.progress import ENDED, Progress, one_line

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_FRAMES_PER_SECOND = 10
_ECHO = 3
"""Columns left free on the right: a terminal echoes ^C there, and in a full line that would move what is redrawn."""


class Display(Protocol):
    """Takes a run's events while it is at work."""

    progress: Progress

    def feed(self, event: Mapping[str, Any]) -> None:
        """Show one event."""

    def finish(self, results: Mapping[str, Any] | None) -> None:
        """The run has stopped; `results` have the last word."""


class Silent:
    """Shows nothing, and keeps what it was told."""

    def __init__(self) -> None:
        self.progress = Progress()

    def feed(self, event: Mapping[str, Any]) -> None:
        self.progress.feed(event)

    def finish(self, results: Mapping[str, Any] | None) -> None:
        self.progress.settle(results)


class Lines(Silent):
    """One line per change, on stderr: for logs, pipes and screen readers."""

    def __init__(self) -> None:
        super().__init__()
        self._said: set[str] = set()
        self._plan: list[str] = []

    def feed(self, event: Mapping[str, Any]) -> None:
        super().feed(event)
        lines = lines_of(event, self.progress)
        if event.get("type") == "plan":
            if lines == self._plan:
                return
            self._plan = lines
        for line in lines:
            # A task that waits for a person is taken up and asks anew whenever another one ends.
            if event.get("type") != "task" or event["status"] in ENDED or line not in self._said:
                say(line)
            self._said.add(line)


class LiveTable(Silent):
    """The plan as a table whose rows change in place, and the answer as it grows."""

    def __init__(self, on: Console) -> None:
        super().__init__()
        from rich.live import Live

        self._console, self._over = on, False
        self._live = Live(
            get_renderable=self._render, console=on, refresh_per_second=_FRAMES_PER_SECOND, vertical_overflow="ellipsis"
        )
        self._live.start()

    def finish(self, results: Mapping[str, Any] | None) -> None:
        super().finish(results)
        self.progress.text, self.progress.step, self._over = "", "", True
        self.stop()

    def stop(self) -> None:
        """Leave the terminal as a shell expects it."""
        if not self._over:
            self._over = True
            self.progress.stop(time.time())
        self._live.stop()

    def _render(self) -> RenderableType:
        from rich.constrain import Constrain

        from cli import render

        now, width = time.time(), self._console.width - _ECHO
        if not self._over:
            return Constrain(render.live(self.progress, now=now, width=width, height=self._console.height), width)
        if not self.progress.tasks:
            return ""
        return Constrain(render.plan_table(self.progress, now=now, width=width, rows=60), width)


@contextlib.contextmanager
def display(*, quiet: bool = False, json: bool = False) -> Iterator[Display]:
    """The display that suits where output goes. With `json` only a terminal on stderr gets progress. What tools print
    meanwhile stays out of what the command itself writes."""
    on_terminal = [stream is sys.stderr for stream in (sys.stdout, sys.stderr) if is_terminal(stream)]
    if json:
        on_terminal = [True] if is_terminal(sys.stderr) else []
    with aside(json=json):
        if quiet or (json and not on_terminal):
            yield Silent()
        elif on_terminal:
            table = LiveTable(console(stderr=on_terminal[0]))
            try:
                yield table
            finally:
                table.stop()
        else:
            yield Lines()


def lines_of(event: Mapping[str, Any], progress: Progress) -> list[str]:
    """An event as plain lines, none if it says nothing new to a reader of a log."""
    kind = event.get("type")
    if kind == "plan":
        if event.get("growing"):
            return []  # it is told when it is whole; the tasks that are begun before are told as they begin
        lines = ["plan:"]
        for task in progress.tasks.values():
            needs = f"  (after {', '.join(task.needs)})" if task.needs else ""
            lines.append(f"  {task.id}  {task.tool}  {task.goal}{needs}")
        return lines
    if kind == "note":
        return [f"note: {one_line(event.get('message', ''))}"]
    if kind == "task":
        return _task_lines(event, progress)
    return []


def _task_lines(event: Mapping[str, Any], progress: Progress) -> list[str]:
    from state.text import seconds

    task, status = progress.tasks[one_line(event["task"])], str(event["status"])
    if status in ("waiting", "pending"):
        return []
    line = f"{task.id}  {status.replace('_', ' ')}"
    if event.get("item") is not None:
        if status not in ENDED:
            return []
        line += f"  item {int(event['item']) + 1}"
    elif task.replayed and status == "done":
        line += "  as recorded"
    elif status in ENDED and task.started is not None:
        line += f"  {seconds(task.seconds(time.time()))}"
    if event.get("attempt") and int(event["attempt"]) > 1 and status == "running":
        line += f"  attempt {event['attempt']}"
    detail = one_line(event.get("detail") or "")
    return [f"{line}  {detail}" if detail else line]
