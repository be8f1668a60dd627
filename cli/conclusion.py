"""How a run ends on the command: the answer with its sources, or what it waits for; and the exit code."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, TextIO

from cli.console import console, is_terminal
from cli.errors import Exit
from cli.failing import naming

if TYPE_CHECKING:
    from cli.progress import Progress
    from graph.outcome import Outcome

_EXIT_CODES = {None: Exit.FAILED, "answered": Exit.ANSWERED, "failed": Exit.FAILED}


def exit_code(outcome: Outcome) -> int:
    """0 answered, 1 failed, 3 waits for a person, 4 anything between."""
    if outcome.waiting:
        return int(Exit.WAITING)
    return int(_EXIT_CODES.get(outcome.stop_reason, Exit.PARTIAL))


def conclude(outcome: Outcome, progress: Progress, *, json: bool = False, quiet: bool = False) -> int:
    """Print how a run came out, and return the exit code."""
    with naming(outcome.thread_id):
        if json:
            print_json(document(outcome))
        elif outcome.waiting:
            _waiting(outcome)
        elif is_terminal(sys.stdout):
            _answer(outcome, progress, quiet=quiet)
        else:
            _lines(outcome, progress, quiet=quiet)
    return exit_code(outcome)


def document(outcome: Outcome) -> dict[str, Any]:
    """The outcome as one JSON document: the contract's output, the thread, the plan, and what it waits for."""
    return {
        "thread_id": outcome.thread_id,
        "stop_reason": outcome.stop_reason,
        "answer": outcome.answer,
        "citations": [_plain(citation) for citation in outcome.citations],
        "results": {name: _plain(result) for name, result in outcome.results.items()},
        "verdict": _plain(outcome.verdict),
        "report": _plain(outcome.report),
        "plan": _plain(outcome.plan),
        "waiting": [{"id": item.id, "kind": item.kind, "request": item.request} for item in outcome.waiting],
    }


def print_json(value: Any, on: TextIO | None = None) -> None:
    """One JSON document on stdout, or `on` another. Control characters of any kind leave as escapes of JSON's."""
    on = on or sys.stdout
    text = json.dumps(value, indent=2, ensure_ascii=not _is_utf8(on), default=str)
    for character in _unsafe(text):
        text = text.replace(character, f"\\u{ord(character):04x}")
    on.write(text + "\n")
    on.flush()


def _answer(outcome: Outcome, progress: Progress, *, quiet: bool) -> None:
    from cli import render

    on = console()
    if not quiet and progress.tasks:
        on.print()
    on.print(render.answer(outcome.answer or "", outcome.citations))
    if quiet:
        return
    for line in render.gaps(outcome.stop_reason, outcome.verdict, _notes(outcome)):
        on.print(render.note("warning", line))
    on.print()
    on.print(render.footer(outcome.report, outcome.thread_id, width=on.width, failed=_has_failed(outcome)))


def _lines(outcome: Outcome, progress: Progress, *, quiet: bool) -> None:
    from cli import render
    from cli.progress import one_line
    from state.text import printable

    lines = [printable(outcome.answer or "").strip()]
    if outcome.citations:
        lines.append("")
    for citation in outcome.citations:
        lines.append(f"[{citation.number}] “{one_line(citation.quote)}” — {render.place(citation)}")
    if not quiet:
        gaps = render.gaps(outcome.stop_reason, outcome.verdict, _notes(outcome))
        lines += ["", *(f"note: {line}" for line in gaps)] if gaps else []
        lines += ["", " · ".join(render.figures(outcome.report, outcome.thread_id))]
        lines += render.next_steps(outcome.thread_id, failed=_has_failed(outcome))
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _waiting(outcome: Outcome) -> None:
    from cli import questions, render
    from state.text import counted

    summary = f"waits for a person: {counted(len(outcome.waiting), 'question')}; thread {outcome.thread_id}"
    if not is_terminal(sys.stdout):
        lines = [summary]
        for item in outcome.waiting:
            lines += ["", *questions.plain(item, outcome.thread_id)]
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()
        return
    on = console()
    for item in outcome.waiting:
        on.print()
        on.print(questions.panel(item))
    on.print()
    on.print(render.safe(f"{summary}\n{render.next_steps(outcome.thread_id, waiting=True)[0]}", "dim"))


def _has_failed(outcome: Outcome) -> bool:
    failed = [result for result in outcome.results.values() if result.status == "failed"]
    return any(result.error is None or result.error.kind != "not_found" for result in failed)


def _notes(outcome: Outcome) -> list[str]:
    report = outcome.report
    return list(report.notes) if report is not None else []


def _plain(value: Any) -> Any:
    to_json = getattr(value, "to_json", None)
    return to_json() if to_json is not None else value


def _is_utf8(stream: TextIO) -> bool:
    return (getattr(stream, "encoding", None) or "").lower().replace("-", "") == "utf8"


def _unsafe(text: str) -> set[str]:
    from state.text import printable

    return {character for character in set(text) if character != "\n" and printable(character) != character}
