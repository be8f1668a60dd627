"""What the embedded brain does beside answering: hands on what it found, reads files, does several things at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graph.run import aask, aresume
from models.reflex import ReflexBrain
from state.plan import Plan, check_plan
from tools.calculate import calculate
from tools.files import file_tools
from tools.now import now
from tools.registry import ToolSpec, tool

CONSTITUTION = Path(__file__).parents[2] / "examples" / "us-constitution.txt"
ANSWERED_AND_SAVED = "How old must a senator be, how old a president, and what is the difference? Save it to ages.txt"
APPROVE = {"decisions": [{"type": "approve"}]}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the tools over files may reach."""
    place = tmp_path / "files"
    place.mkdir()
    monkeypatch.setenv("ORCHESTRATE_FILES", str(place))
    return place


@tool(risk="irreversible")
def send_email(to: str, subject: str, body: str) -> str:
    """Send an e-mail."""
    return "sent"


async def plan_for(goal: str, *tools: ToolSpec) -> Plan:
    brain = ReflexBrain()
    plan = (await brain.decompose((await brain.parse_intent(goal)).value, tools=tools)).value
    assert check_plan(plan, tools) == []
    return plan


async def test_what_was_found_is_written_once_a_person_has_seen_it(files: Path) -> None:
    asked = await aask(ANSWERED_AND_SAVED, docs=CONSTITUTION, brain="reflex", thread_id="t")
    assert [question.kind for question in asked.waiting] == ["plan"]
    asked = await aresume("t", APPROVE)
    request = asked.waiting[0].request
    assert "thirty five Years" in request["action_requests"][0]["args"]["content"]
    assert request["provenance"]["content"]["trusted"] is False
    assert list(files.iterdir()) == []
    done = await aresume("t", APPROVE)
    assert done.stop_reason == "answered"
    assert "The difference is 5 [3]" in done.answer
    assert "Wrote" in done.answer
    lines = (files / "ages.txt").read_text().splitlines()
    assert [line.partition("? ")[0] for line in lines] == [
        "How old must a senator be", "How old must a president be", "What is the difference",
    ]  # fmt: skip
    assert "thirty Years" in lines[0]
    assert lines[2] == "What is the difference? 5"


async def test_nothing_is_written_of_what_was_not_found(files: Path) -> None:
    goal = "How old must a wizard be? Save the answer to age.txt"
    done = await aask(goal, docs=CONSTITUTION, brain="reflex", policy="auto")
    assert list(files.iterdir()) == []
    assert "This wasn't done" in done.answer
    assert done.stop_reason != "answered"


async def test_an_answer_of_the_conversation_is_handed_on(files: Path) -> None:
    await aask("What is 17 % of 240?", brain="reflex", policy="auto", thread_id="t")
    done = await aask("Save that to share.txt", thread_id="t")
    assert done.stop_reason == "answered"
    assert (files / "share.txt").read_text() == "What is 17 % of 240? 40.8\n"


async def test_what_was_found_is_mailed() -> None:
    plan = await plan_for("What is 3 * 4? Then send it by email to ann@example.com", calculate, send_email)
    assert plan.tasks[-1].args == {
        "to": "ann@example.com", "subject": "What is 3 * 4?", "body": "What is 3 * 4? {{t1}}\n",
    }  # fmt: skip


async def test_without_a_tool_for_it_the_answer_says_that_it_was_not_done(files: Path) -> None:
    done = await aask("What is 3 * 4? Mail the result to ann@example.com", brain="reflex", policy="auto")
    assert "12 [1]" in done.answer
    assert "This wasn't done: Mail the result to ann@example.com." in done.answer
    assert done.stop_reason == "partial"


async def test_the_clock_is_told_in_words(files: Path) -> None:
    plan = await plan_for("What day is it today? Write it to today.txt", now, *file_tools(files))
    assert "{{t1.weekday}}, {{t1.date}}" in plan.tasks[-1].args["content"]


@pytest.mark.parametrize(
    ("goal", "tools", "args"),
    [
        ("Read the file notes/a.txt", ["read_file"], [{"path": "notes/a.txt"}]),
        ("Show me the contents of a.txt", ["read_file"], [{"path": "a.txt"}]),
        ("List the files", ["list_files"], [{}]),
        ("List all files in the folder notes", ["list_files"], [{"folder": "notes"}]),
        ("Write 'a' to x.txt", ["write_file"], [{"path": "x.txt", "content": "a"}]),
        (
            "Write 'a and write b' to x.txt and then write \"c\" to y.txt",
            ["write_file", "write_file"],
            [{"path": "x.txt", "content": "a and write b"}, {"path": "y.txt", "content": "c"}],
        ),
        (
            "Send an email to ann@example.com with subject Hi saying we meet at 9 and send it to bob@example.com",
            ["send_email"],
            [{"to": "ann@example.com", "subject": "Hi", "body": "we meet at 9 and send it to bob@example.com"}],
        ),
        ("Write 'a' to x.txt and read it back", [], []),
        ("Write 'a' to x.txt and delete y.txt", [], []),
    ],
)
async def test_all_that_is_told_is_done_or_nothing(
    goal: str, tools: list[str], args: list[dict[str, Any]], files: Path
) -> None:
    plan = await plan_for(goal, send_email, *file_tools(files))
    assert [task.tool for task in plan.tasks] == tools
    assert [task.args for task in plan.tasks] == args
    assert [task.after for task in plan.tasks[1:]] == [[task.id] for task in plan.tasks[:-1]]


async def test_a_file_is_quoted_and_a_folder_listed(files: Path) -> None:
    (files / "a.txt").write_text("keep the door shut.\n")
    (files / "b.txt").write_text("b")
    read = await aask("Read the file a.txt", docs=CONSTITUTION, brain="reflex")
    assert read.answer == "keep the door shut [1]."
    listed = await aask("List the files", docs=CONSTITUTION, brain="reflex")
    assert listed.answer == "The files are a.txt, b.txt [1]."
