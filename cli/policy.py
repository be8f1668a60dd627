"""`orchestrate policy`: what would ask, and why."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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

Each call runs, asks a person, or is refused: that of a task, of its fallback, and of each tool that it gives to an
agent. Nothing is called.

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
    from cli.console import aside
    from cli.threads import print_rows
    from graph.kits import builtin, choose_policy
    from memory.settings import settings
    from state.plan import check_plan
    from tools.registry import Toolbox

    config = settings()
    its_plan = options.read_plan(plan)
    assert its_plan is not None
    chosen = choose_policy(policy)
    with aside(json=json):
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
    """For each call that a plan may come to, in order: its task, its tool, the tool's risk, what the policy says.

    A task's fallback is a call of its own, and so is each tool that it gives to an agent; what an agent calls is
    judged as it is once the agent has read something.
    """
    from nodes.execution import provenance
    from state.policy import PolicyDecision
    from state.result import Origin
    from state.task import AGENT, MODEL

    literal, known = Origin(trusted=True, sources=["plan"]), dict[str, Origin]()
    found = []

    def decide(task: str, tool: str, args: dict[str, Any], origins: dict[str, Origin], caller: Origin) -> None:
        spec = tools.get(tool)
        risk, open_world = (spec.risk, spec.open_world) if spec else ("read", False)
        verdict = policy.decide(
            tool=tool,
            risk=risk,
            args=args,
            origins=origins,
            open_world=open_world,
            caller=caller,
            roles=spec.argument_roles if spec else None,
            is_resolved=False,
        )
        found.append((task, tool, str(risk), verdict))

    for task in plan.order():
        items = {"item": provenance.of_value(task.each, known, literal)} if task.each is not None else {}
        origins = provenance.of_arguments(task.args, known | items, literal)
        caller = Origin.merge([literal, *items.values()])
        results = []
        for tool in filter(None, (task.tool, task.fallback)):
            spec = tools.get(tool)
            whence = origins | items
            results.append(
                provenance.of_call(spec, task.id, whence)
                if spec
                else provenance.of_result(tool, task.id, whence, trusted=True)
            )
            if tool in (MODEL, AGENT):
                found.append((task.id, tool, "read", PolicyDecision(action="auto", reason="it calls nothing itself")))
            else:
                decide(task.id, tool, dict(task.args), origins, caller)
            if tool == AGENT and isinstance(given := task.args.get("tools"), list):
                read = Origin(trusted=False, sources=["what the agent reads"]).by_model()
                for name in map(str, given):
                    decide(task.id, name, {}, {"what it chooses": read}, read)
        known[task.id] = results[0] if len(results) == 1 else Origin.merge(results)
    return found
