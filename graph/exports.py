"""The graphs a LangGraph server loads: compiled without a checkpointer, since the server brings one."""

from __future__ import annotations

from graph.types import builder
from memory.journal import journal_at

hybrid = builder("hybrid")(journal=journal_at())
