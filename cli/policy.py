"""`orchestrate policy`: what would ask, and why."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import options
from cli.errors import Exit

if TYPE_CHECKING:
    from state.plan import Plan
    from state.policy import Policy, PolicyDecision
    from tools.registry import Toolbox

POLICY = """Policies: what may run without asking.

\b
Example:
  orchestrate policy check plan.json
"""
CHECK = """Show what of a plan would ask, and why.

Each task runs, asks a person, or is refused. Nothing is called.

Where a value comes from is followed through the plan: what reads an untrusted tool's result is untrusted.

\b
Examples:
  orchestrate policy check plan.json
  orchestrate policy check plan.json --policy ask
  orchestrate policy check plan.json --policy team.toml --json
"""


def check(
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="A plan as JSON; '-' reads stdin.")],
    policy: options.PolicyName = None,
    docs: options.Docs = None,
    db: options.Db = None,
    json: options.Json = False,
) -> None:
    from cli.conclusion import print_json
    from cli.threads import print_rows
    from graph.kits import builtin, choose_policy
    from memory.settings import settings
    from state.plan import check_plan
    from tools.registry import Toolbox

    config = settings()
    its_plan = options.read_plan(plan)
    assert its_plan is not None
    chosen = choose_policy(policy)
    box = Toolbox(builtin([*(docs or config.docs)], db or config.db))
    problems = check_plan(its_plan, box)
    decided = [] if problems else decisions(its_plan, chosen, box)
    if json:
        print_json(
            {
                "policy": chosen.name,
                "problems": [problem.to_json() for problem in problems],
                "tasks": [
                    {"task": task, "tool": tool, "risk": risk, **decision.to_json()}
                    for task, tool, risk, decision in decided
                ],
            }
        )
    elif problems:
        for problem in problems:
            typer.echo(f"{problem.task or 'plan'}: {problem.message}", err=True)
    else:
        rows = [(task, tool, risk, decision.action, decision.reason) for task, tool, risk, decision in decided]
        print_rows(("task", "tool", "risk", "policy", "why"), rows)
        asks = sum(decision.action == "ask" for *_, decision in decided)
        refused = sum(decision.action == "deny" for *_, decision in decided)
        summary = f"policy '{chosen.name}': {len(decided) - asks - refused} run, {asks} ask, {refused} refused"
        typer.echo(summary, err=not sys.stdout.isatty())
    raise typer.Exit(int(Exit.FAILED) if problems else 0)


def decisions(plan: Plan, policy: Policy, tools: Toolbox) -> list[tuple[str, str, str, PolicyDecision]]:
    """For each task, in order: its id, its tool, the tool's risk, and what the policy says of the call."""
    from nodes.execution import provenance
    from state.result import Origin

    literal, known = Origin(trusted=True, sources=["plan"]), dict[str, Origin]()
    found = []
    for task in plan.order():
        spec = tools.get(task.tool)
        risk = spec.risk if spec else "read"
        items = {"item": provenance.of_value(task.each, known, literal)} if task.each is not None else {}
        origins = provenance.of_arguments(task.args, known | items, literal)
        decision = policy.decide(
            tool=task.tool,
            risk=risk,
            args=dict(task.args),
            origins=origins,
            open_world=spec.open_world if spec else False,
            caller=Origin.merge([literal, *items.values()]),
        )
        trusted = spec.trusted if spec else True
        known[task.id] = provenance.of_result(task.tool, task.id, origins | items, trusted=trusted)
        found.append((task.id, task.tool, str(risk), decision))
    return found
