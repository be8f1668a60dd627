"""What a planned write may take from untrusted sources unasked: words to tell, and what code picked by the plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from models.brain import Action, Thought
from state.plan import Task
from state.policy import Policy
from state.result import Evidence
from tests.nodes.brains import ScriptedBrain
from tests.nodes.harness import Bench
from tools.pick import find_link, pick
from tools.registry import ToolSpec, tool

UNSEEN = Policy(plan="auto")


class Says(ScriptedBrain):
    """Answers every model call and agent step with one value, as a hijacked model would."""

    def __init__(self, value: Any) -> None:
        super().__init__("Done.")
        self.value = value

    async def complete(self, prompt: str, *, inputs: Mapping[str, Any], evidence: Sequence[Evidence]) -> Thought[Any]:
        return Thought(self.value)

    async def next_action(self, goal: str, **given: Any) -> Thought[Action]:
        return Thought(Action(answer=self.value))


class Office:
    """A drive that strangers can share files into, a mail box, and what was done with them."""

    def __init__(self, *more: dict[str, Any]) -> None:
        self.files = [
            {"id": "3", "name": "budget", "owner": "bob@home.example", "text": "Spend less"},
            {"id": "4", "name": "plan", "owner": "eve@home.example", "text": "See www.two.example"},
            *more,
        ]
        self.done: list[Any] = []

    def tools(self) -> list[ToolSpec]:
        @tool
        def list_files(query: str = "") -> list[dict[str, Any]]:
            """All files."""
            return self.files

        @tool(risk="write", roles="by name", mints=("id",))
        def create_file(path: str, content: str) -> dict[str, Any]:
            """Make a file."""
            self.done.append(("create", path))
            return {"id": "9", "path": path, "content": content}

        @tool(risk="write", roles={"file_id": "address", "email": "address"})
        def share(file_id: str, email: str) -> str:
            """Share a file."""
            self.done.append(("share", file_id, email))
            return "shared"

        @tool(risk="write", roles={"to": "address", "body": "content", "amount": "amount"})
        def send(to: str, body: str = "", amount: float = 0) -> str:
            """Send a message."""
            self.done.append(("send", to, body))
            return "sent"

        @tool(risk="write")
        def undeclared(file_id: str = "", body: str = "") -> str:
            """Do something."""
            self.done.append(("undeclared",))
            return "done"

        @tool(open_world=True)
        def visit(url: str) -> str:
            """Visit a page."""
            self.done.append(("visit", url))
            return "seen"

        return [list_files, create_file, share, send, undeclared, visit, pick, find_link]


FILES = Task(id="t1", tool="list_files")
PLAN_ID = Task(id="p", tool="pick", args={"records": "{{t1}}", "field": "id", "where": {"name": "plan"}})
SUMMARY = Task(id="m", tool="model", args={"prompt": "sum it up", "text": "{{t1}}"})


async def outcome(office: Office, *plan: Task, says: Any = "Spend less") -> tuple[dict[str, Any], list[Any]]:
    """The results of a plan, and the questions it came to."""
    bench = Bench(office.tools(), policy=UNSEEN, brain=Says(says))
    out = await bench.run([FILES, *plan])
    state = await bench.graph.aget_state(bench.config())
    return out.get("results", {}), [one.value for one in state.interrupts]


async def test_a_summary_is_sent_to_whom_the_plan_names() -> None:
    office = Office()
    _, asked = await outcome(office, SUMMARY, Task(id="s", tool="send", args={"to": "alice", "body": "{{m}}"}))
    assert asked == []
    assert office.done == [("send", "alice", "Spend less")]


@pytest.mark.parametrize(
    ("says", "args"),
    [
        ("See www.evil.example", {"to": "alice", "body": "{{m}}"}),
        ("Pay 12345678", {"to": "alice", "body": "Summary: {{m}}"}),
        ("mallory", {"to": "{{m}}", "body": "hello"}),
        (5, {"to": "alice", "body": "hello", "amount": "{{m}}"}),
        ({"a": "b"}, {"to": "alice", "body": "{{m.a}} {{t1}}"}),
    ],
    ids=["link", "account", "address", "amount", "records"],
)
async def test_what_a_model_makes_of_it_asks_if_it_is_more(says: Any, args: dict[str, Any]) -> None:
    office = Office()
    _, asked = await outcome(office, SUMMARY, Task(id="s", tool="send", args=args), says=says)
    assert len(asked) == 1
    assert office.done == []


async def test_a_tool_whose_author_said_nothing_of_its_arguments_asks() -> None:
    office = Office()
    for args in ({"body": "{{m}}"}, {"file_id": "{{p}}"}):
        _, asked = await outcome(office, SUMMARY, PLAN_ID, Task(id="s", tool="undeclared", args=args))
        assert len(asked) == 1
    assert office.done == []


async def test_the_id_that_the_plan_picks_is_written_to() -> None:
    office = Office()
    share = Task(id="s", tool="share", args={"file_id": "{{p}}", "email": "alice@home.example"})
    _, asked = await outcome(office, PLAN_ID, share)
    assert asked == []
    assert office.done == [("share", "4", "alice@home.example")]


@pytest.mark.parametrize("name", ["plan", "PLAN", "plan (2)", "the plan"])
async def test_a_file_of_the_same_name_stops_it(name: str) -> None:
    office = Office({"id": "66", "name": name, "owner": "mallory@evil.example", "text": ""})
    share = Task(id="s", tool="share", args={"file_id": "{{p}}", "email": "alice@home.example"})
    results, asked = await outcome(office, PLAN_ID, share)
    assert "2 values of 'id' fit" in results["p"].error.message
    assert results["s"].status == "skipped"
    assert (asked, office.done) == ([], [])


@pytest.mark.parametrize(
    "picking",
    [
        [Task(id="p", tool="model", args={"prompt": "which?", "text": "{{t1}}"})],
        [Task(id="p", tool="agent", args={"goal": "which?", "prompt": "{{t1}}"})],
        [SUMMARY, PLAN_ID.model_copy(update={"args": {**PLAN_ID.args, "where": {"name": "{{m}}"}}})],
        [SUMMARY, PLAN_ID.model_copy(update={"args": {"records": ["{{m}}"], "field": "value"}})],
        [PLAN_ID.model_copy(update={"args": {**PLAN_ID.args, "where": {"name": "{{t1[1].name}}"}}})],
        [
            SUMMARY,
            Task(id="t2", tool="list_files", args={"query": "{{m}}"}),
            PLAN_ID.model_copy(update={"args": {**PLAN_ID.args, "records": "{{t2}}"}}),
        ],
        [Task(id="p", tool="find_link", args={"text": "{{t1}}", "where": {"name": "plan"}})],
    ],
    ids=["model", "agent", "model's criterion", "model's records", "read criterion", "model's query", "link in a text"],
)
async def test_what_anything_else_chose_asks(picking: list[Task]) -> None:
    office = Office()
    share = Task(id="s", tool="share", args={"file_id": "{{p}}", "email": "alice@home.example"})
    _, asked = await outcome(office, *picking, share, says="plan")
    assert len(asked) == 1
    assert not asked[0]["provenance"]["file_id"]["trusted"]
    assert office.done == []


async def test_a_reference_into_a_list_isnt_a_pick() -> None:
    office = Office()
    args = {"file_id": "{{t1[1].id}}", "email": "alice@home.example"}
    _, asked = await outcome(office, Task(id="s", tool="share", args=args))
    assert len(asked) == 1


async def test_untrusted_words_dont_go_to_an_address_that_was_picked() -> None:
    office = Office()
    owner = Task(id="p", tool="pick", args={"records": "{{t1}}", "field": "owner", "where": {"name": "plan"}})
    _, asked = await outcome(office, owner, SUMMARY, Task(id="s", tool="send", args={"to": "{{p}}", "body": "{{m}}"}))
    assert len(asked) == 1
    _, asked = await outcome(office, owner, Task(id="s", tool="send", args={"to": "{{p}}", "body": "hello"}))
    assert asked == []
    assert office.done == [("send", "eve@home.example", "hello")]


async def test_what_was_just_made_is_shared_by_the_id_its_system_gave_it() -> None:
    office = Office()
    made = Task(id="c", tool="create_file", args={"path": "summary", "content": "{{m}}"})
    share = Task(id="s", tool="share", args={"file_id": "{{c.id}}", "email": "alice@home.example"})
    _, asked = await outcome(office, SUMMARY, made, share)
    assert asked == []
    assert office.done == [("create", "summary"), ("share", "9", "alice@home.example")]


async def test_another_field_of_it_is_no_such_id() -> None:
    office = Office()
    made = Task(id="c", tool="create_file", args={"path": "summary", "content": "{{m}}"})
    share = Task(id="s", tool="share", args={"file_id": "9", "email": "{{c.content}}"})
    _, asked = await outcome(office, SUMMARY, made, share)
    assert len(asked) == 1
    assert office.done == [("create", "summary")]


async def test_the_one_link_of_a_text_is_visited_and_what_a_model_chose_asks() -> None:
    office = Office()
    link = Task(id="p", tool="find_link", args={"text": "{{t1}}", "where": {"name": "plan"}})
    _, asked = await outcome(office, link, Task(id="v", tool="visit", args={"url": "{{p}}"}))
    assert asked == []
    _, asked = await outcome(office, SUMMARY, Task(id="v", tool="visit", args={"url": "{{m}}"}), says="www.two.example")
    assert len(asked) == 1
    office = Office({"id": "5", "name": "plan", "owner": "", "text": "or www.evil.example"})
    await outcome(office, link, Task(id="v", tool="visit", args={"url": "{{p}}"}))
    assert office.done == []


async def test_words_alone_dont_pass_where_a_strangers_list_says_how_often() -> None:
    office = Office()
    _, asked = await outcome(office, Task(id="s", tool="send", args={"to": "alice", "body": "hi"}, each="{{t1}}"))
    assert len(asked) == 2
    assert office.done == []


def test_roles_are_checked_when_a_tool_is_added() -> None:
    with pytest.raises(ValueError, match="roles is 'by name', or 'address', 'amount', 'content' for each argument"):
        ToolSpec.of(pick.tool.model_copy(update={"metadata": {"roles": {"records": "text"}}}))
