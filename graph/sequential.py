"""Sequential: prompt, search, answer. No branches and no loops."""

from __future__ import annotations

from typing import Unpack

from langgraph.graph import END, START

from graph.building import Choices, Wiring, begun, build_graph
from graph.guarded import GuardedGraph
from nodes.execute import execute
from nodes.generate import generate
from nodes.guard import guard
from nodes.intent import intent
from nodes.kit import Kit
from nodes.respond import respond
from nodes.sequence import sequence
from nodes.validate import validate


def build(**choices: Unpack[Choices]) -> GuardedGraph:
    """The sequential graph; parameters as `graph.orchestrator.build`."""
    return build_graph(wire, "sequential", **choices)


def wire(kit: Kit) -> Wiring:
    """The graph, before it is compiled."""
    graph = begun()
    graph.add_sequence(
        [
            ("guard", guard(kit)),
            ("intent", intent(kit)),
            ("search", sequence(kit)),
            ("execute", execute(kit)),
            ("generate", generate(kit)),
            ("validate", validate(kit)),
            ("respond", respond(kit)),
        ]
    )
    graph.add_edge(START, "guard")
    graph.add_edge("respond", END)
    return graph
