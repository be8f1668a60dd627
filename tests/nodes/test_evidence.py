from __future__ import annotations

from typing import Any

from nodes.evidence import CHARACTERS_PER_TASK, MAX_CHARACTERS, collect, is_said_by_a_model
from state.plan import Plan, Problem, Task
from state.result import Evidence, TaskError, TaskResult


def done(task: str, value: Any = None, **more: Any) -> TaskResult:
    return TaskResult(task=task, status="done", value=value, **{"tool": "tool", **more})


def failed(task: str, message: str = "no network", **more: Any) -> TaskResult:
    error = TaskError(kind="permanent", message=message)
    return TaskResult(task=task, **{"status": "failed", "tool": "tool", "error": error, **more})


def plan(*tasks: Task) -> Plan:
    return Plan(tasks=list(tasks))


def test_evidence_comes_in_the_plans_order_and_values_are_evidence_too() -> None:
    results = {
        "t2": done("t2", 5, tool="calculate"),
        "t1": done("t1", ["x"], evidence=[Evidence(text="one", source="a.txt"), Evidence(text="two", source="a.txt")]),
    }
    made = plan(Task(id="t1", goal="Search.", tool="search"), Task(id="t2", goal="The difference.", tool="calculate"))
    collected = collect(made, results)
    assert [item.text for item in collected.evidence] == ["one", "two", "The difference: 5"]
    assert [item.task for item in collected.evidence] == ["t1", "t1", "t2"]
    assert collected.evidence[2].kind == "value"
    assert collected.evidence[2].source == "calculate"
    assert collected.gaps == []


def test_repetitions_are_dropped() -> None:
    same = [Evidence(text="one  two", source="a.txt"), Evidence(text="one\ntwo", source="b.txt")]
    assert len(collect(None, {"t1": done("t1", 1, evidence=same)}).evidence) == 1


def test_evidence_is_bounded_and_what_is_kept_is_nearest_to_the_question() -> None:
    filler = "Nothing of interest is told here at all. " * 40
    text = "\n\n".join([filler] * 20 + ["The lighthouse keeper was called Ada. " * 3] + [filler] * 20)
    results = {"t1": done("t1", evidence=[Evidence(text=text, source="a.txt")])}
    collected = collect(None, results, question="Who kept the lighthouse?")
    assert sum(len(item.text) for item in collected.evidence) <= CHARACTERS_PER_TASK
    assert any("Ada" in item.text for item in collected.evidence)
    assert all(item.text in text for item in collected.evidence)
    many = {f"t{n}": done(f"t{n}", evidence=[Evidence(text=f"{n} {text}", source="a.txt")]) for n in range(30)}
    assert sum(len(item.text) for item in collect(None, many).evidence) <= MAX_CHARACTERS


def test_what_failed_was_refused_or_lost_is_a_gap_with_its_reason() -> None:
    made = plan(
        Task(id="t1", goal="Search the web.", tool="search"),
        Task(id="t2", goal="Send the mail", tool="send", after=["t1"]),
        Task(id="t3", goal="Pay", tool="pay"),
    )
    results = {
        "t1": failed("t1"),
        "t2": TaskResult(task="t2", status="skipped", reason="needs t1, which failed: no network"),
        "t3": TaskResult(task="t3", status="refused", error=TaskError(kind="refused", message="nobody to ask")),
    }
    assert collect(made, results).gaps == [
        "Search the web: failed: no network",
        "Send the mail: needs t1, which failed: no network",
        "Pay: was not done: nobody to ask",
    ]


def test_a_branch_not_taken_is_no_gap_nor_is_what_was_made_up_for() -> None:
    made = plan(
        Task(id="t1", goal="Look", tool="look"),
        Task(id="t2", goal="If so", tool="a", when="t1 > 3"),
        Task(id="t3", goal="After that", tool="b", after=["t2"]),
        Task(id="a1", goal="One way", tool="a"),
        Task(id="a2", goal="Another way", tool="a"),
        Task(id="a3", goal="Either", tool="a", join="any", after=["a1", "a2"]),
        Task(id="s1", goal="Same question", tool="a"),
        Task(id="s2", goal="Same question", tool="b"),
    )
    results = {
        "t1": done("t1", 1),
        "t2": TaskResult(task="t2", status="skipped", reason="not the case: t1 > 3"),
        "t3": TaskResult(task="t3", status="skipped", reason="needs t2, which was skipped"),
        "a1": failed("a1"),
        "a2": done("a2", 1),
        "a3": done("a3", 1),
        "s1": failed("s1"),
        "s2": done("s2", 2),
    }
    assert collect(made, results).gaps == []
    assert collect(made, results, by_goal=False).gaps == ["Same question: failed: no network"]


def test_a_search_in_vain_and_lost_items_are_told() -> None:
    items = [done("t2", 1), failed("t2", "gone", tool="x")]
    made = plan(Task(id="t1", goal="Search", tool="search"), Task(id="t2", goal="Each", tool="x", each=[1, 2]))
    collected = collect(made, {"t1": done("t1", []), "t2": done("t2", [1, None], items=items)})
    assert collected.fruitless == ["Search: nothing was found"]
    assert collected.gaps == ["Each: 1 of 2 items is missing: gone"]


def test_what_an_agent_read_is_evidence_and_what_it_says_is_not() -> None:
    step = done("t1", 3, tool="lookup", evidence=[Evidence(text="The price is 3.", source="shop")])
    value_step = done("t1", 7, tool="calculate")
    agent = done("t1", "It is 3, I think", tool="agent", items=[step, value_step], evidence=step.evidence)
    collected = collect(plan(Task(id="t1", goal="Find the price", tool="agent")), {"t1": agent})
    assert [item.text for item in collected.evidence] == ["The price is 3.", "t1: 7"]
    alone = collect(None, {"t1": done("t1", "It is 3", tool="agent")}).evidence
    assert [is_said_by_a_model(item) for item in alone] == [True]


def test_problems_of_a_plan_are_gaps() -> None:
    problem = Problem(code="unknown_tool", task="t1", message="there is no tool 'x'")
    assert collect(Plan(), {}, problems=[problem]).gaps == ["The plan can't run: t1: there is no tool 'x'"]
