"""The plans of the kill gate, and the tools they use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from benchmarks.ledger import Ledger
from state.task import Task
from tools.registry import ToolSpec, current_call, tool

T = TypeVar("T")


@dataclass(frozen=True)
class Scenario:
    """A plan, and how it is disturbed.

    `killed_before`: the worker is killed at these boundaries first, one process each, so that what is
    then killed is a resume. `one_by_one`: questions that are open together are answered one at a time.
    `whole`: run by the whole orchestrator, from the goal to the answer, and not by `execute` alone.
    """

    name: str
    tasks: list[Task]
    effects: list[str]
    killed_before: tuple[int, ...] = ()
    one_by_one: bool = False
    whole: bool = False

    def some(self, answers: Mapping[str, T]) -> dict[str, T]:
        return dict(list(answers.items())[-1:] if self.one_by_one else answers)


def receipt(effect: str) -> str:
    """What a receiver answers to an effect."""
    return f"receipt of {effect}"


def tools(ledger: Ledger, run: str, passed: Callable[[str], None]) -> list[ToolSpec]:
    """Tools with effects in the ledger. `passed`: is told the instants before and after each effect."""

    def write(receiver: str, effect: str) -> str:
        passed("before effect")
        ledger.write(receiver, run, effect, current_call.get().key)
        passed("after effect")
        return receipt(effect)

    @tool(trusted=True)
    async def look_up(name: str) -> dict[str, Any]:
        """Look something up."""
        return {"name": name, "numbers": list(range(len(name)))}

    @tool(risk="write", trusted=True)
    def post(effect: str) -> str:
        """Write to a receiver that can't tell a repetition."""
        return write("plain", effect)

    @tool(risk="write", trusted=True, idempotent=True)
    def put(effect: str) -> str:
        """Write to a receiver that dedupes by the idempotency key."""
        return write("dedupe", effect)

    @tool(risk="irreversible", trusted=True)
    def pay(effect: str) -> str:
        """Pay, which always needs a person's approval."""
        return write("plain", effect)

    return [look_up, post, put, pay]


def _plain() -> list[Task]:
    return [
        Task(id="a", tool="look_up", args={"name": "abc"}),
        Task(id="b", tool="post", args={"effect": "b of {{a.name}}"}),
        Task(id="c", tool="put", args={"effect": "c of {{a.name}}"}),
        Task(id="d", tool="post", args={"effect": "d after {{b}}"}, after=["c"]),
        Task(id="e", tool="look_up", args={"name": "{{d}}"}),
    ]


def _map() -> list[Task]:
    return [
        Task(id="a", tool="look_up", args={"name": "abcd"}),
        Task(id="m", tool="post", args={"effect": "item {{item}}"}, each="{{a.numbers}}", width=2),
        Task(id="n", tool="put", args={"effect": "put {{item}}"}, each="{{a.numbers}}", width=4),
        Task(id="z", tool="look_up", args={"name": "{{m}}{{n}}"}),
    ]


def _loop() -> list[Task]:
    return [
        Task(id="l", tool="post", args={"effect": "round {{round}}"}, until="round >= 3", max_rounds=5),
        Task(id="k", tool="put", args={"effect": "put round {{round}}"}, until="round >= 2", max_rounds=5),
        Task(id="z", tool="post", args={"effect": "after {{l}}"}, after=["k"]),
    ]


def _approval() -> list[Task]:
    return [
        Task(id="p", tool="pay", args={"effect": "pay p"}),
        Task(id="q", tool="pay", args={"effect": "pay q"}),
        Task(id="r", tool="pay", args={"effect": "pay r{{item}}"}, each=[1, 2]),
        Task(id="s", tool="post", args={"effect": "after {{p}}"}),
        Task(id="z", tool="pay", args={"effect": "last"}, after=["q", "r"]),
    ]


_PLAIN_EFFECTS = ["b of abc", "c of abc", "d after receipt of b of abc"]
_MAP_EFFECTS = [f"{verb} {number}" for verb in ("item", "put") for number in range(4)]
_LOOP_EFFECTS = ["round 1", "round 2", "round 3", "put round 1", "put round 2", "after receipt of round 3"]
_APPROVAL_EFFECTS = ["pay p", "pay q", "pay r1", "pay r2", "after receipt of pay p", "last"]

SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("plain", _plain(), _PLAIN_EFFECTS),
        Scenario("map", _map(), _MAP_EFFECTS),
        Scenario("loop", _loop(), _LOOP_EFFECTS),
        Scenario("approval", _approval(), _APPROVAL_EFFECTS),
        Scenario("approval one by one", _approval(), _APPROVAL_EFFECTS, one_by_one=True),
        Scenario("whole orchestrator", _approval(), _APPROVAL_EFFECTS, whole=True),
        Scenario("resume of a resume", _plain(), _PLAIN_EFFECTS, killed_before=(9, 6)),
        Scenario("resume of a resumed approval", _approval(), _APPROVAL_EFFECTS, killed_before=(21, 12)),
    )
}
