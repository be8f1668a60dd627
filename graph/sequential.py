"""Sequential: prompt, search, answer. No branches and no loops."""

from __future__ import annotations

from langgraph.graph import END, START

from graph.building import Wiring, begun, built
from nodes.execute import execute
from nodes.generate import generate
from nodes.guard import guard
from nodes.intent import intent
from nodes.kit import Kit
from nodes.respond import respond
from nodes.sequence import sequence
from nodes.validate import validate


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


build = built(wire, "sequential")
