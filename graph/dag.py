"""Graph: a DAG that is known beforehand, declared in a file or planned once, and run as it stands."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack

from langgraph.graph import START

from graph import routes
from graph.building import Choices, Wiring, begun, branch, build_graph, carry_out, step
from graph.guarded import GuardedGraph
from graph.plans import load_plan
from nodes.declare import declare
from nodes.decompose import decompose
from nodes.guard import guard
from nodes.kit import Kit
from nodes.review import review
from nodes.route import route
from state.plan import Plan


def build(*, plan: Plan | Mapping[str, Any] | str | Path | None = None, **choices: Unpack[Choices]) -> GuardedGraph:
    """The graph of a declared plan; the other parameters as `graph.orchestrator.build`.

    `plan`: a Plan, its JSON, or the path of a JSON or TOML file; every node of it is a tool, 'model' or 'agent', and
    `{{goal}}` in it is the goal of the run. A run may bring another plan. With neither, the brain makes one, once:
    nothing is asked back, and what is missing afterwards is named instead of being planned for anew.
    Raises ValueError for a plan that can't be read.
    """
    declared = load_plan(plan) if isinstance(plan, str | Path) else None if plan is None else Plan.model_validate(plan)
    return build_graph(functools.partial(wire, plan=declared), "graph", **choices)


def wire(kit: Kit, plan: Plan | None = None) -> Wiring:
    """The graph, before it is compiled."""
    graph = begun()
    step(graph, "guard", guard(kit))
    step(graph, "declare", declare(plan))
    step(graph, "decompose", decompose(kit))
    step(graph, "route", route(kit, repairs=0))
    step(graph, "review", review(kit, replans=False))
    graph.add_edge(START, "guard")
    graph.add_edge("guard", "declare")
    branch(graph, "declare", routes.after_declare)
    graph.add_edge("decompose", "route")
    branch(graph, "route", routes.after_only_route)
    branch(graph, "review", routes.after_only_review)
    carry_out(graph, kit, routes.after_validate_without_replan)
    return graph
