"""`orchestrate compare`: one goal as every orchestration type."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cli import options

if TYPE_CHECKING:
    from graph.comparison import Row

COMPARE = """Run one goal as every orchestration type, and compare time, calls, tokens, cost and outcome.

Only tools that read are offered: an effect would be made once for each type. Each run is a thread of its own, to look
at with `orchestrate report`.

\b
Examples:
  orchestrate compare "How old must a senator be?" --docs constitution.txt
  orchestrate compare "Which month sold most?" --db sqlite:///sales.sqlite --types hybrid,agentic
  orchestrate compare "What is 17 % of 240?" --json

\b
Exit codes:
  0 at least one type answered   1 all failed   2 usage   4 no type has a full answer
"""
_HEADS = ("type", "time", "longest chain", "model calls", "tokens", "cost", "tool calls", "cited", "outcome", "checked")


def compare(
    goal: Annotated[str, typer.Argument(metavar="GOAL", help="What you want to know; '-' reads stdin.")],
    docs: options.Docs = None,
    db: options.Db = None,
    types: Annotated[
        str | None, typer.Option("--types", metavar="NAMES", help="As in hybrid,agentic; by default all.")
    ] = None,
    budget: options.BudgetText = None,
    brain: options.Brain = None,
    model: options.Model = None,
    json: options.Json = False,
) -> None:
    from cli.conclusion import print_json
    from cli.console import aside
    from cli.errors import Exit

    chosen = options.RunOptions(docs=docs, db=db, brain=brain, model=model)
    text, bounds = options.read_goal(goal), options.read_budget(budget)
    names = _types(types)
    from graph.comparison import COMPARED
    from graph.comparison import compare as run_all

    told = None if json else lambda row: typer.echo(f"{row.type}: {row.outcome}", err=True)
    with aside(json=json):
        rows = run_all(text, types=names or COMPARED, budget=bounds, on_row=told, **chosen.resuming())
    if json:
        print_json({"goal": text, "types": [row.to_json() for row in rows]})
    else:
        _show(rows)
    outcomes = {row.outcome for row in rows}
    raise typer.Exit(
        Exit.ANSWERED if "answered" in outcomes else Exit.FAILED if outcomes <= {"failed", "error"} else Exit.PARTIAL
    )


def _types(text: str | None) -> tuple[str, ...]:
    from cli.errors import UsageError

    names = tuple(name.strip() for name in (text or "").split(",") if name.strip())
    known = [name for name in options.TYPES if name != "event"]
    for name in names:
        if name not in known:
            raise UsageError(f"--types: there is no type '{name}'", f"there are: {', '.join(known)}")
    return names


def _cells(row: Row) -> tuple[str, ...]:
    from state.text import money, seconds

    usage = row.usage
    checked = row.verdict + (f", {row.findings} left out" if row.findings else "")
    outcome = f"error: {row.error}" if row.error else row.outcome.replace("_", " ")
    return (
        row.type,
        seconds(row.seconds),
        seconds(row.critical_seconds),
        str(usage.model_calls),
        f"{usage.tokens:,}",
        money(usage.money),
        str(usage.tool_calls),
        str(row.citations),
        outcome,
        checked,
    )


def _show(rows: list[Row]) -> None:
    from cli.console import console, is_terminal
    from state.text import printable

    if not is_terminal(sys.stdout):
        typer.echo("\t".join(_HEADS))
        for row in rows:
            typer.echo("\t".join(" ".join(printable(cell).split()) for cell in _cells(row)))
        return
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    for name in _HEADS:
        table.add_column(justify="left" if name in ("type", "outcome", "checked") else "right")
    table.add_row(*(Text(name, "dim") for name in _HEADS))
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in _cells(row)))
    console().print(table)
