"""What it takes to go on with a thread: all that it was begun with, and answers that fit its questions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.types import StateSnapshot

from graph.answers import ThreadError
from graph.guarded import GuardedGraph
from state.check import BUILT_IN_SCHEMAS
from tools.registry import ToolSpec

_BEFORE_WORK = ("review", "search", "recall")
"""The last step before the work begins, by which of them a type has."""
_BEFORE_RESULTS = frozenset({"review", "execute"})
"""Steps of a run whose plan has been checked and has still to be done."""


def check_given(thread_id: str, lost: Collection[str], missing: Collection[str] = ()) -> None:
    """Raises ThreadError where a thread would go on with something else than it was begun with."""
    if lost:
        what = " and ".join(f"a {name}" for name in sorted(lost))
        again = ", ".join(f"`{name}`" for name in sorted(lost))
        raise ThreadError(
            f"thread '{thread_id}' was begun with {what} given as an object, which can't be kept; give {again} again"
        )
    if missing:
        raise ThreadError(
            f"thread '{thread_id}' goes on with tools that aren't here: {', '.join(sorted(missing))}; "
            "give them by `tools`, or name their file in ORCHESTRATE_TOOLS"
        )


def missing_tools(snapshot: StateSnapshot, tools: Sequence[ToolSpec]) -> set[str]:
    """The tools that what is left of a plan needs and that aren't there: its tasks would fail for good."""
    plan = snapshot.values.get("plan")
    if plan is None or not set(snapshot.next) & _BEFORE_RESULTS:
        return set()
    results = snapshot.values.get("results") or {}
    known = {spec.name for spec in tools} | BUILT_IN_SCHEMAS.keys()
    left = [task for task in plan.tasks if task.id not in results or results[task.id].status == "pending"]
    return {task.tool for task in left} - known


async def forget_failures(graph: GuardedGraph, config: RunnableConfig, values: Mapping[str, Any]) -> None:
    """Take the thread back to before what failed, and what needs it. Raises ThreadError if nothing has."""
    results, plan = dict(values.get("results") or {}), values.get("plan")
    failed = {name for name, result in results.items() if result.status == "failed"}
    if not failed or plan is None:
        raise ThreadError("nothing in this thread has failed")
    kept = {name: result for name, result in results.items() if name not in plan.downstream(failed)}
    anew = {"results": kept, "verdict": None, "draft": None, "answer": "", "report": None, "stop_reason": None}
    before = next(name for name in _BEFORE_WORK if name in graph.nodes)
    await graph.aupdate_state(config, {**anew, "approved": True}, as_node=before)
