"""Supervisor: hands the parts of a goal to specialised agents, each with tools, a prompt and bounds of its own."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack

from pydantic import ValidationError

from graph.building import Choices, Wiring, build_graph
from graph.guarded import GuardedGraph
from graph.orchestrator import wire as wire_orchestrator
from graph.plans import load, told
from nodes.delegate import delegate
from nodes.kit import Kit
from state.specialist import Specialist

RESEARCHER = Specialist(
    name="researcher",
    about="Finds out what documents and the web say.",
    prompt="You are a careful researcher: you find the passages that answer, and say when there are none.",
    tools=["search_documents", "search_web", "fetch_page", "read_file", "list_files", "calculate", "now"],
)
ANALYST = Specialist(
    name="analyst",
    about="Answers from tables and figures: queries a database, and calculates.",
    prompt="You are an analyst: you query before you calculate, and you never estimate what can be computed.",
    tools=["query_database", "search_documents", "calculate", "run_python", "now"],
)
CLERK = Specialist(
    name="clerk",
    about="Carries things out: writes files, sends messages and requests, changes rows.",
    prompt="You are a reliable clerk: you do exactly what was asked, once.",
    tools=["write_file", "send_email", "http_request", "run_sql", "read_file", "list_files"],
)
SPECIALISTS = (RESEARCHER, ANALYST, CLERK)


def build(
    *, specialists: Sequence[Specialist | Mapping[str, Any]] | str | Path | None = None, **choices: Unpack[Choices]
) -> GuardedGraph:
    """The supervisor's graph; the other parameters as `graph.orchestrator.build`.

    `specialists`: those to hand tasks to, or the path of a TOML or JSON file with `[[specialists]]`; by default a
    researcher, an analyst and a clerk. It is the orchestrator with a plan of agents: reviewed, run side by side,
    answered and checked as any plan. Raises ValueError for specialists that can't be read.
    """
    return build_graph(functools.partial(wire, specialists=declared(specialists)), "supervisor", **choices)


def declared(specialists: Sequence[Specialist | Mapping[str, Any]] | str | Path | None) -> list[Specialist]:
    """Specialists as given, or from a file. Blocks. Raises ValueError."""
    if specialists is None:
        return list(SPECIALISTS)
    given: Any = specialists
    if isinstance(specialists, str | Path):
        given = load(specialists)
        given = given.get("specialists") if isinstance(given, dict) else given
    if not isinstance(given, Sequence) or not given:
        raise ValueError(f"there are no specialists in {specialists}; a TOML file has them as [[specialists]]")
    try:
        found = [Specialist.model_validate(one) for one in given]
    except ValidationError as error:
        raise ValueError(f"a specialist can't be read: {told(error)}") from None
    if len({one.name for one in found}) < len(found):
        raise ValueError("two specialists have the same name")
    return found


def wire(kit: Kit, specialists: Sequence[Specialist] = SPECIALISTS) -> Wiring:
    """The graph, before it is compiled: the orchestrator's, whose planning hands out."""
    return wire_orchestrator(kit, decompose=delegate(kit, specialists))
