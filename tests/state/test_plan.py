"""Plans: made from objects or plain data, put in order, changed by people, and checked before anything is spent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from state.budget import Budget
from state.plan import Plan, Task, check_plan
from tools.registry import ToolSpec, tool


@tool
def search(query: str, limit: int = 3) -> list[str]:
    """Search for something."""
    return [query] * limit


@tool(name="sql", unavailable="no database is configured")
def query_database(sql: str) -> list[str]:
    """Ask a database."""
    return [sql]


@tool(cost=0.5)
def paid(query: str) -> str:
    """Ask a service that costs."""
    return query


TOOLS = [search, query_database, paid]


def task(task_id: str, **fields: Any) -> Task:
    return Task(id=task_id, **{"tool": "search", "args": {"query": "x"}, **fields})


def codes(*tasks: Any, **options: Any) -> list[str]:
    return [problem.code for problem in check_plan(Plan(tasks=list(tasks)), TOOLS, **options)]


def test_a_plan_is_made_of_objects_or_of_plain_data() -> None:
    first = {"id": "t1", "tool": "search", "args": {"query": "x"}, "after": "t0"}
    plain = {"tasks": [first, {"id": "t0", "tool": "m"}]}
    made = Plan(tasks=[Task(id="t1", tool="search", args={"query": "x"}, after=["t0"]), Task(id="t0", tool="m")])
    assert Plan.model_validate(plain) == made == Plan(**plain)
    assert Plan.model_validate(json.loads(json.dumps(made.to_json()))) == made
    assert made["tasks"][0]["args"]["query"] == "x"


def test_null_for_what_may_be_left_out_is_as_if_it_were() -> None:
    optional = dict.fromkeys(set(Task.model_fields) - {"id", "tool"})
    assert Task(id="t1", tool="search", **optional) == Task(id="t1", tool="search")
    assert Budget.model_validate(dict.fromkeys(Budget.model_fields)) == Budget()
    with pytest.raises(ValidationError, match="tool"):
        Task.model_validate({"id": "t1", "tool": None})


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "1t", "tool": "x"},
        {"id": "a b", "tool": "x"},
        {"id": "t" * 65, "tool": "x"},
        {"id": "t"},
        {"id": "t", "tool": "x", "typo": 1},
        {"id": "t", "tool": "x", "on_error": "fallback:"},
        {"id": "t", "tool": "x", "on_error": "retry"},
        {"id": "t", "tool": "x", "join": "some"},
        {"id": "t", "tool": "x", "width": 0},
        {"id": "t", "tool": "x", "max_rounds": 101},
        {"id": "t", "tool": "x", "timeout": 0},
        {"id": "t", "tool": "x", "args": [1]},
        {"id": "t", "tool": "x", "each": {"a": 1}},
    ],
)
def test_what_isnt_a_task_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Task.model_validate(wrong)


def test_order_is_by_need_and_else_as_given() -> None:
    plan = Plan(tasks=[task("c", after=["a", "b"]), task("b"), task("d", args={"query": "{{c[0]}}"}), task("a")])
    assert [one.id for one in plan.order()] == ["b", "a", "c", "d"]
    assert plan.downstream({"a"}) == {"a", "c", "d"}
    assert plan.downstream({"d"}) == {"d"}
    assert plan.task("c").needs() == ["a", "b"]
    with pytest.raises(KeyError):
        plan.task("e")


def test_a_task_needs_what_it_reads_anywhere() -> None:
    reading = task(
        "t",
        args={"query": "{{a.x}} {{item}}", "deep": [{"k": "{{b}}"}]},
        each="{{c.rows}}",
        when="d > 1 and {{e.n}} == 2",
        until="result.ok and round > f.n and last != 3",
        after=["g"],
    )
    assert reading.needs() == ["a", "b", "c", "d", "e", "f", "g"]
    assert task("t", until="t.ok or result").needs() == []


def test_rewiring_renames_what_is_read_and_nothing_else() -> None:
    condition = "a > ab and c.a != 'a' or {{ a.b }} == b"
    reading = task("z", args={"query": "a {{a.a}} {{ab}}"}, each="{{ b.a }}", when=condition, after=["a", "c"])
    made = reading.rewired({"a": "x", "b": "y"})
    assert (made.args, made.each) == ({"query": "a {{x.a}} {{ab}}"}, "{{ y.a }}")
    assert (made.when, made.after) == ("x > ab and c.a != 'a' or {{ x.b }} == y", ["x", "c"])
    assert reading.rewired({"q": "r"}) == reading
    broken = task("z", args={"query": "{{}} {{a}}"}, when="a >")
    assert broken.rewired({"a": "x"}) == broken


CASES: list[tuple[str, list[Any], list[str]]] = [
    ("a good plan", [task("a"), task("b", args={"query": "{{a[0]}}"})], []),
    ("duplicate ids", [task("a"), task("a")], ["duplicate_id"]),
    ("a reserved id", [task("item")], ["reserved_id"]),
    ("a function's name as id", [task("sum"), task("a", when="sum(sum) > 1 and not sum")], []),
    ("an unknown task read", [task("a", args={"query": "{{z}}"})], ["unknown_task"]),
    ("an unknown task after", [task("a", after=["z"])], ["unknown_task"]),
    ("after itself", [task("a", after=["a"])], ["unknown_task"]),
    ("reads itself", [task("a", args={"query": "{{a}}"})], ["cycle"]),
    ("a cycle", [task("a", after=["b"]), task("b", args={"query": "{{a}}"})], ["cycle"]),
    ("an unknown tool", [task("a", tool="fly")], ["unknown_tool"]),
    ("an unknown fallback", [task("a", on_error="fallback: fly")], ["unknown_tool"]),
    ("an unavailable tool", [task("a", tool="sql", args={"sql": "x"})], ["unavailable_tool"]),
    ("a missing argument", [task("a", args={})], ["invalid_arguments"]),
    ("an argument too many", [task("a", args={"query": "x", "colour": 1})], ["invalid_arguments"]),
    ("an argument of the wrong type", [task("a", args={"query": "x", "limit": "many"})], ["invalid_arguments"]),
    ("a reference may be of any type", [task("b"), task("a", args={"query": "x", "limit": "{{b}}"})], []),
    ("arguments that don't fit the fallback", [task("a", on_error="fallback: sql")], ["unavailable_tool"]),
    ("a broken reference", [task("a", args={"query": "{{}}"})], ["bad_reference"]),
    ("an item without each", [task("a", args={"query": "{{item}}"})], ["bad_reference"]),
    ("an item with each", [task("a", args={"query": "{{item}} {{index}}"}, each=["x"])], []),
    ("last without until", [task("a", args={"query": "{{last}}"})], ["bad_reference"]),
    ("last with until", [task("a", args={"query": "{{last}}"}, until="round > 2")], []),
    ("each over text", [task("a", each="x")], ["bad_reference"]),
    ("a broken condition", [task("a", when="1 +")], ["bad_condition"]),
    ("a condition on nothing known", [task("a", when="z > 1")], ["unknown_task"]),
    ("a condition on its own result", [task("a", when="a > 1")], ["bad_condition"]),
    ("a condition on the result, too early", [task("a", when="result > 1")], ["bad_condition"]),
    ("a condition that would call", [task("a", until="result.pop()")], ["bad_condition"]),
    ("a model without a prompt", [task("a", tool="model", args={})], ["invalid_arguments"]),
    ("a model", [task("a", tool="model", args={"prompt": "sum up", "text": "x"})], []),
    ("an agent without a goal", [task("a", tool="agent", args={})], ["invalid_arguments"]),
]


@pytest.mark.parametrize(("what", "tasks", "expected"), CASES, ids=[case[0] for case in CASES])
def test_every_kind_of_problem_is_found(what: str, tasks: list[Any], expected: list[str]) -> None:
    assert codes(*tasks) == expected


def test_bounds_and_budgets_are_checked() -> None:
    assert codes(*(task(f"t{number}") for number in range(101))) == ["too_many_tasks"]
    assert codes(task("a"), task("b"), budget=Budget(tool_calls=1)) == ["over_budget"]
    assert codes(task("a", tool="paid"), task("b", tool="paid"), budget=Budget(money=0.9)) == ["over_budget"]
    assert codes(task("a", tool="paid"), budget=Budget(money=0.5, tool_calls=1)) == []


def test_a_problem_says_what_to_do() -> None:
    (problem,) = check_plan({"tasks": [{"id": "a", "tool": "fly"}]}, TOOLS)
    assert str(problem) == "a: there is no tool 'fly'; there are: paid, search, sql, model, agent"


def test_long_values_are_cut_in_messages() -> None:
    (problem,) = check_plan(Plan(tasks=[task("a", args={"query": ["x" * 100_000]})]), TOOLS)
    assert len(problem.message) < 400


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.sampled_from(["{{a}}", "{{}}", "{{item.x}}"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
ids = st.sampled_from(["a", "b", "c", "item", "len", "d-1"])
conditions = ["a > 1", "{{b}} == 2", "1 +", "result", "__import__('os')", "", "{{}}", "round > 2"]
texts = st.sampled_from(conditions) | st.text(max_size=10)
task_like = st.fixed_dictionaries(
    {"id": ids, "tool": st.sampled_from(["search", "sql", "model", "agent", "fly"])},
    optional={
        "args": st.dictionaries(st.sampled_from(["query", "limit", "prompt", "goal", "x"]), json_values, max_size=3),
        "after": st.lists(ids, max_size=3),
        "when": texts,
        "until": texts,
        "each": st.sampled_from(["{{a}}", "{{}}", "x"]) | st.lists(json_values, max_size=3),
        "join": st.sampled_from(["all", "any"]),
        "on_error": st.sampled_from(["fail", "skip", "fallback: search", "fallback: fly"]),
    },
)


@settings(max_examples=300)
@given(tasks=st.lists(task_like, max_size=6))
def test_checking_a_plan_never_raises_and_what_passes_has_an_order(tasks: list[dict[str, Any]]) -> None:
    problems = check_plan({"tasks": tasks}, TOOLS, Budget(tool_calls=3))
    plan = Plan.model_validate({"tasks": tasks})
    assert Plan.model_validate(json.loads(json.dumps(plan.to_json()))) == plan
    if not problems:
        seen: set[str] = set()
        for one in plan.order():
            assert set(one.needs()) <= seen
            seen.add(one.id)
        assert len(seen) == len(tasks)


HOSTILE_SCHEMAS: list[dict[str, Any]] = [
    {"type": "nonsense"},
    {"properties": 3},
    {"properties": {"query": {"$ref": "#/nowhere"}}},
    {"properties": {"query": {"pattern": "("}}},
    {"properties": {"query": {"$ref": "#"}}},
    {"required": "query"},
]


@pytest.mark.parametrize("schema", HOSTILE_SCHEMAS, ids=map(str, HOSTILE_SCHEMAS))
def test_a_tool_with_a_broken_schema_breaks_no_check(schema: dict[str, Any]) -> None:
    from langchain_core.tools import StructuredTool

    broken = StructuredTool(name="broken", description="x", args_schema=schema, func=lambda **_: None)
    problems = check_plan(Plan(tasks=[Task(id="a", tool="broken", args={"query": "x"})]), [ToolSpec(broken)])
    assert all(problem.code == "invalid_arguments" for problem in problems)


def test_a_long_plan_is_ordered_in_no_time() -> None:
    chain = Plan(tasks=[task(f"t{n}", after=[f"t{n - 1}"] if n else []) for n in reversed(range(2000))])
    assert [one.id for one in chain.order()] == [f"t{n}" for n in range(2000)]
