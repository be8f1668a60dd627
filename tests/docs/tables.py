"""The tables of docs/reference.md, made from the code they describe.

Run it to bring the document up to date: python tests/docs/tables.py
"""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

REFERENCE = Path(__file__).parents[2] / "docs" / "reference.md"
_PLACE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def brought_up_to_date(text: str) -> str:
    """The document with each table as it should be. Raises KeyError for one that isn't known."""
    return _PLACE.sub(lambda place: f"{place[1]}{TABLES[place[2]]()}\n{place[3]}", text)


def settings_table() -> str:
    from memory.settings import Settings

    rows = []
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        names = [str(one) for one in alias.choices] if alias is not None else [f"ORCHESTRATE_{name.upper()}"]
        default = "" if field.default is None else _default(field)
        rows.append(
            (", ".join(f"`{one}`" for one in names), default, field.description or _SAID.get(f"Settings.{name}", ""))
        )
    return _table(("variable", "default", "meaning"), rows)


def extras_table() -> str:
    import tomllib

    project = tomllib.loads((REFERENCE.parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    rows = [(f"`{name}`", _SAID[f"extra.{name}"]) for name in project["optional-dependencies"]]
    return _table(("extra", "for"), rows)


def tools_table() -> str:
    from memory.settings import Settings
    from tools.catalog import builtin_tools

    rows = [
        (f"`{one.name}`", one.risk, "trusted" if one.trusted else "untrusted", _first_sentence(one.description))
        for one in builtin_tools(
            docs=None, db=None, files_root=Path(), config=Settings(_env_file=None, tools=None, mcp={})
        )
    ]
    return _table(("tool", "risk", "its result", "what it does"), rows)


def commands_table() -> str:
    import typer

    from cli.main import app

    rows = []

    def walk(command: Any, path: str) -> None:
        for name, inner in sorted(getattr(command, "commands", {}).items()):
            arguments = [one for one in inner.params if one.param_type_name == "argument"]
            usage = " ".join(one.metavar or one.name.upper() for one in arguments)
            if hasattr(inner, "commands"):
                walk(inner, f"{path} {name}")
            else:
                rows.append((f"`{' '.join(f'{path} {name} {usage}'.split())}`", inner.get_short_help_str(120)))

    walk(typer.main.get_command(app), "orchestrate")
    return _table(("command", "what it does"), rows)


def exit_codes_table() -> str:
    from cli.errors import Exit

    said = {
        "ANSWERED": "answered",
        "FAILED": "failed: something went wrong, and nothing was found or done",
        "USAGE": "called wrongly",
        "WAITING": "waits for a person",
        "PARTIAL": "a partial answer; or what was asked wasn't found, though nothing went wrong; or it was refused",
        "INTERRUPTED": "stopped by Ctrl-C; `orchestrate resume THREAD` goes on",
    }
    return _table(("code", "meaning"), [(str(int(code)), said[code.name]) for code in Exit])


def record_table(module: str, name: str) -> Callable[[], str]:
    def made() -> str:
        import importlib

        record = getattr(importlib.import_module(module), name)
        rows = [
            (f"`{field}`", _type(info.annotation), _default(info), info.description or _SAID.get(f"{name}.{field}", ""))
            for field, info in record.model_fields.items()
        ]
        return _table(("field", "type", "default", "meaning"), rows)

    return made


def literals_table(module: str, name: str, column: str) -> Callable[[], str]:
    def made() -> str:
        import importlib

        values = get_args(getattr(importlib.import_module(module), name))
        return _table((column, "meaning"), [(f"`{value}`", _SAID[f"{name}.{value}"]) for value in values])

    return made


def events_table() -> str:
    from state import events

    rows = []
    for event in get_args(events.Event):
        hints = typing.get_type_hints(event)
        fields = ", ".join(f"`{name}`" for name in hints if name not in ("type", "at"))
        rows.append((f"`{get_args(hints['type'])[0]}`", fields, (event.__doc__ or "").strip()))
    return _table(("type", "fields beside `at`", "meaning"), rows)


_SAID = {
    "extra.postgres": "checkpoints, store and journal in Postgres; questions about a Postgres database",
    "extra.serve": "`orchestrate serve`, `orchestrate events`",
    "extra.otel": "traces by OpenTelemetry",
    "extra.studio": "`langgraph dev`",
    "extra.notebook": "a kernel for the notebooks",
    "extra.mcp": "tools of MCP servers",
    "extra.haystack": "Haystack's tools and pipelines",
    "extra.llamaindex": "LlamaIndex's tools and retrievers",
    "extra.autogen": "AutoGen's tools; not beside `studio` or `otel`",
    "extra.semantic-kernel": "Semantic Kernel's tools",
    "extra.bridges": "`mcp`, `haystack`, `llamaindex` and `semantic-kernel` together",
    "StopReason.answered": "every part of the goal is answered, from evidence",
    "StopReason.not_found": "the evidence has no answer",
    "StopReason.partial": "part of the goal is answered; the answer names what is missing",
    "StopReason.budget": "the budget ran out; what was found by then is answered",
    "StopReason.rounds": "the rounds of refinement are used up",
    "StopReason.refused": "policy, a guard or the brain refused",
    "StopReason.declined": "a person rejected what was asked",
    "StopReason.failed": "what was needed failed, and nothing was found or done",
    "TaskStatus.done": "it has a value",
    "TaskStatus.failed": "it has a typed `error`",
    "TaskStatus.skipped": "its condition was false, or what it needs has no value; `reason` says which",
    "TaskStatus.refused": "policy or a person refused it",
    "TaskStatus.in_doubt": "its effect was begun, its outcome is unknown, and a person left it so",
    "TaskStatus.pending": "it waits for a person",
    "ErrorKind.transient": "may go away; retried with backoff",
    "ErrorKind.permanent": "will not go away by itself",
    "ErrorKind.timeout": "took longer than the task or its tool may",
    "ErrorKind.refused": "policy, a person or the receiver refused",
    "ErrorKind.invalid_arguments": "the arguments don't fit the tool",
    "ErrorKind.budget": "a bound of the budget was reached before it began",
    "ErrorKind.repeated": "the same call with the same arguments, over and over",
    "ErrorKind.not_found": "it worked, and what it was to find in its inputs isn't there",
    "Citation.number": "The n of its mark [n].",
    "Citation.quote": "Verbatim.",
    "Citation.source": "File, URL, table or tool.",
    "Citation.place": "Where in the source.",
    "Citation.task": "Id of the task that brought it.",
    "Citation.url": "Address, if it has one.",
    "Citation.date": "Date of the source, if known.",
    "TaskResult.task": "Id of the task.",
    "TaskResult.status": "See below.",
    "TaskResult.value": "What the tool returned, as JSON.",
    "TaskResult.error": "`kind`, `message`, `retry_after`.",
    "TaskResult.evidence": "Text that an answer may quote.",
    "TaskResult.origin": "`trusted`, and the `sources` it comes from.",
    "TaskResult.attempts": "Calls made, retries included.",
    "TaskResult.started": "Epoch seconds.",
    "TaskResult.ended": "Epoch seconds.",
    "TaskResult.tool": "The tool that was called; the fallback, if it came to that.",
    "TaskResult.rounds": "Rounds of `until`.",
    "Outcome.thread_id": "What `resume` takes.",
    "Outcome.goal": "As it was understood.",
    "Outcome.answer": "Text with marks [n].",
    "Outcome.citations": "What each [n] quotes.",
    "Outcome.results": "By task id.",
    "Outcome.plan": "What was run.",
    "Outcome.verdict": "What validation said.",
    "Outcome.stop_reason": "None while it waits.",
    "Outcome.report": "Where the time and the money went.",
    "Outcome.waiting": "Open questions; each has an `id`, a `kind` and the `request`.",
    "Policy.name": "For messages.",
    "Policy.rules": "The first that matches decides.",
    "Policy.read": "A call that only reads.",
    "Policy.irreversible": "A call that can't be undone.",
    "Rule.name": "For messages.",
    "Rule.risk": "Only tools of this risk.",
    "Rule.where": "Tests of arguments, by name.",
    "Rule.action": "`auto`, `ask` or `deny`.",
    "ArgumentTest.equals": "Exactly this value.",
    "ArgumentTest.one_of": "One of these values.",
    "Settings.openai_api_key": "Key of OpenAI, or of a compatible server.",
    "Settings.openai_base_url": "Address of an OpenAI-compatible server.",
    "Settings.tavily_api_key": "Key of Tavily, for searching the web.",
    "Settings.langsmith_api_key": "Key of LangSmith, for tracing.",
    "Settings.otel_endpoint": "Address of an OpenTelemetry collector (OTLP over HTTP), for tracing.",
    "Settings.otel_traces_endpoint": "The same, for its receiver of traces alone.",
    "RunReport.thread_id": "The thread.",
    "RunReport.brain": "Who thought.",
    "RunReport.started": "Epoch seconds.",
    "RunReport.ended": "Epoch seconds.",
    "RunReport.usage": "Seconds at work, tokens, money, model calls, tool calls.",
    "RunReport.rounds": "How often each loop was taken.",
    "RunReport.critical_seconds": "How long that chain took.",
}
TABLES: dict[str, Callable[[], str]] = {
    "settings": settings_table,
    "tools": tools_table,
    "extras": extras_table,
    "commands": commands_table,
    "exit_codes": exit_codes_table,
    "task": record_table("state.task", "Task"),
    "budget": record_table("state.budget", "Budget"),
    "policy": record_table("state.policy", "Policy"),
    "rule": record_table("state.policy", "Rule"),
    "argument_test": record_table("state.policy", "ArgumentTest"),
    "outcome": record_table("graph.outcome", "Outcome"),
    "task_result": record_table("state.result", "TaskResult"),
    "citation": record_table("state.result", "Citation"),
    "report": record_table("state.run", "RunReport"),
    "stop_reasons": literals_table("state.run", "StopReason", "stop reason"),
    "statuses": literals_table("state.result", "TaskStatus", "status"),
    "errors": literals_table("state.result", "ErrorKind", "error"),
    "events": events_table,
}


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    def line(cells: Iterable[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    head = list(head)
    return "\n".join(map(line, [head, ["---"] * len(head), *rows]))


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=\.)\s", text, maxsplit=1)[0]


def _default(field: Any) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or value == "" or value == [] or value == {}:
        return ""
    if not isinstance(value, str | int | float | bool | Path):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _type(annotation: Any) -> str:
    """A type as JSON has it, in words."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is typing.Annotated:
        return _type(inner[0])
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in inner)
    if origin in (types.UnionType, typing.Union):
        return " or ".join(dict.fromkeys(_type(one) for one in inner if one is not type(None)))
    if origin is list:
        return f"list of {_type(inner[0])}"
    if origin is dict:
        return "object" if inner[1] is Any else f"object of {_type(inner[1])}"
    names = {str: "text", int: "integer", float: "number", bool: "true or false", Any: "any"}
    return names.get(annotation) or getattr(annotation, "__name__", None) or str(annotation)


if __name__ == "__main__":
    REFERENCE.write_text(brought_up_to_date(REFERENCE.read_text("utf-8")), "utf-8")
