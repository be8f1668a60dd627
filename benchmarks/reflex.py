"""What a run of the embedded brain costs in process: `python -m benchmarks.reflex [--runs 41]`.

Against a bare LangGraph graph of as many empty nodes as the run takes steps, on the same checkpointer and file, in
turns; and against the same graph with as many empty `@task`s in one of them as the run has tasks, which is the
price LangGraph asks for durable tasks. The index is up to date; every run is in a thread of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from langgraph.func import task as durable
from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict

from benchmarks.timing import heading, in_turns, ratio, row
from graph.orchestrator import build
from memory.documents import index_for
from memory.persistence import open_checkpointer
from memory.settings import settings

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "examples" / "us-constitution.txt"
GOALS = (
    "What is 17.5 % of 1240?",
    "How old must a senator be?",
    "How old must a senator be, how old a president, and what is the difference?",
)
LIMIT = 3.0


class Bare(TypedDict):
    """The state of the empty graph."""

    goal: str


def bare_graph(nodes: int, saver: Any, *, tasks: int = 0) -> Any:
    """A graph of `nodes` nodes in a row that do nothing; the first of them calls `tasks` tasks that do nothing."""

    @durable
    async def nothing(number: int) -> int:
        return number

    async def first(state: Bare) -> dict[str, Any]:
        await asyncio.gather(*(nothing(number) for number in range(tasks)))
        return {"goal": state["goal"]}

    async def empty(state: Bare) -> dict[str, Any]:
        return {"goal": state["goal"]}

    graph = StateGraph(Bare)
    names = [f"n{number}" for number in range(nodes)]
    for number, name in enumerate(names):
        graph.add_node(name, empty if number else first)
    for before, after in itertools.pairwise([START, *names, END]):
        graph.add_edge(before, after)
    return graph.compile(checkpointer=saver)


async def steps_and_tasks(graph: Any, goal: str) -> tuple[int, int]:
    """How many nodes a run of `goal` takes, and how many tasks its plan has. Raises RuntimeError if it fails."""
    config = {"configurable": {"thread_id": f"counted {goal}"}}
    nodes = 0
    async for part in graph.astream({"goal": goal}, config, stream_mode="updates"):
        nodes += sum(name in graph.nodes for name in part)
    state = (await graph.aget_state(config)).values
    if state["stop_reason"] != "answered":
        raise RuntimeError(f"what isn't answered is no measure: {goal}: {state['answer']}")
    return nodes, len(state["plan"].tasks)


async def measure(runs: int) -> dict[str, dict[str, list[float]]]:
    """Seconds by goal and by graph."""
    measured: dict[str, dict[str, list[float]]] = {}
    numbers = itertools.count()
    async with open_checkpointer() as saver:
        graph = build(brain="reflex", checkpointer=saver)

        def running(one: Any, goal: str) -> Any:
            async def work() -> None:
                config = {"configurable": {"thread_id": str(next(numbers))}}
                await one.ainvoke({"goal": goal}, config, durability="sync")

            return work

        for goal in GOALS:
            nodes, tasks = await steps_and_tasks(graph, goal)
            works = {
                f"bare graph, {nodes} nodes": running(bare_graph(nodes, saver), goal),
                f"bare graph, {nodes} nodes, {tasks} tasks": running(bare_graph(nodes, saver, tasks=tasks), goal),
                "reflex run": running(graph, goal),
            }
            measured[goal] = await in_turns(works, runs=runs)
    return measured


def main() -> int:
    """Print the figures; 1 if one is beyond its limit."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=41)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"ORCHESTRATE_HOME": home, "ORCHESTRATE_DOCS": f'["{DOCUMENT}"]'}
        settings.cache_clear()
        index_for([DOCUMENT], settings().directory / "index")
        measured = asyncio.run(measure(runs))
    print(heading())
    worst = 0.0
    for goal, taken in measured.items():
        print(goal)
        for name, seconds in taken.items():
            print(row(f"  {name}", seconds))
        bare, with_tasks, run = taken.values()
        worst = max(worst, ratio(run, bare))
        print(f"  run / bare: {ratio(run, bare):.2f}; run / bare with tasks: {ratio(run, with_tasks):.2f}\n")
    print(f"worst: {worst:.2f} of {LIMIT}")
    return int(worst > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
