"""What orchestration is worth at given model latencies: a plan run in parallel, against ReAct, on three shapes of goal.

    python -m benchmarks.compare_react [--repeat 3] [--call 0.5] [--token 0.01] [--tool 0.5] [--needed]

It repeats the comparison that LLMCompiler and ReWOO published, for what it can show without a real model: the shapes
are theirs, the model is a scripted server (OpenAI's protocol over HTTP) that takes `--call` seconds per call and
`--token` per token it writes, and whose answers are right. So it says nothing of accuracy; it says what the number of
calls, their order, and what is sent again with each of them cost.

Both baselines are `langchain.agents.create_agent` over `ChatOpenAI`, one action at a time, a short thought before each,
its history sent again with every call. The plain one has no prompt; the prompted one has a prompt of worked examples
(`react_prompts`), as the published ReAct had, sent again with every call too. They act alike otherwise: the model makes
no mistake with or without examples. Ours is the 'graph' type with the chat brain, planned once by the model, durable in
SQLite, the answer cited and checked. All are offered the tools the application ships beside the one that the goal
needs; with `--needed` only look_up and calculate, about as in the published comparison. Tokens are counted alike (a
word, or eight characters of a longer one) over all that is sent: messages, tools and schemas; they are priced as
gpt-4o's, none as read from a provider's cache.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import functools
import json
import re
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.react_shapes import SHAPES, Shape, actions_of, passage, plan_of, sums_of
from evals.servers.openai_server import OpenAIServer, Reply, Request
from graph.dag import build
from memory.persistence import open_checkpointer
from memory.settings import Settings
from models.chat import ChatBrain
from models.chat.prices import PRICES
from state.result import Evidence
from tools.catalog import builtin_tools
from tools.registry import ToolOutput, ToolSpec, tool

MODEL = "gpt-4o"
_TOKEN = re.compile(r"\s*\S{1,8}")


@dataclass
class Cost:
    """What one side spent on one goal."""

    seconds: float = 0.0
    calls: int = 0
    given: int = 0
    made: int = 0

    @property
    def money(self) -> float:
        return PRICES[MODEL].of(self.given, self.made)


class Model:
    """The scripted model: plans, acts and writes what is right, and counts what passes."""

    def __init__(self, shape: Shape, call: float, token: float) -> None:
        self._shape, self._call, self._token = shape, call, token
        self.cost = Cost()

    def __call__(self, request: Request) -> Reply:
        system = str(request.messages[0].get("content") or "")
        if system.startswith("You plan."):
            return self._reply(request, json.dumps({"tasks": plan_of(self._shape)}))
        if system.startswith("You answer from numbered sources"):
            return self._reply(request, self._answer(cited=True))
        return self._react(request)

    @contextlib.contextmanager
    def uncounted(self) -> Iterator[None]:
        """A run that isn't measured, without latency."""
        before = self._call, self._token
        self._call = self._token = 0.0
        yield
        (self._call, self._token), self.cost = before, Cost()

    def _react(self, request: Request) -> Reply:
        steps = actions_of(self._shape)
        taken = sum(message.get("role") == "tool" for message in request.messages)
        if taken == len(steps):
            return self._reply(request, self._answer(cited=False))
        name, args = steps[taken]
        what = next(iter(args.values()))
        thought = f"I have taken {taken} steps. To answer the question I still need {what}, so I call {name} next."
        return self._reply(request, thought, [(name, args)])

    def _answer(self, *, cited: bool) -> str:
        lines = [
            f"The figure of {name} is {figure}" + (f" [{number}]." if cited else ".")
            for number, (name, figure) in enumerate(self._shape.lookups.items(), 1)
        ]
        if self._shape.sums:
            total = f" [{len(lines) + len(self._shape.sums)}]" if cited else ""
            return f"The difference is {sums_of(self._shape)['s3']:.10g} percent{total}."
        return " ".join(lines[:3])

    def _reply(self, request: Request, text: str, calls: Sequence[tuple[str, Any]] = ()) -> Reply:
        sent = {name: request.body.get(name) for name in ("messages", "tools", "response_format")}
        given = _tokens(json.dumps(sent, ensure_ascii=False))
        made = _tokens(text) + sum(_tokens(json.dumps({"name": name, "arguments": args})) for name, args in calls)
        self.cost.calls += 1
        self.cost.given += given
        self.cost.made += made
        wait = self._call + (made - _tokens(text)) * self._token  # the text's own tokens take their time as they come
        return Reply(text, tool_calls=calls, usage=(given, made), latency=wait, token_latency=self._token)


def _tokens(text: str) -> int:
    return len(_TOKEN.findall(text))


def tools_of(shape: Shape, seconds: float) -> list[ToolSpec]:
    """The tool that looks a figure up in `seconds`, and those the application ships, or of these the calculator."""

    @tool(risk="read", trusted=False, concurrency=64)
    async def look_up(entity: str) -> ToolOutput:
        """Look an entity up in an encyclopedia: its figure, and the passage it stands in."""
        await asyncio.sleep(seconds)
        text = passage(entity, shape.lookups[entity], shape.passage)
        return ToolOutput(shape.lookups[entity], [Evidence(text=text, source="encyclopedia", place=entity)])

    shipped = builtin_tools(docs=None, db=None, files_root=None, config=Settings())
    offered = [spec for spec in shipped if spec.risk == "read" and not spec.unavailable]
    return [look_up, *(spec for spec in offered if shape.shipped or spec.name == "calculate")]


async def ours(shape: Shape, model: Model, url: str, seconds: float) -> float:
    """Seconds of one run of the 'graph' type."""
    brain = ChatBrain.from_settings(Settings(openai_base_url=url, model=MODEL))
    with tempfile.TemporaryDirectory() as directory:
        async with open_checkpointer(f"sqlite:///{Path(directory) / 'runs.sqlite'}") as saver:
            graph = build(brain=brain, tools=tools_of(shape, seconds), checkpointer=saver, policy="auto")
            given = {"goal": shape.goal, "budget": {"rounds": 0}}
            with model.uncounted():  # the client is opened with the first call, as ReAct's is before its run
                await graph.ainvoke(given, {"configurable": {"thread_id": "first"}})
            began = time.perf_counter()
            out = await graph.ainvoke(given, {"configurable": {"thread_id": "second"}})
            taken = time.perf_counter() - began
    assert out["stop_reason"] == "answered", (out["answer"], out["report"].notes)
    assert out["citations"]
    return taken


async def react(shape: Shape, model: Model, url: str, seconds: float, *, prompted: bool) -> float:
    """Seconds of one run of a ReAct agent, with a prompt of worked examples or without a prompt."""
    import httpx
    from langchain.agents import create_agent
    from langchain_core.messages import HumanMessage
    from langchain_core.tools import BaseTool, StructuredTool
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    async def look_up(entity: str) -> str:
        """Look an entity up in an encyclopedia: its figure, and the passage it stands in."""
        await asyncio.sleep(seconds)
        return passage(entity, shape.lookups[entity], shape.passage)

    others = [spec.tool for spec in tools_of(shape, seconds) if spec.name != "look_up"]
    tools: list[BaseTool] = [StructuredTool.from_function(coroutine=look_up, name="look_up"), *others]
    async with httpx.AsyncClient() as client:
        chat = ChatOpenAI(
            model=MODEL, base_url=url, api_key=SecretStr("none"), http_async_client=client, max_retries=0, temperature=0
        )
        agent = create_agent(chat, tools, system_prompt=shape.prompt if prompted else None)
        with model.uncounted():
            await agent.ainvoke({"messages": [HumanMessage(shape.goal)]})
        began = time.perf_counter()
        await agent.ainvoke({"messages": [HumanMessage(shape.goal)]})
        return time.perf_counter() - began


Side = Callable[[Shape, Model, str, float], Any]


async def measured(side: Side, shape: Shape, options: argparse.Namespace) -> Cost:
    """The median time of repeated runs, and what one of them cost."""
    taken, cost = [], Cost()
    for _ in range(options.repeat):
        model = Model(shape, options.call, options.token)
        with OpenAIServer(model) as server:
            taken.append(await side(shape, model, server.url, options.tool))
            cost = model.cost
    cost.seconds = statistics.median(taken)
    return cost


BASELINES: Mapping[str, Side] = {
    "ReAct, no prompt": functools.partial(react, prompted=False),
    "ReAct, worked examples": functools.partial(react, prompted=True),
}


async def main(options: argparse.Namespace) -> None:
    warm = argparse.Namespace(repeat=1, call=0.0, token=0.0, tool=0.0)
    for side in (ours, *BASELINES.values()):
        await measured(side, SHAPES[0], warm)
    print(f"{options.call:g} s per model call, {options.token * 1000:g} ms per token, {options.tool:g} s per look-up")
    print(
        "| shape | side | seconds | model calls | tokens in | tokens out | US$ per 1000 | ours faster | ours cheaper |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for shape in (replace(shape, shipped=not options.needed) for shape in SHAPES):
        made = await measured(ours, shape, options)
        print(_row(shape.name, "ours", made, " | "))
        for name, side in BASELINES.items():
            base = await measured(side, shape, options)
            ratios = f"{base.seconds / made.seconds:.2f}x | {base.money / made.money:.2f}x"
            print(_row(shape.name, name, base, ratios), flush=True)
        print(f"| {shape.name} | published | | | | | | {shape.faster:.2f}x | {shape.cheaper:.2f}x |")


def _row(shape: str, side: str, cost: Cost, ratios: str) -> str:
    money = f"{cost.money * 1000:.2f}"
    return f"| {shape} | {side} | {cost.seconds:.2f} | {cost.calls} | {cost.given} | {cost.made} | {money} | {ratios} |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--call", type=float, default=0.5, help="seconds of a model call before its first token")
    parser.add_argument("--token", type=float, default=0.01, help="seconds per token a model writes")
    parser.add_argument("--tool", type=float, default=0.5, help="seconds of a look-up")
    parser.add_argument("--needed", action="store_true", help="offer look_up and calculate alone")
    asyncio.run(main(parser.parse_args()))
