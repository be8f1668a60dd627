"""`orchestrate doctor`: what is configured, what is missing, what to do about it."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from cli import options
from cli.errors import Exit

if TYPE_CHECKING:
    from cli.checks import Check

DOCTOR = """Check what is configured and what is missing.

What isn't right comes with what to do about it.

Only servers that are configured are contacted, for three seconds at most. Secrets are never shown.

\b
Examples:
  orchestrate doctor
  orchestrate doctor --json

Exit code 1 if something needs to be put right.
"""


def doctor(json: options.Json = False) -> None:
    from cli.checks import run_checks
    from cli.conclusion import print_json
    from cli.console import aside, console, is_terminal
    from cli.progress import one_line

    with aside(json=json):
        checks = run_checks()
    if json:
        print_json([asdict(check) for check in checks])
    elif not is_terminal(sys.stdout):
        for check in checks:
            advice = f"\t{one_line(check.advice)}" if check.advice else ""
            typer.echo(f"{check.state}\t{check.name}\t{one_line(check.found)}{advice}")
    else:
        console().print(_table(checks))
    raise typer.Exit(int(Exit.FAILED) if any(check.state == "problem" for check in checks) else 0)


def _table(checks: list[Check]) -> object:
    from rich.table import Table
    from rich.text import Text

    from cli.render import safe

    looks = {"ok": ("✓", "green"), "off": ("–", "dim"), "problem": ("✗", "bold red")}
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    for check in checks:
        glyph, style = looks[check.state]
        words = safe(check.found)
        if check.advice:
            words.append_text(safe(f"\n→ {check.advice}", "yellow" if check.state == "problem" else "dim"))
        table.add_row(Text(glyph, style), Text(check.name, "dim" if check.state == "off" else "bold"), words)
    return table
