"""`orchestrate index`, `tools` and `graph`: what there is to work with."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from cli import options
from cli.errors import CommandError, UsageError

INDEX = """Index files and folders ahead of time.

Asking about them then starts at once.

What has not changed is passed over, what was deleted vanishes. `ask --docs` with the same paths uses this index and
keeps it up to date by itself.

\b
Examples:
  orchestrate index manuals/
  orchestrate index report.pdf notes.md
"""
TOOLS = """List the tools and what they may do.

Each with its risk, whether its results are trusted, and what an unavailable one needs.

\b
Examples:
  orchestrate tools
  orchestrate tools --json
  orchestrate tools --docs manuals/ --db sqlite:///sales.sqlite
"""
GRAPH = """Draw the graph of an orchestration type.

\b
Examples:
  orchestrate graph                      as Mermaid text
  orchestrate graph --svg graph.svg      needs Graphviz's dot
  orchestrate graph --svg > graph.svg    the same
  orchestrate graph --as hybrid --png graph.png
"""
_STDOUT = "-"


class FileOrStdout(TyperCommand):
    """A command whose `--png` and `--svg` may stand without a file."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        following = [*args[1:], "--"]
        for index in reversed(range(len(args))):
            if args[index] in ("--png", "--svg") and following[index].startswith("-") and following[index] != _STDOUT:
                args.insert(index + 1, _STDOUT)
        return super().parse_args(ctx, args)


def index(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Files and folders.")],
    json: options.Json = False,
) -> None:
    from dataclasses import asdict

    from cli.conclusion import print_json
    from cli.progress import one_line
    from cli.render import near
    from cli.threads import size
    from state.text import counted, seconds

    for path in paths:
        if not path.exists():
            raise UsageError(f"there is no file or directory {path}", "check the path")
    from memory.documents import index_for
    from memory.settings import settings
    from nodes.redaction import without_secrets

    made, report = index_for(paths, settings().directory / "documents", without_secrets)
    documents, passages = len(made.documents()), len(made)
    made.close()
    if json:
        print_json(asdict(report) | {"documents": documents, "passages": passages})
    else:
        speed = f", {size(int(report.bytes / report.seconds))}/s" if report.bytes and report.seconds else ""
        typer.echo(
            f"{report.added} added, {report.updated} updated, {report.unchanged} unchanged, {report.removed} removed "
            f"in {seconds(report.seconds)}{speed}; now {counted(documents, 'document')}, "
            f"{counted(passages, 'passage')}"
        )
        for file, reason in [*report.failed, *report.notes]:
            typer.echo(f"{near(one_line(file))}: {one_line(reason)}", err=True)
    if report.failed and not documents:
        raise CommandError("none of the files could be read", "what is wrong with each stands above")


def tools(docs: options.Docs = None, db: options.Db = None, json: options.Json = False) -> None:
    from cli.conclusion import print_json
    from cli.console import aside, console, is_terminal
    from cli.progress import one_line
    from graph.kits import builtin
    from memory.settings import settings

    config = settings()
    with aside(json=json):
        specs = builtin([*(docs or config.docs)], db or config.db)
    if json:
        print_json(
            [
                {
                    "name": spec.name,
                    "description": spec.description,
                    "risk": spec.risk,
                    "trusted": spec.trusted,
                    "idempotent": spec.idempotent,
                    "available": spec.unavailable is None,
                    "unavailable": spec.unavailable,
                    "timeout": spec.timeout,
                    "parameters": spec.parameters,
                }
                for spec in specs
            ]
        )
        return
    if not is_terminal(sys.stdout):
        for spec in specs:
            trust = "trusted" if spec.trusted else "untrusted"
            state = one_line(spec.unavailable) if spec.unavailable else "available"
            typer.echo(f"{spec.name}\t{spec.risk}\t{trust}\t{state}")
        return
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    for ratio in (None, None, None, None, 1):
        table.add_column(ratio=ratio, no_wrap=ratio is None)
    table.add_row("", *(Text(name, "dim") for name in ("tool", "risk", "result", "what it does")))
    risks = {"read": "green", "write": "yellow", "irreversible": "red"}
    for spec in specs:
        about: Text = Text(one_line(spec.description.partition("\n")[0]))
        if spec.unavailable:
            about = Text(one_line(spec.unavailable), "yellow")
        table.add_row(
            Text("–", "yellow") if spec.unavailable else Text("✓", "green"),
            Text(spec.name, "dim" if spec.unavailable else "bold"),
            Text(spec.risk, risks[spec.risk]),
            Text("trusted" if spec.trusted else "untrusted", "dim"),
            about,
        )
    console().print(table)


def graph(
    type_: options.Type = None,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Mermaid text on stdout; the default.")] = False,
    png: Annotated[Path | None, typer.Option("--png", metavar="FILE", help="A PNG; without FILE on stdout.")] = None,
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="An SVG; without FILE on stdout.")] = None,
) -> None:
    if sum([mermaid, png is not None, svg is not None]) > 1:
        raise UsageError("one form at a time", "choose one of --mermaid, --png FILE, --svg FILE")
    options.RunOptions(type=type_)
    from graph.types import builder

    drawn = builder(type_ or "hybrid")(brain="reflex", tools=[], checkpointer=None).get_graph()
    target = png or svg
    if target is None:
        typer.echo(drawn.draw_mermaid().rstrip())
        return
    from cli.drawing import draw

    if str(target) != _STDOUT:
        target.write_bytes(draw(drawn, form="png" if png else "svg"))
        typer.echo(f"written: {target}")
        return
    if png and sys.stdout.isatty():
        raise UsageError("a PNG is nothing to read on a terminal", "as in: orchestrate graph --png graph.png")
    sys.stdout.buffer.write(draw(drawn, form="png" if png else "svg"))
    sys.stdout.buffer.flush()
