"""`orchestrate ask` and `orchestrate resume`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli import options

ASK = """Run a goal: plan it, run the plan, answer with citations.

Every claim of the answer carries a number; under the answer stands the sentence that each number quotes, with its
file and place. Without a model the embedded brain answers, by quoting.

\b
Examples:
  orchestrate ask "Who may become a senator?" --docs constitution.pdf
  orchestrate ask "Compare the two contracts' notice periods" --docs contracts/
  orchestrate ask "Which month sold most?" --db sqlite:///sales.sqlite
  orchestrate ask "What is 17.5 % of 1,240?" --json
  orchestrate ask "And the year before?" --thread 3f9a0c12d4e7
  orchestrate ask "Nightly figures" --plan nightly.json --budget seconds=60
  git log -20 | orchestrate ask - --docs CHANGELOG.md

\b
Exit codes:
  0 answered   1 failed   2 usage   3 waits for a person   4 a partial answer, or none was found
"""
RESUME = """Go on with a run that was stopped or killed.

What is done is not done again: results come from the thread's checkpoints, and effects happen once.

\b
Examples:
  orchestrate resume 3f9a0c12d4e7
  orchestrate resume 3f9a0c12d4e7 --retry-failed   run again only what failed, and what needs it
"""


def ask(
    goal: Annotated[str, typer.Argument(metavar="GOAL", help="What you want to know or have done; '-' reads stdin.")],
    docs: options.Docs = None,
    db: options.Db = None,
    type_: options.Type = None,
    thread: Annotated[
        str | None, typer.Option("--thread", metavar="ID", help="Go on with a conversation; new if it isn't there.")
    ] = None,
    plan: Annotated[
        Path | None, typer.Option("--plan", metavar="FILE", help="A plan of your own, JSON or TOML; '-' reads stdin.")
    ] = None,
    budget: options.BudgetText = None,
    brain: options.Brain = None,
    model: options.Model = None,
    policy: options.PolicyName = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    from cli.conclusion import conclude
    from cli.errors import UsageError
    from cli.session import Interrupted, Session, leave_interrupted
    from graph.names import new_thread_id

    if goal == "-" and plan is not None and str(plan) == "-":
        raise UsageError("the goal and the plan can't both be read from stdin", "put one of them in a file")
    text = options.read_goal(goal)
    chosen = options.RunOptions(docs=docs, db=db, brain=brain, model=model, policy=policy, type=type_)
    its_plan, its_budget = options.read_plan(plan), options.read_budget(budget)
    thread_id = options.read_thread(thread) if thread is not None else new_thread_id()
    with Session(chosen, quiet=quiet, json=json) as session:
        try:
            outcome = session.settle(session.ask(text, thread_id=thread_id, plan=its_plan, budget=its_budget))
        except Interrupted as stopped:
            leave_interrupted(stopped.thread_id)
            raise
        raise typer.Exit(conclude(outcome, session.progress, json=json, quiet=quiet))


def resume(
    thread: Annotated[str, typer.Argument(metavar="THREAD", help="The thread's id, or the beginning of it.")],
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Run again what failed, and what was skipped because of it.")
    ] = False,
    docs: options.Docs = None,
    db: options.Db = None,
    type_: options.Type = None,
    brain: options.Brain = None,
    model: options.Model = None,
    policy: options.PolicyName = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    from cli.conclusion import conclude
    from cli.session import Interrupted, Session, leave_interrupted

    chosen = options.RunOptions(docs=docs, db=db, brain=brain, model=model, policy=policy, type=type_)
    with Session(chosen, quiet=quiet, json=json) as session:
        try:
            outcome = session.resume(options.read_thread(thread), retry_failed=retry_failed)
            outcome = session.settle(outcome)
        except Interrupted as stopped:
            leave_interrupted(stopped.thread_id)
            raise
        raise typer.Exit(conclude(outcome, session.progress, json=json, quiet=quiet))
