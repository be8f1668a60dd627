"""What a run looks like on a terminal: pure functions from progress and outcomes to Rich renderables.

Every text of the run goes through `state.text.printable` and into `rich.text.Text`, so that neither escape
sequences nor markup in a document or a tool's output can act.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli.progress import STEPS, Progress, TaskProgress, as_typed, one_line
from state.text import counted, money, printable, seconds

if TYPE_CHECKING:
    from state.result import Citation

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_LOOKS = {
    "waiting": ("·", "dim"),
    "pending": ("·", "dim"),
    "stopped": ("■", "yellow"),
    "retrying": ("↻", "yellow"),
    "asking": ("?", "bold yellow"),
    "done": ("✓", "green"),
    "failed": ("✗", "red"),
    "skipped": ("–", "dim"),
    "refused": ("⊘", "red"),
    "in_doubt": ("!", "bold yellow"),
}
_EXPLAINED = frozenset({"retrying", "asking", "failed", "skipped", "refused", "in_doubt"})
_BOLD = re.compile(r"\*\*(?=\S)([^*\n]+)(?<=\S)\*\*")
_NARROW = 72
_APART = "   "
_STREAMED_LINES = 8


def look(status: str) -> tuple[str, str]:
    """The glyph and the style of a task's status."""
    return _LOOKS.get(status, ("·", "dim"))


def safe(text: object, style: str = "") -> Text:
    """`text` as Rich text: escape sequences removed, markup left as it is written."""
    return Text(printable(str(text)), style=style)


def live(progress: Progress, *, now: float, width: int, height: int) -> RenderableType:
    """The display while a run is at work: the plan with each task's status, then the answer as it grows."""
    parts: list[RenderableType] = []
    if progress.tasks:
        parts.append(plan_table(progress, now=now, width=width, rows=max(4, height - _STREAMED_LINES - 4)))
    for level, message in progress.notes[-3:]:
        parts.append(note(level, message))
    if progress.text:
        lines = safe(progress.text).wrap(_measuring(width), max(20, width - 4))
        tail = Text("\n").join(lines[-_STREAMED_LINES:])
        parts += [Text(), Padding(tail, (0, 2))]
    step = "Starting" if progress.began is None else STEPS.get(progress.step, "")
    if step and not progress.text and (not progress.tasks or progress.step != "execute"):
        parts.append(Text.assemble((spinner(now), "cyan"), "  ", (f"{step} …", "dim")))
    return Group(*parts)


def spinner(now: float) -> str:
    """The frame of the spinner at `now`, in epoch seconds."""
    return SPINNER[int(now * 12.5) % len(SPINNER)]


def plan_table(progress: Progress, *, now: float, width: int, rows: int | None = None) -> RenderableType:
    """One row per task: status, id, goal, tool, what it waits for, time. With more tasks than `rows`, those that
    matter now are shown and the rest is counted."""
    shown, hidden = _fitting(list(progress.tasks.values()), rows)
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(width=1)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, overflow="ellipsis")
    roomy = width >= _NARROW
    if roomy:
        table.add_column(no_wrap=True, max_width=20, overflow="ellipsis")
        table.add_column(no_wrap=True, max_width=16, overflow="ellipsis")
    table.add_column(justify="right", no_wrap=True, min_width=6)
    for task in shown:
        glyph, style = _LOOKS.get(task.status, (spinner(now), "cyan"))
        quiet = "dim" if task.status in ("waiting", "pending", "skipped") else ""
        cells: list[RenderableType] = [Text(glyph, style), Text(task.id, quiet or "bold"), _goal(task, quiet)]
        if roomy:
            needs = f"← {', '.join(task.needs)}" if task.needs else ""
            cells += [Text(task.tool, "dim"), Text(needs, "dim")]
        cells.append(Text(_time(task, now), "dim"))
        table.add_row(*cells)
    if not hidden:
        return table
    counts: dict[str, int] = {}
    for task in hidden:
        counts[task.status] = counts.get(task.status, 0) + 1
    words = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in counts.items())
    return Group(table, Text(f"   and {len(hidden)} more: {words}", "dim"))


def note(level: str, message: str) -> Text:
    """A remark on the run."""
    return Text.assemble(("!  " if level == "warning" else "   ", "yellow"), safe(message, "dim"))


def answer(text: str, citations: Sequence[Citation]) -> RenderableType:
    """The answer with its marks [n], and under it the quotation that carries each."""
    body = _with_bold(printable(text.strip()))
    body.highlight_regex(r"\[\d+\](?:\[\d+\])*", "cyan")
    if not citations:
        return body
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True, justify="right")
    table.add_column(overflow="fold")
    for citation in citations:
        quote = Text.assemble("“", one_line(citation.quote), "”", (f" — {place(citation)}", "dim"))
        table.add_row(Text(f"[{citation.number}]", "cyan"), quote)
    return Group(body, Text(), table)


def _with_bold(text: str) -> Text:
    body, end = Text(), 0
    for found in _BOLD.finditer(text):
        body.append(text[end : found.start()]).append(found[1], "bold")
        end = found.end()
    return body.append(text[end:])


def place(citation: Citation) -> str:
    """Where a quotation is found: file or URL, and the place in it."""
    source = one_line(citation.url or near(citation.source))
    parts = [source, one_line(citation.place), one_line(citation.date or "")]
    return ", ".join(part for part in parts if part)


def near(source: str) -> str:
    """A path below the working directory, as seen from there; anything else as it is."""
    path = Path(source)
    try:
        return str(path.relative_to(Path.cwd())) if path.is_absolute() else source
    except (ValueError, OSError):
        return source


def footer(report: Any, thread_id: str, *, width: int, failed: bool = False) -> RenderableType:
    """Time, model calls, tokens, cost and thread of a run, and how to go on from here."""
    lines = [packed(figures(report, thread_id), " · ", width)]
    lines += [packed(line.split(_APART), _APART, width) for line in next_steps(thread_id, failed=failed)]
    return Group(*(Text(line, "dim") for line in lines))


def packed(pieces: Sequence[str], between: str, width: int) -> str:
    """Pieces side by side in lines of `width` columns, none of them broken: a command is to be copied."""
    lines = [pieces[0]]
    for piece in pieces[1:]:
        if cell_len(lines[-1] + between + piece) <= width:
            lines[-1] += between + piece
        else:
            lines.append(piece)
    return "\n".join(lines)


def figures(report: Any, thread_id: str) -> list[str]:
    """What a run took, in words."""
    found: list[str] = []
    if report is not None:
        usage = report["usage"]
        calls, tools, tokens = usage["model_calls"], usage["tool_calls"], usage["input_tokens"] + usage["output_tokens"]
        found = [
            seconds(usage["seconds"] or max(0.0, report["ended"] - report["started"])),
            counted(calls, "model call"),
            counted(tools, "tool call"),
            counted(tokens, "token"),
            money(usage["money"]),
        ]
        if report["brain"]:
            found.append(one_line(report["brain"]))
    return [*found, f"thread {one_line(thread_id)}"]


def next_steps(thread_id: str, *, waiting: bool = False, stopped: bool = False, failed: bool = False) -> list[str]:
    """Commands to go on with."""
    thread = as_typed(thread_id)
    if waiting:
        return [f"answer: orchestrate approve {thread}"]
    if stopped:
        return [f"go on: orchestrate resume {thread}"]
    again = [f"try what failed again: orchestrate resume {thread} --retry-failed"] if failed else []
    return [*again, f"go on: orchestrate chat --thread {thread}{_APART}details: orchestrate report {thread}"]


def gaps(stop_reason: str | None, verdict: Any, notes: Iterable[str] = ()) -> list[str]:
    """Why an answer is partial, in sentences, if it is."""
    reasons = {
        "budget": "The budget ran out: what was found by then is answered.",
        "rounds": "The rounds of refinement are used up: this is the best answer so far.",
        "partial": "Part of the goal is not answered.",
        "refused": "Something was refused by policy.",
        "declined": "A person declined what was asked.",
    }
    lines = [reasons[stop_reason]] if stop_reason in reasons else []
    if verdict and verdict["action"] != "accept" and verdict["reason"]:
        lines.append(one_line(verdict["reason"]))
    return list(dict.fromkeys([*lines, *map(one_line, notes)]))


def _goal(task: TaskProgress, style: str) -> RenderableType:
    goal = Text(task.goal or task.tool, style, no_wrap=True, overflow="ellipsis")
    if items := task.items_text():
        goal.append(f"  {items}", "dim")
    if task.attempt > 1 and task.status in ("running", "retrying"):
        goal.append(f"  attempt {task.attempt}", "yellow")
    if not task.detail or task.status not in _EXPLAINED:
        return goal
    style = "red" if task.status in ("failed", "refused") else "yellow" if task.status != "skipped" else "dim"
    return Group(goal, Text(_shortened(task.detail, 240), style))


def _time(task: TaskProgress, now: float) -> str:
    if task.replayed and task.status == "done":
        return "recorded"
    return seconds(task.seconds(now)) if task.status not in ("waiting", "pending", "skipped") else ""


def _fitting(tasks: list[TaskProgress], rows: int | None) -> tuple[list[TaskProgress], list[TaskProgress]]:
    if rows is None or len(tasks) <= rows:
        return tasks, []
    urgency = {"asking": 0, "in_doubt": 0, "failed": 1, "refused": 1, "running": 2, "retrying": 2, "waiting": 3}
    ranked = sorted(range(len(tasks)), key=lambda index: (urgency.get(tasks[index].status, 4), index))
    chosen = set(ranked[: rows - 1])
    shown = [task for index, task in enumerate(tasks) if index in chosen]
    return shown, [task for index, task in enumerate(tasks) if index not in chosen]


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _measuring(width: int) -> Any:
    from rich.console import Console

    return Console(width=width, force_terminal=False, color_system=None)


def key_values(pairs: Mapping[str, object]) -> Table:
    """Names and values, aligned."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    for name, value in pairs.items():
        table.add_row(Text(name), value if isinstance(value, Text) else safe(value))
    return table
