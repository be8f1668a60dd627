"""`orchestrate report`, `journal` and `audit`: where the time went, what was done, and who decided."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import RenderableType

    from graph.outcome import Outcome
    from state.result import TaskResult

REPORT = """Show where the time and the money of a run went.

Each task is a bar from its start to its end; the chain that the run had to wait for, the critical path, is marked.

\b
Examples:
  orchestrate report 3f9a0c12d4e7
  orchestrate report 3f9a0c12d4e7 --json
"""
JOURNAL = """List what a thread did that can't be undone.

An effect is written down before it happens and again afterwards. One that is in doubt was begun and never reported
back: `orchestrate approve THREAD` decides it.

\b
Examples:
  orchestrate journal 3f9a0c12d4e7
  orchestrate journal 3f9a0c12d4e7 --json
"""
AUDIT = """List who decided what about a thread.

Each decision with when it was made and what was shown; the log is only ever appended to.

\b
Examples:
  orchestrate audit 3f9a0c12d4e7
  orchestrate audit 3f9a0c12d4e7 --json > decisions.json
"""
Thread = Annotated[str, typer.Argument(metavar="THREAD", help="The thread's id, or the beginning of it.")]
_BAR = 32
_REMARK = 40


def report(thread: Thread, json: options.Json = False) -> None:
    from cli.conclusion import document, print_json
    from cli.console import show as show_parts
    from cli.remembered import resolve, with_saver
    from graph.outcome import Outcome
    from memory.threads import show

    async def read(saver: Any) -> Any:
        return await show(saver, await resolve(saver, thread))

    state = with_saver(read)
    outcome = Outcome.of(state.summary.thread_id, state.values, state.interrupts)
    if json:
        print_json(document(outcome))
        return
    show_parts(timeline(outcome, state.summary.status))


def journal(thread: Thread, json: options.Json = False) -> None:
    from cli.conclusion import print_json
    from cli.progress import one_line
    from cli.threads import ago, print_rows

    effects = _entries(thread, "effects")
    if json:
        print_json([asdict(effect) for effect in effects])
        return
    if not effects:
        typer.echo("this thread has done nothing that can't be undone")
        return
    rows = []
    for effect in effects:
        item = f"[{effect.item}]" if effect.item else ""
        rows.append(
            (ago(effect.updated), effect.state.replace("_", " "), f"{effect.task}{item}", effect.tool,
             str(effect.calls), one_line(_args(effect.args)))
        )  # fmt: skip
    print_rows(("changed", "state", "task", "tool", "calls", "arguments"), rows)


def audit(thread: Thread, json: options.Json = False) -> None:
    from cli.conclusion import print_json
    from cli.progress import one_line
    from cli.threads import print_rows

    decisions = _entries(thread, "decisions")
    if json:
        print_json([asdict(decision) for decision in decisions])
        return
    if not decisions:
        typer.echo("nothing was decided about this thread")
        return
    rows = []
    for decision in decisions:
        requests = decision.shown.get("action_requests") or [{}]
        shown = f"{requests[0].get('name', '')} {_args(requests[0].get('args') or {})}"
        made = decision.decided.get("type") or ("asked" if decision.kind.endswith(":asked") else "")
        words = [str(made)]
        if decision.decided.get("message"):
            words.append(f"“{one_line(decision.decided['message'])}”")
        if edited := decision.decided.get("edited_action"):
            words.append(_args(edited.get("args") or {}))
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(decision.at))
        rows.append((at, decision.who, decision.task, one_line(" ".join(words)), one_line(shown)))
    print_rows(("when", "who", "task", "decision", "shown"), rows)


def timeline(outcome: Outcome, status: str) -> RenderableType:
    """A run as bars over its time, the critical path marked, and what it cost."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    from cli import render
    from cli.progress import one_line
    from state.text import money, seconds

    parts: list[RenderableType] = [render.safe(outcome.goal, "bold"), Text()]
    results, made = outcome.results, outcome.report
    begun = [result.started for result in results.values() if result.started]
    critical = set(made.critical_path) if made else set()
    if begun:
        start = min(begun)
        span = max(max((result.ended or start) for result in results.values()) - start, 1e-6)
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column()
        table.add_column(no_wrap=True)
        table.add_column(min_width=_BAR)
        table.add_column(no_wrap=True, justify="right")
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True, overflow="ellipsis")
        for name in _order(outcome):
            result = results[name]
            glyph, style = render.look(result.status)
            mark = "cyan" if name in critical else "dim"
            took = (result.ended - result.started) if result.started and result.ended else None
            table.add_row(
                Text(glyph, style),
                Text.assemble((one_line(name), "bold"), (" *" if name in critical else "", "cyan")),
                Text(bar(result, start, span), mark),
                Text(seconds(took), "dim"),
                Text(one_line(result.tool), "dim"),
                Text(_shortened(_remark(result)), "yellow"),
            )
        parts += [table, Text()]
    if made is None:
        parts.append(Text(f"the run has not ended: it is {status}", "yellow"))
        return Group(*parts)
    usage = made.usage
    pairs: dict[str, object] = {
        "outcome": f"{outcome.stop_reason or '-'}, {_rounds(made.rounds)}",
        "brain": made.brain,
        "time": f"{seconds(max(0.0, made.ended - made.started))}, {seconds(usage.seconds)} at work",
    }
    if made.critical_path:
        path = " → ".join(made.critical_path)
        pairs["critical path *"] = f"{path}, {seconds(made.critical_seconds)}"
    pairs |= {
        "model calls": f"{usage.model_calls}",
        "tool calls": f"{usage.tool_calls}",
        "tokens": f"{usage.input_tokens:,} in, {usage.output_tokens:,} out",
        "cost": money(usage.money),
        "thread": outcome.thread_id,
    }
    parts.append(render.key_values(pairs))
    parts += [render.note("warning", line) for line in render.gaps(outcome.stop_reason, outcome.verdict, made.notes)]
    return Group(*parts)


def bar(result: TaskResult, start: float, span: float) -> str:
    """A task's time as a bar, in the run's. A task takes at least one mark."""
    if not result.started:
        return ""
    first = min(_BAR - 1, int((result.started - start) / span * _BAR))
    last = max(first + 1, round(((result.ended or result.started) - start) / span * _BAR))
    return "·" * first + "█" * (last - first) + "·" * (_BAR - last)


def _order(outcome: Outcome) -> list[str]:
    results: Mapping[str, TaskResult] = outcome.results
    return sorted(results, key=lambda name: (results[name].started or float("inf"), name))


def _remark(result: TaskResult) -> str:
    from cli.progress import one_line
    from state.text import counted

    words = []
    if result.attempts > 1:
        words.append(f"{result.attempts} attempts")
    if result.items:
        words.append(f"{sum(item.ok for item in result.items)}/{counted(len(result.items), 'item')}")
    if result.rounds > 1:
        words.append(f"{result.rounds} rounds")
    if result.error:
        words.append(f"{result.error.kind}: {one_line(result.error.message)}")
    elif result.reason:
        words.append(one_line(result.reason))
    return ", ".join(words)


def _shortened(text: str) -> str:
    return text if len(text) <= _REMARK else text[: _REMARK - 1] + "…"


def _rounds(rounds: Any) -> str:
    from state.text import counted

    count = rounds.refinements
    return "no refinement" if not count else f"{counted(count, 'round')} of refinement"


def _args(args: Mapping[str, Any]) -> str:
    import json

    return ", ".join(f"{name}={json.dumps(value, ensure_ascii=False, default=str)}" for name, value in args.items())


def _entries(thread: str, what: str) -> list[Any]:
    from cli.remembered import resolve, with_saver
    from memory.journal import journal_for

    async def read(saver: Any) -> list[Any]:
        entries = journal_for(saver)
        try:
            thread_id = await resolve(saver, thread)
            return await (entries.effects(thread_id) if what == "effects" else entries.decisions(thread_id))
        finally:
            await entries.aclose()

    return with_saver(read)
