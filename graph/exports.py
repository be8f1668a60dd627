"""The graphs a LangGraph server loads: compiled without a checkpointer, since the server brings one."""

from __future__ import annotations

from graph.guarded import GuardedGraph
from graph.types import builder
from memory.journal import journal_at


def _exported(type_name: str) -> GuardedGraph:
    return builder(type_name)(journal=journal_at())


hybrid = _exported("hybrid")
sequential = _exported("sequential")
graph = _exported("graph")
agentic = _exported("agentic")
supervisor = _exported("supervisor")
event = _exported("event")
