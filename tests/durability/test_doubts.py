"""An effect whose outcome nobody knows: asked about once, in words that fit, and answered by its own answer alone."""

from __future__ import annotations

from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from state.policy import NAMED
from state.task import Task
from tests.nodes.harness import Bench
from tools.registry import ToolFailure, ToolSpec, tool

LOST = ToolFailure("the answer got lost", kind="timeout")
REFUSED = ToolFailure("the account is closed")


class Bank:
    """A receiver that can't tell a repetition. `outcomes`: what comes of each call, None for success."""

    def __init__(self, *outcomes: Exception | None) -> None:
        self.paid: list[str] = []
        self._outcomes = list(outcomes)

    def pay(self, to: str) -> str:
        self.paid.append(to)
        if self._outcomes and (error := self._outcomes.pop(0)):
            raise error
        return f"paid {to}"

    def tools(self) -> list[ToolSpec]:
        @tool(risk="irreversible", trusted=True)
        async def pay(to: str) -> str:
            """Pay somebody."""
            return self.pay(to)

        @tool(risk="write", trusted=True)
        async def transfer(to: str) -> str:
            """Pay somebody another way."""
            return self.pay(f"{to} by transfer")

        @tool(trusted=True)
        async def look() -> str:
            """Look at something."""
            return "seen"

        return [pay, transfer, look]


def bench(bank: Bank, policy: str = "default", checkpointer: Any = None) -> Bench:
    return Bench(bank.tools(), policy=policy, checkpointer=checkpointer or InMemorySaver())


def answer(out: dict[str, Any], decision: str, message: str | None = None) -> Any:
    (asked,) = out["__interrupt__"]
    return Command(resume={asked.id: {"decisions": [{"type": decision, "message": message}]}})


def kinds(out: dict[str, Any]) -> list[str]:
    return [asked.value["kind"] for asked in out.get("__interrupt__", [])]


PAY = [Task(id="p", tool="pay", args={"to": "alice"})]


async def test_an_answer_given_twice_is_no_answer_to_the_next_question() -> None:
    bank = Bank(LOST, LOST)
    run = bench(bank)
    approve = answer(await run.run(PAY), "approve")
    out = await run.resume(approve)
    assert (kinds(out), bank.paid) == (["in_doubt"], ["alice"])
    assert "it ended so: the answer got lost, and the receiver" in out["__interrupt__"][0].value["reason"]
    assert kinds(await run.resume(approve)) == ["in_doubt"]  # the client didn't know that its answer had arrived
    assert bank.paid == ["alice"]
    again = answer(out, "approve")
    out = await run.resume(again)
    assert bank.paid == ["alice", "alice"]
    assert "was begun 2 times" in out["__interrupt__"][0].value["action_requests"][0]["description"]
    for stale in (again, approve, None):
        assert kinds(await run.resume(stale)) == ["in_doubt"]
    assert bank.paid == ["alice", "alice"]
    out = await run.resume(answer(out, "respond", "it is there"))
    assert (out["results"]["p"].status, out["results"]["p"].value) == ("done", "it is there")


@pytest.mark.parametrize(
    ("decision", "calls", "status"), [("approve", 2, "done"), ("respond", 1, "done"), ("reject", 1, "refused")]
)
async def test_a_person_decides_what_becomes_of_it(decision: str, calls: int, status: str) -> None:
    bank = Bank(LOST)
    run = bench(bank, "auto")
    out = await run.run(PAY)
    out = await run.resume(answer(out, decision, "so be it"))
    assert (len(bank.paid), out["results"]["p"].status) == (calls, status)
    assert (await run.journal.effects("t"))[0].state == ("abandoned" if decision == "reject" else "done")


async def test_what_failed_for_certain_before_isnt_asked_about() -> None:
    bank = Bank(REFUSED, LOST)
    run = bench(bank, "auto")
    assert (await run.run(PAY))["results"]["p"].status == "failed"
    out = await run.run(PAY)  # the same run, what failed forgotten: the effect's second call
    assert kinds(out) == ["in_doubt"]
    out = await run.resume(answer(out, "respond", "yes"))
    assert (kinds(out), out["results"]["p"].status, len(bank.paid)) == ([], "done", 2)


async def test_an_approval_thats_asked_for_once_more_cant_make_undone_what_was_done() -> None:
    bank = Bank()
    run = bench(bank)
    out = await run.run(PAY)
    await run.resume(answer(out, "approve"))
    out = await run.run(PAY)  # its result lost, its effect not
    assert (kinds(out), out["results"]["p"].value, bank.paid) == ([], "paid alice", ["alice"])


async def test_a_fallback_that_was_begun_isnt_preceded_by_its_tool_again() -> None:
    bank = Bank(REFUSED, LOST, None)
    run = bench(bank, "auto")
    out = await run.run([Task(id="p", tool="pay", args={"to": "alice"}, on_error="fallback: transfer")])
    assert (kinds(out), bank.paid) == (["in_doubt"], ["alice", "alice by transfer"])
    assert out["__interrupt__"][0].value["action_requests"][0]["name"] == "transfer"
    out = await run.resume(answer(out, "respond", "it is there"))
    assert (out["results"]["p"].value, bank.paid) == ("it is there", ["alice", "alice by transfer"])


async def test_with_nobody_to_ask_it_stays_in_doubt() -> None:
    bank = Bank(LOST)
    run = Bench(bank.tools(), policy=NAMED["auto"].model_copy(update={"attended": False}))
    out = await run.run([*PAY, Task(id="l", tool="look", after=["p"])])
    assert (out["results"]["p"].status, out["results"]["l"].status) == ("in_doubt", "skipped")
    assert "nobody is there to ask" in out["results"]["p"].reason
    assert "the answer got lost" in out["results"]["p"].reason
    assert bank.paid == ["alice"]


async def test_doubts_about_the_items_of_a_map_are_asked_together_and_kept_apart() -> None:
    bank = Bank(LOST, None, LOST)
    run = bench(bank, "auto")
    out = await run.run([Task(id="m", tool="pay", args={"to": "{{item}}"}, each=["a", "b", "c"], width=1)])
    assert kinds(out) == ["in_doubt", "in_doubt"]
    answers = {
        asked.id: {
            "decisions": [{"type": "respond", "message": f"saw {asked.value['action_requests'][0]['args']['to']}"}]
        }
        for asked in out["__interrupt__"]
    }
    out = await run.resume(Command(resume=answers))
    assert out["results"]["m"].value == ["saw a", "paid b", "saw c"]
    assert bank.paid == ["a", "b", "c"]
