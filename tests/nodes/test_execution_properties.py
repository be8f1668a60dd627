"""Whatever stops a plan, whoever answers when: it comes to what it would have come to, each effect made once."""

from __future__ import annotations

import asyncio
import json
import random
import zlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from langgraph.types import Command

from nodes.execution import limits
from state.budget import Budget
from state.plan import Plan, check_plan
from state.run import fresh_run
from state.task import Task
from tests.nodes.harness import Bench
from tools.registry import ToolFailure, ToolSpec, tool

MOST_TASKS = 8
MOST_TURNS = 300
EFFECTFUL = ("write", "pay")


def digest(*values: Any) -> int:
    return zlib.crc32(json.dumps(values, sort_keys=True, default=str).encode())


@dataclass
class World:
    """Tools whose results depend on their arguments alone; counts effects, and cancels a run at chosen instants.

    `failing`: tasks whose tool fails for good; `shaky`: those whose reads fail once before they succeed.
    `cancel_at`: how many instants may pass before each cancellation.
    """

    failing: frozenset[str] = frozenset()
    shaky: frozenset[str] = frozenset()
    cancel_at: list[int] = field(default_factory=list)
    effects: Counter[str] = field(default_factory=Counter)
    reads: Counter[str] = field(default_factory=Counter)
    run: asyncio.Task[Any] | None = None

    async def instant(self) -> None:
        """Time passes; the run may be cancelled here."""
        if self.cancel_at and self.run is not None:
            self.cancel_at[0] -= 1
            if self.cancel_at[0] <= 0:
                self.cancel_at.pop(0)
                self.run.cancel()
        await asyncio.sleep(0)

    def tools(self) -> list[ToolSpec]:
        @tool(trusted=True)
        async def read(name: str, x: Any = None) -> dict[str, Any]:
            """Find something out."""
            await self.instant()
            place = f"{name} {digest(x)}"
            self.reads[place] += 1
            if name in self.failing:
                raise ToolFailure(f"{name} can't be read")
            if name in self.shaky and self.reads[place] == 1:
                raise ToolFailure(f"{name} is busy", kind="transient", retry_after=0.001)
            await self.instant()
            number = digest(name, x) % 5
            return {"name": name, "n": number, "list": [f"{name}{index}" for index in range(number)], "x": digest(x)}

        async def happen(name: str, x: Any) -> str:
            effect = f"{name} {digest(x)}"
            await self.instant()
            if name in self.failing:
                raise ToolFailure(f"{name} is refused by its receiver")
            self.effects[effect] += 1
            await self.instant()
            return f"did {effect}"

        @tool(risk="write", trusted=True)
        async def write(name: str, x: Any = None) -> str:
            """Make an effect."""
            return await happen(name, x)

        @tool(risk="irreversible", trusted=True)
        async def pay(name: str, x: Any = None) -> str:
            """Make an effect that a person must allow."""
            return await happen(name, x)

        return [read, write, pay]

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """What a person says: of the effect alone, and of what became of it, whenever they are asked."""
        args = question["action_requests"][0]["args"]
        effect = f"{args['name']} {digest(args.get('x'))}"
        if question["kind"] == "in_doubt":
            happened = bool(self.effects[effect])
            return {"type": "respond", "message": f"did {effect}"} if happened else {"type": "approve"}
        choice = digest("choice", effect) % 5
        if choice == 0:
            return {"type": "reject", "message": "no"}
        if choice == 1:
            return {"type": "edit", "args": {**args, "x": ["edited", args.get("x")]}}
        return {"type": "approve"}


@st.composite
def plans(draw: st.DrawFn) -> list[Task]:
    """Plans of every shape and with every kind of control flow; those that ask and write among them."""
    tasks: list[Task] = []
    for number in range(draw(st.integers(1, MOST_TASKS))):
        name, earlier = f"t{number}", [task.id for task in tasks]
        needed = draw(st.lists(st.sampled_from(earlier), unique=True, max_size=3)) if earlier else []
        used = draw(st.sampled_from(["read", "read", "write", "pay"]))
        data: dict[str, Any] = {"tool": used, "args": {"name": name}}
        readers = [other for other in needed if tasks[int(other[1:])].tool == "read"]
        plain = [other for other in readers if tasks[int(other[1:])].each is None]
        if needed and draw(st.booleans()):
            data["after"] = needed
            data["join"] = draw(st.sampled_from(["all", "any"]))
        elif needed:
            data["args"]["x"] = ["{{" + other + "}}" for other in needed]
            if plain and draw(st.booleans()):
                data["when"] = f"{plain[0]}.n >= {draw(st.integers(0, 3))}"
        flow = draw(st.sampled_from(["once", "once", "each", "until"]))
        if flow == "each" and data.get("join") != "any":
            listed = plain and not data.get("after") and draw(st.booleans())
            data["each"] = "{{" + plain[0] + ".list}}" if listed else list(range(draw(st.integers(0, 4))))
            data["args"]["x"] = ["{{item}}", data["args"].get("x")]
            data["width"] = draw(st.integers(1, 3))
        elif flow == "until":
            data["until"] = f"round >= {draw(st.integers(1, 3))}"
            data["max_rounds"] = draw(st.integers(1, 3))
            data["args"]["x"] = ["{{round}}", data["args"].get("x")]
        data["on_error"] = draw(st.sampled_from(["fail", "fail", "skip", "fallback: read", "fallback: write"]))
        tasks.append(Task(id=name, **data))
    return draw(st.permutations(tasks))


async def conclude(plan: list[Task], world: World, rng: random.Random | None) -> dict[str, tuple[str, Any]]:
    """Run a plan to its end and return what its tasks came to. With `rng`, questions are answered in any order."""
    limits.reset()
    bench = Bench(world.tools(), policy="default")
    begin: Any = fresh_run("goal", plan=Plan(tasks=plan), budget=Budget(), run_key="key", started=0.0)
    given = begin
    for _ in range(MOST_TURNS):
        world.run = asyncio.create_task(bench.resume(given))
        cancelled = False
        try:
            await world.run
        except asyncio.CancelledError:
            cancelled = True
        state = await bench.graph.aget_state(bench.config())
        if not state.values and not state.tasks:
            given = begin  # it was cancelled before anything had been kept
        elif state.interrupts:
            asked = list(state.interrupts)
            if rng is not None:
                asked = rng.sample(asked, rng.randint(1, len(asked)))
            answers = {one.id: {"decisions": [world.answer(one.value)]} for one in asked}
            given = Command(resume=answers)
        elif cancelled or state.next:
            given = None
        else:
            results = state.values["results"]
            return {name: (result.status, result.value) for name, result in results.items()}
    raise AssertionError("it doesn't come to an end")


@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    plan=plans(),
    failing=st.frozensets(st.sampled_from([f"t{number}" for number in range(MOST_TASKS)]), max_size=2),
    shaky=st.frozensets(st.sampled_from([f"t{number}" for number in range(MOST_TASKS)]), max_size=2),
    cancel_at=st.lists(st.integers(1, 25), max_size=4),
    seed=st.integers(0, 1000),
)
@example(
    plan=[
        Task(id="t0", tool="read", args={"name": "t0"}),
        Task(id="t1", tool="pay", args={"name": "t1", "x": "{{t0}}"}),
        Task(id="t2", tool="pay", args={"name": "t2", "x": "{{item}}"}, each=[1, 2, 3], width=2),
        Task(id="t3", tool="write", args={"name": "t3", "x": "{{round}}"}, until="round >= 3", after=["t0"]),
    ],
    failing=frozenset(),
    shaky=frozenset({"t0"}),
    cancel_at=[3, 4, 5, 6],
    seed=1,
)
def test_a_disturbed_run_comes_to_what_an_undisturbed_one_does(
    plan: list[Task], failing: frozenset[str], shaky: frozenset[str], cancel_at: list[int], seed: int
) -> None:
    calm, disturbed = World(failing, shaky), World(failing, shaky, cancel_at)
    assert check_plan(Plan(tasks=plan), calm.tools()) == []
    with mock.patch.object(limits, "FAILURES_TO_OPEN", 10_000):
        expected = asyncio.run(conclude(plan, calm, None))
        found = asyncio.run(conclude(plan, disturbed, random.Random(seed)))
    assert found == expected
    assert disturbed.effects == calm.effects
    assert set(calm.effects.values()) <= {1}


def test_items_that_are_done_are_not_done_again() -> None:
    """Cancelled inside the 37th item of a map: the 36 before it keep their results."""
    made: list[int] = []
    run: list[asyncio.Task[Any]] = []

    @tool(trusted=True)
    async def square(x: int) -> int:
        """Square a number."""
        made.append(x)
        if len(made) == 37:
            run[0].cancel()
            await asyncio.sleep(0)
        return x * x

    async def main() -> None:
        bench = Bench([square])
        plan = [Task(id="m", tool="square", args={"x": "{{item}}"}, each=list(range(50)), width=1)]
        run.append(asyncio.create_task(bench.run(plan)))
        await asyncio.gather(run[0], return_exceptions=True)
        assert run[0].cancelled()
        out = await bench.resume()
        assert out["results"]["m"].value == [number * number for number in range(50)]

    asyncio.run(main())
    assert Counter(made) == Counter([*range(50), 36])
