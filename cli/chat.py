"""`orchestrate chat`: a conversation in one thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import options
from cli.errors import Exit, UsageError
from cli.progress import as_typed

if TYPE_CHECKING:
    from rich.console import Console

    from cli.session import Session
    from graph.outcome import Outcome, Waiting
    from state.budget import Budget

CHAT = """Talk: each goal knows what was said before.

What a run asks is answered by your next line. Threads are remembered: leave, and go on tomorrow. The exit code is 3
if a question is left open.

\b
Examples:
  orchestrate chat --docs manuals/
  orchestrate chat --thread 3f9a0c12d4e7
\b
In the conversation:
  /new      begin a new thread        /threads  list the latest threads
  /plan     show the last plan        /quit     leave (or Ctrl-D)
  Ctrl-C    stop the run at work
"""
_HELP = "/new begins a new thread, /plan shows the last plan, /threads lists threads, /quit leaves"


def chat(
    thread: Annotated[str | None, typer.Option("--thread", metavar="ID", help="Go on with this thread.")] = None,
    docs: options.Docs = None,
    db: options.Db = None,
    type_: options.Type = None,
    budget: options.BudgetText = None,
    brain: options.Brain = None,
    model: options.Model = None,
    policy: options.PolicyName = None,
) -> None:
    from cli.session import Session

    chosen = options.RunOptions(docs=docs, db=db, brain=brain, model=model, policy=policy, type=type_)
    its_budget = options.read_budget(budget)
    with Session(chosen) as session:
        talk = Conversation(session, options.read_thread(thread) if thread else None)
        talk.budget = its_budget
        raise typer.Exit(talk.run())


class Conversation:
    """The loop: a line is a command, an answer to what is open, or a new goal."""

    def __init__(self, session: Session, thread_id: str | None) -> None:
        from cli.console import console
        from graph.names import new_thread_id

        self.session = session
        self.thread_id = thread_id or new_thread_id()
        self.budget: Budget | None = None
        self.last: Outcome | None = None
        self.begun = ""
        """The last thread with something in it."""
        self.waiting: list[Waiting] = self._open() if thread_id else []
        self._asked: Waiting | None = None
        self._on: Console = console()

    def run(self) -> int:
        """Talk until the person leaves; returns the exit code."""
        from cli.questions import read_line

        self._line_editing()
        self._on.print(f"thread {self.thread_id}; /quit or Ctrl-D leaves, /help says more", style="dim")
        while True:
            try:
                self._ask_next()
                if line := read_line("\n> ").strip():
                    self._take(line)
            except EOFError:
                break
            except KeyboardInterrupt:
                self._on.print("\nCtrl-D or /quit leaves", style="dim")
        how = f"go on with: orchestrate chat --thread {as_typed(self.begun)}"
        if self.waiting:
            self._on.print(f"\nstill open; {how}, or orchestrate approve {as_typed(self.thread_id)}", style="dim")
        else:
            self._on.print(f"\n{how}" if self.begun else "", style="dim")
        return int(Exit.WAITING if self.waiting else Exit.ANSWERED)

    def _take(self, line: str) -> None:
        from cli.failing import fail
        from cli.questions import Left
        from cli.session import Interrupted
        from graph.names import new_thread_id

        if line == "/new":
            self.thread_id, self.last, self.waiting = new_thread_id(), None, []
            self._on.print(f"thread {self.thread_id}", style="dim")
        elif line == "/threads":
            from cli.threads import list_

            list_(limit=10, json=False)
        elif line == "/plan":
            self._plan()
        elif line.startswith("/"):
            self._on.print(_HELP, style="dim")
        else:
            try:
                self._go_on(line)
            except Interrupted as stopped:
                if stopped.thread_id:
                    self._on.print(
                        f"stopped; go on with: orchestrate resume {as_typed(stopped.thread_id)}", style="yellow"
                    )
            except Left:
                raise
            except Exception as error:  # a conversation outlives a run that failed
                fail(error)

    def _go_on(self, line: str) -> None:
        from cli.conclusion import conclude

        if self.waiting:
            answer = self._answer(self.waiting[0], line)
            if answer is None:
                return
            outcome = self.session.resume(self.thread_id, {self.waiting[0].id: answer})
        else:
            try:
                outcome = self.session.ask(line, thread_id=self.thread_id, budget=self.budget)
            finally:
                if self.session.progress.began is not None:
                    self.begun = self.thread_id
        self.last, self.waiting = outcome, outcome.waiting
        if not self.waiting:
            self._on.print()
            conclude(outcome, self.session.progress, quiet=True)
            self._footer(outcome)

    def _answer(self, question: Waiting, line: str) -> dict[str, object] | None:
        from cli import questions

        try:
            answer = questions.reply(question, line)
        except UsageError as error:
            self._on.print(f"   {error} (/new begins another thread, /quit leaves)", style="red")
            return None
        except EOFError:
            raise questions.Left from None
        if answer is None:
            self._on.print(f"still open; orchestrate approve {as_typed(self.thread_id)} answers it too", style="dim")
        return answer

    def _ask_next(self) -> None:
        from cli import questions

        if self.waiting:
            question = self.waiting[0]
            self._on.print()
            if question is not self._asked:
                self._on.print(questions.panel(question))
                self._asked = question
            self._on.print(f"   {questions.how_to_answer(question)}", style="dim")

    def _plan(self) -> None:
        from cli import questions

        if self.last is None or self.last.plan is None or not self.last.plan.tasks:
            self._on.print("there is no plan yet", style="dim")
            return
        self._on.print(questions.plan_table(self.last.plan.to_json()))

    def _footer(self, outcome: Outcome) -> None:
        from cli import render

        for line in render.gaps(outcome.stop_reason, outcome.verdict):
            self._on.print(render.note("warning", line))
        self._on.print()
        self._on.print(render.safe(" · ".join(render.figures(outcome.report, outcome.thread_id)[:-1]), "dim"))

    def _open(self) -> list[Waiting]:
        from cli.session import open_questions
        from memory.threads import ThreadNotFound

        try:
            found = open_questions(self.thread_id)
        except ThreadNotFound:
            return []
        self.begun = self.thread_id
        return found

    @staticmethod
    def _line_editing() -> None:
        import contextlib

        with contextlib.suppress(ImportError):
            import readline  # noqa: F401  (input() edits lines once it is imported)
