"""Options that several commands share, and how their values are read."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import UsageError

if TYPE_CHECKING:
    from state.budget import Budget
    from state.plan import Plan

_TYPES = {
    "hybrid": "graph.orchestrator",
    "sequential": "graph.sequential",
    "graph": "graph.dag",
    "agentic": "graph.agentic",
    "supervisor": "graph.supervisor",
    "event": "graph.event_driven",
}
TYPES = tuple(name for name, module in _TYPES.items() if find_spec(module) is not None)
"""The orchestration types there are, found without importing them."""

Docs = Annotated[
    list[Path] | None, typer.Option("--docs", metavar="PATH", help="File or folder to search; may be repeated.")
]
Db = Annotated[
    str | None, typer.Option("--db", metavar="URL", help="Database to query, as sqlite:///sales.sqlite; read-only.")
]
Brain = Annotated[
    str | None, typer.Option("--brain", metavar="NAME", help="'reflex' (embedded) or 'chat' (the configured model).")
]
Model = Annotated[str | None, typer.Option("--model", metavar="NAME", help="Chat model; means --brain chat.")]
PolicyName = Annotated[
    str | None,
    typer.Option("--policy", metavar="NAME|FILE", help="'default', 'auto' (nothing asks), 'ask', or a TOML file."),
]
BudgetText = Annotated[
    str | None,
    typer.Option("--budget", metavar="BOUNDS", help="As in seconds=30,tokens=5000,money=0.1,tool_calls=20,rounds=2."),
]
Type = Annotated[
    str | None, typer.Option("--as", metavar="TYPE", help=f"Orchestration type: {', '.join(TYPES)}. Default: hybrid.")
]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=1_000_000, help="How many.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Only the answer: no progress, no footer.")]


@dataclass(frozen=True)
class RunOptions:
    """What a run is configured with; None is the default of the settings."""

    docs: list[Path] | None = None
    db: str | None = None
    brain: str | None = None
    model: str | None = None
    policy: str | None = None
    type: str | None = None

    def __post_init__(self) -> None:
        for path in self.docs or ():
            if not path.exists():
                raise UsageError(f"--docs: there is no file or directory {path}", "check the path")
        if self.db is not None:
            check_database_url(self.db)
        if self.type is not None and self.type not in TYPES:
            raise UsageError(f"--as: there is no type '{self.type}'", f"there are: {', '.join(TYPES)}")
        if self.brain is not None and self.brain not in ("reflex", "chat"):
            raise UsageError(f"--brain: there is no brain '{self.brain}'", "there are: reflex, chat")

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments for `graph.run.aask`; only what was chosen."""
        return self.resuming() | ({"type": self.type} if self.type is not None else {})

    def resuming(self) -> dict[str, Any]:
        """Keyword arguments for `graph.run.aresume`: a thread keeps its type, and what isn't chosen anew."""
        named = {
            "docs": [str(path) for path in self.docs] if self.docs else None,
            "db": self.db,
            "brain": self.brain or ("chat" if self.model else None),
            "model": self.model,
            "policy": self.policy,
        }
        return {name: value for name, value in named.items() if value is not None}


def check_database_url(url: str) -> None:
    """Raises UsageError if `url` can't be a database's, or is of a SQLite file that isn't there."""
    scheme, separator, rest = url.partition("://")
    if not separator or not scheme:
        raise UsageError(
            f"--db: '{url}' is no URL of a database", "as in sqlite:///sales.sqlite, postgresql://host/name"
        )
    path = rest.removeprefix("/").partition("?")[0]
    if scheme.partition("+")[0] == "sqlite" and path not in ("", ":memory:") and not Path(path).is_file():
        raise UsageError(f"--db: there is no file {path}", "sqlite:///PATH is relative, sqlite:////PATH is absolute")


def read_budget(text: str | None) -> Budget | None:
    """A budget from 'seconds=30,tokens=5000', or from a JSON object. Raises UsageError."""
    if text is None:
        return None
    from pydantic import ValidationError

    from state.budget import Budget

    names = ", ".join(Budget.model_fields)
    bounds: dict[str, Any] = {}
    if text.lstrip().startswith("{"):
        text, bounds = "", read_json_object("--budget", text)
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, separator, value = (piece.strip() for piece in part.partition("="))
        if not separator or not value:
            raise UsageError(f"--budget: '{part}' should read name=value", "as in --budget seconds=30,rounds=1")
        bounds[name] = value
    if unknown := [name for name in bounds if name not in Budget.model_fields]:
        raise UsageError(f"--budget: there is no bound '{unknown[0]}'", f"there are: {names}")
    if not bounds:
        raise UsageError("--budget: no bound is given", "as in --budget seconds=30,rounds=1")
    try:
        return Budget.model_validate(bounds)
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise UsageError(f"--budget: {found}", f"there are: {names}") from None


def read_json_object(what: str, text: str, hint: str = "correct it and try again") -> dict[str, Any]:
    """The JSON object that `text` is. Raises UsageError, beginning with `what`."""
    import json

    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{what}: it is no JSON object: {error}", hint) from None
    if not isinstance(value, dict):
        raise UsageError(f"{what}: it is no JSON object, as {{...}} is", hint)
    return value


def read_plan(path: Path | None) -> Plan | None:
    """A plan from a JSON or TOML file, '-' for stdin. Raises UsageError."""
    if path is None:
        return None
    from graph.plans import parse_plan
    from state.plan import AGENT, MODEL, check_plan

    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"the plan {path} can't be read: {reason}", "name a JSON or TOML file with a plan") from None
    try:
        plan = parse_plan(text)
    except ValueError as error:
        raise UsageError(f"the plan {path} is no plan: {error}", "correct it and try again") from None
    # Whether its tools are there is known only with the tools: the run says so.
    named = {name for task in plan.tasks for name in (task.tool, task.fallback) if name} - {AGENT, MODEL}
    if problems := check_plan(plan, dict.fromkeys(named, object())):
        found = [str(problem) for problem in problems]
        raise UsageError(f"the plan {path} can't run: {'; '.join(found)}", "correct it and try again")
    return plan


def read_goal(goal: str) -> str:
    """The goal as given; '-' reads it from stdin. Raises UsageError when it is empty."""
    if goal == "-":
        goal = sys.stdin.buffer.read().decode("utf-8", "replace")
    goal = goal.strip()
    if not goal:
        raise UsageError("the goal is empty", 'say what you want to know, as in: orchestrate ask "Who may vote?"')
    return goal


def read_thread(thread: str) -> str:
    """A thread's id as given. Raises UsageError if it can't be one."""
    thread = thread.strip()
    if not thread or len(thread) > 200 or not thread.isprintable():
        raise UsageError("a thread's id is a short text of printable characters", "`orchestrate threads` lists them")
    return thread
