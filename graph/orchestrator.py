"""The orchestrator: the hybrid graph, planned where it can be, agentic where it must be."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langgraph.graph import START

from graph import routes
from graph.building import Wiring, begun, branch, build_graph, carry_out, step
from graph.guarded import GuardedGraph
from memory.journal import Journal
from models.brain import Brain
from nodes import decompose as planning
from nodes.guard import guard
from nodes.guardrails import Guards
from nodes.intent import clarify, intent
from nodes.kit import Kit, NodeFunction
from nodes.review import review
from nodes.route import route
from state.policy import Policy
from tools.registry import AnyTool


def build(
    brain: Brain | str | None = None,
    tools: Sequence[AnyTool] | None = None,
    checkpointer: Any = None,
    store: Any = None,
    policy: Policy | str | Path | None = None,
    *,
    model: str | None = None,
    journal: Journal | None = None,
    guards: Guards | None = None,
) -> GuardedGraph:
    """The orchestrator as a compiled LangGraph graph.

    `brain`: an instance, 'reflex' or 'chat'; by default chat if a model is configured, else reflex.
    `tools`: LangChain tools, ToolSpecs or documented functions; by default the built-in ones.
    `checkpointer`, `store`: LangGraph's; without a checkpointer nothing can be resumed.
    `policy`: a Policy, a TOML file, or 'default', 'auto', 'ask'.
    `model`: name of the chat model. `journal`: where effects are recorded; by default beside the checkpoints.
    `guards`: what looks at the goal and the answer; see `nodes.guardrails`.
    Raises ValueError for a name that isn't known.
    """
    return build_graph(
        wire,
        "orchestrator",
        brain=brain,
        tools=tools,
        checkpointer=checkpointer,
        store=store,
        policy=policy,
        model=model,
        journal=journal,
        guards=guards,
    )


def wire(
    kit: Kit, *, graph: Wiring | None = None, decompose: NodeFunction | None = None, receive: NodeFunction | None = None
) -> Wiring:
    """The graph, before it is compiled.

    `graph`: where to draw it, if it has a state of its own. `decompose`: another step to plan with. `receive`: one more
    step, between planning and checking the plan.
    """
    graph = begun() if graph is None else graph
    step(graph, "guard", guard(kit))
    step(graph, "intent", intent(kit))
    step(graph, "clarify", clarify(kit))
    step(graph, "decompose", decompose or planning.decompose(kit))
    if receive is not None:
        step(graph, "receive", receive)
        graph.add_edge("receive", "route")
    step(graph, "route", route(kit))
    step(graph, "review", review(kit))
    graph.add_edge(START, "guard")
    graph.add_edge("guard", "intent")
    branch(graph, "intent", routes.after_intent)
    graph.add_edge("clarify", "intent")
    graph.add_edge("decompose", "route" if receive is None else "receive")
    branch(graph, "route", routes.after_route)
    branch(graph, "review", routes.after_review)
    carry_out(graph, kit)
    return graph
