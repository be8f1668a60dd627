"""Agentic: the brain chooses the next action (ReAct); with a task list and a memory, the loop AutoGPT made known."""

from __future__ import annotations

from typing import Unpack

from langgraph.graph import END, START

from graph import routes
from graph.building import Choices, Wiring, begun, branch, build_graph, step
from graph.guarded import GuardedGraph
from nodes.act import act
from nodes.generate import generate
from nodes.guard import guard
from nodes.intent import clarify, intent
from nodes.kit import Kit
from nodes.recall import recall
from nodes.remember import remember
from nodes.respond import respond
from nodes.validate import validate


def build(**choices: Unpack[Choices]) -> GuardedGraph:
    """The agentic graph; parameters as `graph.orchestrator.build`.

    With a `store` it remembers what its answers rested on, and brings it back where a later goal is about it.
    """
    return build_graph(wire, "agentic", **choices)


def wire(kit: Kit) -> Wiring:
    """The graph, before it is compiled."""
    graph = begun()
    step(graph, "guard", guard(kit))
    step(graph, "intent", intent(kit))
    step(graph, "clarify", clarify(kit))
    step(graph, "recall", recall())
    step(graph, "act", act(kit))
    step(graph, "generate", generate(kit))
    step(graph, "validate", validate(kit))
    step(graph, "remember", remember())
    step(graph, "respond", respond(kit))
    graph.add_edge(START, "guard")
    graph.add_edge("guard", "intent")
    branch(graph, "intent", routes.after_agents_intent)
    graph.add_edge("clarify", "intent")
    graph.add_edge("recall", "act")
    branch(graph, "act", routes.after_act)
    graph.add_edge("generate", "validate")
    branch(graph, "validate", routes.after_agents_validate)
    graph.add_edge("remember", "respond")
    graph.add_edge("respond", END)
    return graph
