"""What it is worth to begin tasks while the plan is still being written: the same runs with a head start and without.

    python -m benchmarks.plan_streaming [--repeat 3] [--token 0.005 0.02] [--tool 1.0] [--tasks 2 8 20]

A scripted model (OpenAI's protocol over HTTP) writes a plan of so many look-ups at `--token` seconds per token, either
side by side or each on what the one before found; a look-up takes `--tool` seconds. Both sides are the 'graph' type
with the chat brain and have the same plan; without a head start tasks begin when it is whole. Seconds are those from
the goal to the end of the last task.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import statistics
import time
from typing import Any

from langgraph.checkpoint.memory import InMemorySaver

from evals.servers.openai_server import OpenAIServer, Reply, Request
from graph.dag import build
from memory.settings import Settings
from models.chat import ChatBrain
from state.policy import NAMED
from tools.registry import ToolSpec, tool

POLICIES = {
    "with": NAMED["auto"],
    # Every plan is reviewed, so nothing begins before it is whole; nobody is there, so nobody is waited for.
    "without": NAMED["auto"].model_copy(update={"plan": "always", "attended": False}),
}


def plan_of(tasks: int, shape: str) -> str:
    """The JSON of a plan of look-ups."""
    looks: list[dict[str, Any]] = []
    for number in range(1, tasks + 1):
        place = f"{{{{t{number - 1}}}}}" if shape == "chain" and number > 1 else f"place {number}"
        looks.append({"id": f"t{number}", "goal": f"Look up {number}", "tool": "look_up", "args": {"place": place}})
    return json.dumps({"tasks": looks})


def look_up(seconds: float) -> ToolSpec:
    """A tool that takes so long."""

    @tool(trusted=True, concurrency=64)
    async def look_up(place: str) -> str:
        """The figure of a place."""
        await asyncio.sleep(seconds)
        return f"The figure of {place[:20]} is 7."

    return look_up


async def seconds_of(side: str, shape: str, tasks: int, token: float, tool_seconds: float) -> float:
    """Seconds from the goal to the end of the last task."""

    def model(request: Request) -> Reply:
        if str(request.messages[0]["content"]).startswith("You plan"):
            return Reply(plan_of(tasks, shape), token_latency=token)
        return Reply("The figure of place 1 is 7 [1].")

    with OpenAIServer(model) as server:
        brain = ChatBrain.from_settings(Settings(openai_base_url=server.url, model="gpt-4o"))
        graph = build(brain=brain, tools=[look_up(tool_seconds)], checkpointer=InMemorySaver(), policy=POLICIES[side])
        given: Any = {"goal": "Compare the figures of these places", "budget": {"rounds": 0}}
        began = time.time()
        out = await graph.ainvoke(given, {"configurable": {"thread_id": "t"}})
    assert len(out["results"]) == tasks
    assert all(result.ok for result in out["results"].values())
    assert out["report"].usage.tool_calls == tasks
    return float(max(result.ended for result in out["results"].values())) - began


async def main(options: argparse.Namespace) -> None:
    for side in POLICIES:
        await seconds_of(side, "chain", 2, 0.0, 0.0)
    print("| shape | tasks | ms per token | s per look-up | without | with | faster |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for shape, token, tasks in itertools.product(("side by side", "chain"), options.token, options.tasks):
        taken: dict[str, list[float]] = {side: [] for side in POLICIES}
        for _ in range(options.repeat):
            for side in POLICIES:
                taken[side].append(await seconds_of(side, shape, tasks, token, options.tool))
        with_it, without = (statistics.median(taken[side]) for side in ("with", "without"))
        print(
            f"| {shape} | {tasks} | {token * 1000:g} | {options.tool:g} | {without:.2f} s | {with_it:.2f} s | "
            f"{without / with_it:.2f}x |",
            flush=True,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--token", type=float, nargs="+", default=[0.005, 0.02], help="seconds per token of the plan")
    parser.add_argument("--tool", type=float, default=1.0, help="seconds of a look-up")
    parser.add_argument("--tasks", type=int, nargs="+", default=[2, 8, 20])
    asyncio.run(main(parser.parse_args()))
