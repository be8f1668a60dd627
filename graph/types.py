"""The orchestration types by name."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from graph.guarded import GuardedGraph

_MODULES = {
    "hybrid": "graph.orchestrator",
    "sequential": "graph.sequential",
    "graph": "graph.dag",
    "agentic": "graph.agentic",
    "supervisor": "graph.supervisor",
    "event": "graph.event_driven",
}
TYPES = tuple(_MODULES)
REMEMBERING = frozenset({"agentic"})
"""The types that have a long-term memory, if they are given a store."""


def builder(type_name: str) -> Callable[..., GuardedGraph]:
    """The `build` function of an orchestration type. Raises ValueError for a name that isn't known."""
    if type_name not in _MODULES:
        raise ValueError(f"there is no orchestration type '{type_name}'; there are: {', '.join(TYPES)}")
    found: Callable[..., GuardedGraph] = import_module(_MODULES[type_name]).build
    return found
