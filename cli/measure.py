"""`orchestrate bench` and `orchestrate eval`: the measurements that the documentation's figures come from."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

BENCH = """Measure speed and durability; each measurement has its baseline in the same run.

Without a name, the measurements there are. They are part of a checkout of the project, not of the installed package,
and need what the README's second command installs. The figures stand in docs/figures/.

\b
Examples:
  orchestrate bench
  orchestrate bench startup
  orchestrate bench kill_gate --runs 20
"""
EVAL = """Measure how well it answers and how well it defends itself.

Without a name, the evaluations there are; as `orchestrate bench` otherwise.

\b
Examples:
  orchestrate eval
  orchestrate eval agentdojo --quick
"""
PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
_Name = Annotated[str | None, typer.Argument(metavar="[NAME]", help="Which one; its own options follow.")]


def bench(context: typer.Context, name: _Name = None) -> None:
    _measure("benchmarks", name, context.args)


def evaluate(context: typer.Context, name: _Name = None) -> None:
    _measure("evals", name, context.args)


def _measure(package: str, name: str | None, arguments: list[str]) -> None:
    """List the commands of a package of the checkout, or run one in a process of its own."""
    from cli.errors import CommandError, UsageError

    folder = _folder(package)
    if folder is None:
        raise CommandError(f"{package}/ isn't here", "run this in a checkout of the project, installed with pip -e")
    known = {path.stem: purpose for path in sorted(folder.glob("*.py")) if (purpose := _purpose(package, path))}
    if name is None:
        width = max(map(len, known))
        for known_name, purpose in known.items():
            typer.echo(f"{known_name:<{width}}  {purpose}")
        return
    if name not in known:
        raise UsageError(f"there is no '{name}'", f"there are: {', '.join(known)}")
    ran = subprocess.run([sys.executable, "-m", f"{package}.{name}", *arguments], cwd=folder.parent, check=False)  # noqa: S603 - a module of the list
    raise typer.Exit(ran.returncode)


def _folder(package: str) -> Path | None:
    for place in (Path.cwd() / package, *_installed(package)):
        if (place / "__init__.py").is_file():
            return place
    return None


def _installed(package: str) -> list[Path]:
    found = importlib.util.find_spec(package)
    return [Path(place) for place in (found.submodule_search_locations or ())] if found else []


def _purpose(package: str, path: Path) -> str | None:
    """The first sentence of a module that can be run; None for one that only helps others."""
    about = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    if f"python -m {package}.{path.stem}" not in about:
        return None
    return about.partition("\n")[0].partition(": `")[0].rstrip(".")
