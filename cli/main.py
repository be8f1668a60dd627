"""The `orchestrate` command: its commands, and what a person sees when one fails.

Only Typer is imported here: `--help` is to be instant. Each command imports what it needs when it runs.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from cli import approve, ask, chat, compare, doctor, events, look, measure, policy, report, serve, threads
from cli.errors import Exit, UsageError
from cli.failing import close_broken_pipe, fail, print_error_json

ABOUT = """Give it a goal: it plans, runs the plan, and answers with citations.

It can be stopped anywhere and goes on where it was; it asks before it does what can't be undone.

\b
Examples:
  orchestrate ask "Who may become a senator?" --docs constitution.pdf
  orchestrate chat --docs manuals/
  orchestrate threads
  orchestrate doctor
"""
_SECTIONS = {
    "Work": ("ask", "chat", "resume", "approve", "compare", "events", "serve"),
    "Look back": ("threads", "report", "journal", "audit"),
    "Look around": ("index", "tools", "graph", "policy", "doctor"),
    "Measure": ("bench", "eval"),
}

_OBJECTS = 100_000
"""New objects between two rounds of garbage collection: imports make several times as many, and all of them stay."""


class Sections(TyperGroup):
    """Lists the commands by what they are for."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        named = {name for names in _SECTIONS.values() for name in names}
        others = tuple(name for name in self.list_commands(ctx) if name not in named)
        for title, names in {**_SECTIONS, "More": others}.items():
            commands = [(name, self.get_command(ctx, name)) for name in names]
            rows = [(name, command.get_short_help_str(80)) for name, command in commands if command is not None]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


def _typer(**settings: Any) -> typer.Typer:
    return typer.Typer(
        no_args_is_help=not settings.get("invoke_without_command"),
        # Rich's help costs 0.2 s of imports.
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        **settings,
    )


app = _typer(cls=Sections, help=ABOUT)
app.command("ask", help=ask.ASK)(ask.ask)
app.command("resume", help=ask.RESUME)(ask.resume)
app.command("chat", help=chat.CHAT)(chat.chat)
app.command("approve", help=approve.APPROVE)(approve.approve)
app.command("compare", help=compare.COMPARE)(compare.compare)
app.command("serve", help=serve.SERVE)(serve.serve)
app.command("bench", help=measure.BENCH, context_settings=measure.PASSED_ON)(measure.bench)
app.command("eval", help=measure.EVAL, context_settings=measure.PASSED_ON)(measure.evaluate)
app.command("report", help=report.REPORT)(report.report)
app.command("journal", help=report.JOURNAL)(report.journal)
app.command("audit", help=report.AUDIT)(report.audit)
app.command("index", help=look.INDEX)(look.index)
app.command("tools", help=look.TOOLS)(look.tools)
app.command("graph", cls=look.FileOrStdout, help=look.GRAPH)(look.graph)
app.command("doctor", help=doctor.DOCTOR)(doctor.doctor)

thread_commands = _typer(help=threads.THREADS, invoke_without_command=True)
thread_commands.callback()(threads.threads)
thread_commands.command("list", help=threads.LIST)(threads.list_)
thread_commands.command("show", help=threads.SHOW)(threads.show)
thread_commands.command("history", help=threads.HISTORY)(threads.history)
thread_commands.command("fork", help=threads.FORK)(threads.fork)
thread_commands.command("delete", help=threads.DELETE)(threads.delete)
thread_commands.command("prune", help=threads.PRUNE)(threads.prune)
app.add_typer(thread_commands, name="threads")

policy_commands = _typer(help=policy.POLICY)
policy_commands.command("check", help=policy.CHECK)(policy.check)
app.add_typer(policy_commands, name="policy")

event_commands = _typer(help=events.EVENTS)
event_commands.command("run", help=events.RUN)(events.run)
event_commands.command("check", help=events.CHECK)(events.check)
event_commands.command("send", help=events.SEND)(events.send)
event_commands.command("list", help=events.LIST)(events.list_)
event_commands.command("dead", help=events.DEAD)(events.dead)
event_commands.command("replay", help=events.REPLAY)(events.replay)
app.add_typer(event_commands, name="events")


def _print_version(asked: bool | None) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"orchestrate {version('orchestration-layer')}")
        raise typer.Exit


@app.callback()
def about(
    # None, not False: Typer imports pydantic to read a value.
    version: Annotated[
        bool | None, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = None,
) -> None:
    """Options before the command."""


def main() -> None:
    """The entry point: runs the command, and ends the process with its exit code."""
    import gc

    gc.set_threshold(_OBJECTS)
    try:
        code = run()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    _end(code)


def run() -> int:
    """Run the command of `sys.argv` and turn every failure into a clear sentence; returns or exits with its code."""
    from cli.console import tolerant

    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who called, as by `>&-`
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
    tolerant(sys.stdout)
    tolerant(sys.stderr)
    _quiet_libraries()
    try:
        app()
    except KeyboardInterrupt:
        return int(Exit.INTERRUPTED)
    except SystemExit as end:
        if isinstance(end.__context__, BrokenPipeError):  # which Typer takes for a failure
            close_broken_pipe()
        if end.code == Exit.USAGE:  # Typer has told a person already
            print_error_json(UsageError("the command was called wrongly", "stderr says how; --help says what it takes"))
        raise
    except Exception as error:  # the last place that can spare a person the stack trace
        return fail(error)
    return int(Exit.ANSWERED)


def _end(code: int) -> None:
    """End the process once all is written; taking its modules apart one by one would cost a third of a second."""
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(code)


def _quiet_libraries() -> None:
    # What libraries log or warn of is for developers; -W and PYTHONWARNINGS bring it back.
    import logging
    import warnings

    logging.getLogger().addHandler(logging.NullHandler())
    if not sys.warnoptions:
        warnings.simplefilter("ignore")


if __name__ == "__main__":
    main()
