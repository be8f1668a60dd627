"""Execution of plans: order, control flow, failures, approvals, effects."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from nodes.execution import limits
from state.approval import BadAnswer
from state.budget import Budget
from state.policy import NAMED
from state.task import Task
from tests.nodes.harness import Bench
from tools.registry import ToolFailure, ToolSpec, current_call, tool


class World:
    """Tools that count what happens to them."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.failures: dict[str, list[Exception]] = {}
        self.keys: list[str] = []

    def count(self, name: str) -> int:
        return sum(called == name for called, _ in self.calls)

    def _enter(self, name: str, value: Any) -> None:
        self.calls.append((name, value))
        self.keys.append(current_call.get().key)
        if self.failures.get(name):
            raise self.failures[name].pop(0)

    def tools(self) -> list[ToolSpec]:
        @tool(trusted=True)
        async def add(a: float, b: float = 1) -> float:
            """Add two numbers."""
            self._enter("add", (a, b))
            return a + b

        @tool(trusted=True)
        def numbers(upto: int) -> list[int]:
            """The numbers up to one."""
            self._enter("numbers", upto)
            return list(range(1, upto + 1))

        @tool
        def page(url: str) -> dict[str, Any]:
            """Read a page that anybody may have written."""
            self._enter("page", url)
            return {"to": "mallory", "amount": 1000}

        @tool(risk="write")
        def save(text: str) -> str:
            """Write something down."""
            self._enter("save", text)
            return f"saved {text}"

        @tool(risk="irreversible")
        def pay(to: str, amount: float) -> str:
            """Pay somebody."""
            self._enter("pay", (to, amount))
            return f"paid {amount:g} to {to}"

        @tool(timeout=0.05, retries=0)
        async def slow() -> str:
            """Never comes back."""
            self._enter("slow", None)
            await asyncio.Event().wait()
            return "never"

        return [add, numbers, page, save, pay, slow]


@pytest.fixture
def world() -> World:
    return World()


def statuses(out: dict[str, Any]) -> dict[str, str]:
    return {name: result.status for name, result in out["results"].items()}


async def test_references_keep_their_types_and_order_is_by_need(world: World) -> None:
    out = await Bench(world.tools()).run(
        [
            Task(id="sum", tool="add", args={"a": "{{first}}", "b": "{{list[2]}}"}),
            Task(id="list", tool="numbers", args={"upto": 3}),
            Task(id="first", tool="add", args={"a": 1}),
        ]
    )
    assert out["results"]["sum"].value == 5
    assert world.calls[-1] == ("add", (2, 3))


async def test_a_task_starts_when_its_inputs_are_there_and_waits_for_no_sibling() -> None:
    released, order = asyncio.Event(), list[str]()

    @tool
    async def waits(name: str) -> str:
        """Wait until another branch has gone on."""
        await released.wait()
        order.append(name)
        return name

    @tool
    async def goes(name: str) -> str:
        """Go on at once."""
        order.append(name)
        if name == "second":
            released.set()
        return name

    out = await Bench([waits, goes]).run(
        [
            Task(id="slow", tool="waits", args={"name": "slow"}),
            Task(id="first", tool="goes", args={"name": "first"}),
            Task(id="then", tool="goes", args={"name": "second"}, after=["first"]),
        ]
    )
    assert set(statuses(out).values()) == {"done"}
    assert order == ["first", "second", "slow"]


async def test_when_skips_a_branch_and_any_joins_what_came_through(world: World) -> None:
    out = await Bench(world.tools()).run(
        [
            Task(id="n", tool="add", args={"a": 4}),
            Task(id="big", tool="add", args={"a": "{{n}}"}, when="n > 10"),
            Task(id="small", tool="add", args={"a": "{{n}}"}, when="{{n}} <= 10"),
            Task(id="only_big", tool="add", args={"a": "{{big}}"}),
            Task(id="either", tool="add", args={"a": 0}, after=["big", "small"], join="any"),
        ]
    )
    assert statuses(out) == {"n": "done", "big": "skipped", "small": "done", "only_big": "skipped", "either": "done"}
    assert "needs big, which was skipped" in out["results"]["only_big"].reason


async def test_where_branches_meet_a_reference_into_the_one_not_taken_is_null() -> None:
    @tool(trusted=True)
    def keep(what: Any) -> Any:
        """Keep something."""
        return what

    out = await Bench([keep]).run(
        [
            Task(id="n", tool="keep", args={"what": 4}),
            Task(id="big", tool="keep", args={"what": {"price": 1}}, when="n > 10"),
            Task(id="small", tool="keep", args={"what": {"price": 2}}, when="n <= 10"),
            Task(id="met", tool="keep", args={"what": ["{{big.price}}", "{{small.price}}"]}, join="any"),
            Task(id="strict", tool="keep", args={"what": "{{small.weight}}"}, join="any"),
        ]
    )
    assert out["results"]["met"].value == [None, 2]
    assert "small has no 'weight'" in out["results"]["strict"].error.message


async def test_a_chain_of_skipped_tasks_gives_the_reason_of_the_first() -> None:
    @tool(trusted=True)
    def broken() -> None:
        """Fail."""
        raise ToolFailure("no such page")

    chain = [Task(id=f"t{number}", tool="broken", after=[f"t{number - 1}"]) for number in range(1, 5)]
    out = await Bench([broken]).run([Task(id="t0", tool="broken"), *chain])
    reasons = {result.reason for name, result in out["results"].items() if name != "t0"}
    assert reasons == {"needs t0, which failed: no such page"}


async def test_each_maps_in_the_lists_order_within_its_width() -> None:
    running, peak = 0, 0

    @tool
    async def work(x: int) -> int:
        """Work at one item; later items are done sooner."""
        nonlocal running, peak
        running += 1
        peak = max(peak, running)
        for _ in range(10 - x):
            await asyncio.sleep(0)
        running -= 1
        return x * x

    @tool
    def numbers() -> list[int]:
        """Some numbers."""
        return list(range(10))

    out = await Bench([work, numbers]).run(
        [Task(id="n", tool="numbers"), Task(id="m", tool="work", args={"x": "{{item}}"}, each="{{n}}", width=3)]
    )
    assert out["results"]["m"].value == [x * x for x in range(10)]
    assert peak == 3


async def test_until_repeats_on_its_own_result_and_is_bounded(world: World) -> None:
    out = await Bench(world.tools()).run(
        [
            Task(id="n", tool="add", args={"a": "{{round}}", "b": 10}, until="result >= 13", max_rounds=9),
            Task(id="never", tool="add", args={"a": 1}, until="result > 99", max_rounds=2),
        ]
    )
    assert (out["results"]["n"].value, out["results"]["n"].rounds) == (13, 3)
    assert out["results"]["never"].status == "failed"
    assert "after 2 rounds" in out["results"]["never"].error.message


async def test_a_failure_is_a_result_siblings_go_on_and_dependents_say_why(world: World) -> None:
    world.failures["page"] = [ToolFailure("no such page")]
    out = await Bench(world.tools()).run(
        [
            Task(id="p", tool="page", args={"url": "x"}),
            Task(id="needs_p", tool="add", args={"a": "{{p.amount}}"}),
            Task(id="sibling", tool="add", args={"a": 1}),
        ]
    )
    assert statuses(out) == {"p": "failed", "needs_p": "skipped", "sibling": "done"}
    assert out["results"]["needs_p"].reason == "needs p, which failed: no such page"


async def test_transient_errors_are_retried_permanent_ones_are_not(world: World) -> None:
    world.failures = {"add": [ConnectionError("reset"), ConnectionError("reset")], "page": [ValueError("broken")] * 3}
    out = await Bench(world.tools()).run(
        [Task(id="a", tool="add", args={"a": 1}), Task(id="p", tool="page", args={"url": "x"})]
    )
    assert (out["results"]["a"].status, out["results"]["a"].attempts) == ("done", 3)
    assert (out["results"]["p"].error.kind, out["results"]["p"].attempts) == ("permanent", 1)


async def test_a_timeout_is_typed_and_a_fallback_takes_over(world: World) -> None:
    out = await Bench(world.tools()).run(
        [Task(id="s", tool="slow"), Task(id="f", tool="slow", on_error="fallback: numbers", args={})]
    )
    assert out["results"]["s"].error.kind == "timeout"
    assert out["results"]["f"].error.kind == "invalid_arguments"


async def test_the_circuit_opens_for_all_runs_after_failures_in_a_row(world: World) -> None:
    bench = Bench(world.tools())
    await bench.run([Task(id=f"s{number}", tool="slow") for number in range(limits.FAILURES_TO_OPEN)])
    before = world.count("slow")
    out = await bench.run([Task(id="s", tool="slow")], thread="other")
    assert world.count("slow") == before
    assert "left alone for 30 s; the last time: no answer within 0.05 s" in out["results"]["s"].error.message


async def test_a_bad_reference_names_what_is_there(world: World) -> None:
    out = await Bench(world.tools()).run(
        [Task(id="p", tool="page", args={"url": "x"}), Task(id="a", tool="add", args={"a": "{{p.price}}"})]
    )
    assert "has no 'price'; it is an object with to, amount" in out["results"]["a"].error.message


async def test_the_budget_of_calls_is_never_overstepped(world: World) -> None:
    plan = [Task(id=f"t{number}", tool="add", args={"a": number}) for number in range(5)]
    out = await Bench(world.tools()).run(plan, budget=Budget(tool_calls=3))
    assert world.count("add") == 3
    assert sorted(statuses(out).values()) == ["done"] * 3 + ["failed"] * 2
    assert {r.error.kind for r in out["results"].values() if r.error} == {"budget"}


async def test_approvals_surface_together_after_all_else_has_run(world: World) -> None:
    bench = Bench(world.tools(), policy="default")
    out = await bench.run(
        [
            Task(id="one", tool="pay", args={"to": "alice", "amount": 1}),
            Task(id="two", tool="pay", args={"to": "bob", "amount": 2}),
            Task(id="after_one", tool="add", args={"a": 1}, after=["one"]),
            Task(id="free", tool="add", args={"a": 1}),
        ]
    )
    assert statuses(out) == {"one": "pending", "two": "pending", "after_one": "pending", "free": "done"}
    first, second = sorted(out["__interrupt__"], key=lambda asked: asked.value["task"])
    assert first.value["action_requests"][0] == {
        "name": "pay",
        "args": {"to": "alice", "amount": 1},
        "description": "Pay somebody.",
    }
    assert first.value["review_configs"][0]["allowed_decisions"] == ["approve", "edit", "reject", "respond"]
    out = await bench.resume(Command(resume={second.id: {"decisions": [{"type": "approve"}]}}))
    assert [asked.id for asked in out["__interrupt__"]] == [first.id]
    edited = {"type": "edit", "edited_action": {"name": "pay", "args": {"to": "carol", "amount": 3}}}
    out = await bench.resume(Command(resume={first.id: {"decisions": [edited]}}))
    assert set(statuses(out).values()) == {"done"}
    assert [value for name, value in world.calls if name == "pay"] == [("bob", 2), ("carol", 3)]
    decided = {(d.task, d.kind, d.who): d.decided.get("type") for d in await bench.journal.decisions("t")}
    assert decided[("one", "approval", "tester")] == "edit"


async def test_what_was_spent_before_a_question_counts_after_its_answer(world: World) -> None:
    bench = Bench(world.tools(), policy="default")
    pays = [Task(id=name, tool="pay", args={"to": name, "amount": 1}) for name in ("ann", "bob", "cid")]
    out = await bench.run(pays)
    asked = {one.value["task"]: one.id for one in out["__interrupt__"]}
    for name in ("cid", "ann", "bob"):
        out = await bench.resume(Command(resume={asked[name]: {"decisions": [{"type": "approve"}]}}))
    assert set(statuses(out).values()) == {"done"}
    assert out["usage"].tool_calls == world.count("pay") == 3


async def test_a_bad_answer_is_an_error_and_the_question_stays_open(world: World) -> None:
    bench = Bench(world.tools(), policy="default")
    out = await bench.run([Task(id="one", tool="pay", args={"to": "alice", "amount": 1})])
    asked = out["__interrupt__"][0]
    for bad in ({"decisions": []}, {"decisions": [{"type": "maybe"}]}, 7, {"decisions": [{"type": "edit"}]}):
        with pytest.raises(BadAnswer):
            await bench.resume(Command(resume={asked.id: bad}))
    out = await bench.resume(Command(resume={asked.id: {"decisions": [{"type": "reject", "message": "too much"}]}}))
    assert out["results"]["one"].status == "refused"
    assert "too much" in out["results"]["one"].reason
    assert world.count("pay") == 0


async def test_a_write_with_an_untrusted_argument_asks_and_shows_its_source(world: World) -> None:
    bench = Bench(world.tools(), policy="default")
    out = await bench.run(
        [
            Task(id="p", tool="page", args={"url": "x"}),
            Task(id="mine", tool="save", args={"text": "my own words"}),
            Task(id="theirs", tool="save", args={"text": "send to {{p.to}}"}),
        ]
    )
    assert statuses(out) == {"p": "done", "mine": "done", "theirs": "pending"}
    shown = out["__interrupt__"][0].value["provenance"]["text"]
    assert shown == {"value": "send to mallory", "trusted": False, "sources": ["plan", "p (page)"]}


async def test_with_nobody_to_ask_what_would_ask_is_refused(world: World) -> None:
    alone = NAMED["default"].model_copy(update={"attended": False})
    out = await Bench(world.tools(), policy=alone).run([Task(id="one", tool="pay", args={"to": "a", "amount": 1})])
    assert out["results"]["one"].status == "refused"
    assert "nobody is there to ask" in out["results"]["one"].reason


async def test_an_approved_effect_is_made_once_whatever_is_run_again(world: World) -> None:
    bench = Bench(world.tools())
    plan = [Task(id="s", tool="save", args={"text": "x"}), Task(id="a", tool="add", args={"a": 1}, after=["s"])]
    await bench.run(plan)
    out = await bench.run(plan)  # the same run, its results lost: same run_key
    assert world.count("save") == 1
    assert out["results"]["s"].value == "saved x"


async def test_a_write_that_times_out_is_in_doubt_and_asked_about(world: World) -> None:
    hanging = asyncio.Event()
    happened: list[str] = []

    @tool(risk="write", timeout=2)
    async def post(text: str) -> str:
        """Post something; the answer gets lost the first time."""
        happened.append(text)
        if len(happened) == 1:
            await hanging.wait()
        return "posted"

    bench = Bench([post], checkpointer=InMemorySaver())
    out = await bench.run([Task(id="p", tool="post", args={"text": "x"})])
    asked = out["__interrupt__"][0]
    assert asked.value["kind"] == "in_doubt"
    assert happened == ["x"]
    out = await bench.resume(Command(resume={asked.id: {"decisions": [{"type": "respond", "message": "it is there"}]}}))
    assert (out["results"]["p"].status, out["results"]["p"].value) == ("done", "it is there")
    assert happened == ["x"]


async def test_an_agent_is_bounded_and_stopped_when_it_repeats_itself(world: World) -> None:
    from models.brain import Action, Thought

    class Stubborn:
        name = "stubborn"

        async def next_action(self, goal: str, **_: Any) -> Thought[Action]:
            return Thought(Action(tool="add", args={"a": 1}))

    out = await Bench(world.tools(), brain=Stubborn()).run([Task(id="g", tool="agent", args={"goal": "count"})])  # type: ignore[arg-type]
    assert out["results"]["g"].error.kind == "repeated"
    assert world.count("add") == 2


async def test_every_change_of_status_is_an_event(world: World) -> None:
    world.failures["add"] = [ConnectionError("reset")]
    events = await Bench(world.tools()).events([Task(id="a", tool="add", args={"a": 1})])
    assert [event["status"] for event in events if event["type"] == "task"] == ["running", "retrying", "done"]
