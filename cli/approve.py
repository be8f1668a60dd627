"""`orchestrate approve`: answers what a run waits for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options
from cli.errors import CommandError, Exit, UsageError
from cli.progress import as_typed

if TYPE_CHECKING:
    from graph.outcome import Waiting

APPROVE = """Answer what a run waits for.

Without a decision every open question is shown with all its arguments, where each comes from, and whether that is
trusted, and is asked here. With one, that decision is given. The run then goes on.

\b
Examples:
  orchestrate approve 3f9a0c12d4e7
  orchestrate approve 3f9a0c12d4e7 --task t2 --approve
  orchestrate approve 3f9a0c12d4e7 --task t2 --edit '{"to": "sales@example.org"}'
  orchestrate approve 3f9a0c12d4e7 --task t2 --reject "the amount is wrong"
  orchestrate approve 3f9a0c12d4e7 --respond "the year 2024"
  orchestrate approve 3f9a0c12d4e7 --all --approve

For an effect in doubt: --approve does it again, --respond says that it happened (the text is its result), --reject
leaves it. A plan is edited by --edit with the whole plan, '@FILE' reads it from a file.
"""


def approve(
    thread: Annotated[str, typer.Argument(metavar="THREAD", help="The thread's id, or the beginning of it.")],
    reason: Annotated[str | None, typer.Argument(metavar="[REASON]", help="Why, after --reject.")] = None,
    task: Annotated[str | None, typer.Option("--task", metavar="T", help="Only the questions of this task.")] = None,
    id_: Annotated[str | None, typer.Option("--id", metavar="ID", help="Only the question of this id.")] = None,
    approve_: Annotated[bool, typer.Option("--approve", help="Let it happen as shown.")] = False,
    edit: Annotated[
        str | None, typer.Option("--edit", metavar="JSON", help="Let it happen with these arguments; @FILE reads one.")
    ] = None,
    reject: Annotated[bool, typer.Option("--reject", help="Refuse; a REASON is fed back.")] = False,
    respond: Annotated[
        str | None, typer.Option("--respond", metavar="TEXT", help="Answer in words, in place of the action.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Give the decision to every open question.")] = False,
    brain: options.Brain = None,
    model: options.Model = None,
    policy: options.PolicyName = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    from cli.conclusion import conclude
    from cli.console import interactive
    from cli.remembered import full_id
    from cli.session import Interrupted, Session, leave_interrupted, open_questions
    from graph.outcome import Outcome

    decisions = [approve_, edit is not None, reject, respond is not None]
    if sum(decisions) > 1:
        raise UsageError("one decision at a time", "choose one of --approve, --edit, --reject, --respond")
    if reason is not None and not reject:
        raise UsageError(f"'{reason}' stands alone", "a reason goes with --reject")
    chosen = options.RunOptions(brain=brain, model=model, policy=policy)
    thread_id = full_id(thread)
    waiting = _chosen(open_questions(thread_id), thread_id, task, id_)
    with Session(chosen, quiet=quiet, json=json) as session:
        try:
            if any(decisions):
                if len(waiting) > 1 and not all_:
                    ids = ", ".join(f"--id {one.id}" for one in waiting)
                    raise UsageError(f"{len(waiting)} questions are open", f"name one: {ids}; or answer --all alike")
                answers = {one.id: _decision(one, approve_, edit, reject, reason, respond) for one in waiting}
                outcome = session.resume(thread_id, answers)
            else:
                before = Outcome(thread_id=thread_id, waiting=waiting)
                outcome = session.settle(before)
                if outcome is before:
                    raise typer.Exit(_show(thread_id, waiting, json=json, asked=interactive() and not json))
        except Interrupted as stopped:
            leave_interrupted(stopped.thread_id or thread_id)
            raise
        raise typer.Exit(conclude(outcome, session.progress, json=json, quiet=quiet))


def _chosen(waiting: list[Waiting], thread_id: str, task: str | None, id_: str | None) -> list[Waiting]:
    if not waiting:
        raise CommandError(
            f"thread {thread_id} asks nothing", f"`orchestrate threads show {as_typed(thread_id)}` shows it"
        )
    found = [
        one
        for one in waiting
        if (id_ is None or one.id.startswith(id_)) and (task is None or one.request.get("task") == task)
    ]
    if not found:
        there = ", ".join(f"{one.id} (task {one.request.get('task') or '-'})" for one in waiting)
        raise UsageError("no open question fits", f"open are: {there}")
    return found


def _decision(
    waiting: Waiting, approved: bool, edited: str | None, rejected: bool, reason: str | None, response: str | None
) -> dict[str, Any]:
    from cli import questions

    if approved:
        answer = questions.approve()
    elif edited is not None:
        answer = questions.edit(waiting, _edited(waiting, edited))
    elif rejected:
        answer = questions.reject(reason or "")
    else:
        answer = questions.respond(response or "")
    questions.check_allowed(waiting, answer)
    return answer


def _edited(waiting: Waiting, text: str) -> dict[str, Any]:
    from cli import questions

    hint = f"what is to change, as in --edit {questions.edit_example(waiting)}; @FILE reads it from a file"
    if text.startswith("@"):
        try:
            text = Path(text[1:]).read_text(encoding="utf-8")
        except OSError as error:
            raise UsageError(f"--edit: {text[1:]} can't be read: {error.strerror}", hint) from None
        except UnicodeDecodeError:
            raise UsageError(f"--edit: {text[1:]} can't be read: it is not UTF-8 text", hint) from None
    return options.read_json_object("--edit", text, hint)


def _show(thread_id: str, waiting: list[Waiting], *, json: bool, asked: bool) -> int:
    from cli import questions
    from cli.conclusion import print_json

    if json:
        print_json({"thread_id": thread_id, "waiting": [one.to_json() for one in waiting]})
    elif not asked:
        for one in waiting:
            typer.echo("\n".join(questions.plain(one, thread_id)))
    else:
        typer.echo(f"\nstill open; go on with: orchestrate approve {as_typed(thread_id)}")
    return int(Exit.WAITING)
