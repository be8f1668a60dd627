"""What a person is asked, shown and answers: nothing happens but what was shown, and every decision is kept."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from cli import questions
from graph.outcome import Outcome
from models.brain import Thought
from state.approval import BadAnswer
from state.intent import Intent
from state.plan import Plan, Task
from state.policy import ArgumentTest, Rule
from tests.security.office import APPROVE, Office, Planner, edit, pay, reject

NOTE = Task(id="t1", tool="note", args={"text": "one"})
THEN = Task(id="t2", tool="note", args={"text": "two"}, after=["t1"])


@pytest.mark.parametrize(
    ("edited", "done"),
    [
        ([NOTE, THEN, Task(id="t3", tool="note", args={"text": "three"}, after=["t2"])], "one two three"),
        ([NOTE], "one"),
        ([THEN.model_copy(update={"after": []}), NOTE.model_copy(update={"after": ["t2"]})], "two one"),
        ([NOTE.model_copy(update={"args": {"text": "other"}}), THEN], "other two"),
        ([NOTE.model_copy(update={"each": ["a", "b"], "args": {"text": "{{item}}"}, "width": 1})], "a b"),
        ([Task(id="t1", tool="ask_human", args={"question": "Well?"})], ""),
    ],
    ids=["add", "drop", "reorder", "arguments", "repeat", "retool"],
)
async def test_a_plan_is_edited_structurally(edited: list[Task], done: str) -> None:
    office = Office(Planner([NOTE, THEN]))
    (asked,) = await office.ask()
    assert asked.value["kind"] == "plan"
    assert not office.done
    await office.answer(edit("review_plan", plan=Plan(tasks=edited).to_json()))
    assert office.done == [f"note {text}" for text in done.split()]
    assert (await office.audit())[0].decided["edited_action"]["args"]["plan"]["tasks"][0]["tool"] == edited[0].tool


@pytest.mark.parametrize(
    ("tasks", "told"),
    [
        ([{"id": "t1", "tool": "teleport"}], "there is no tool 'teleport'"),
        ([{"id": "t1", "tool": "note", "args": {"words": "x"}}], "no argument 'words'"),
        ([{"id": "t1", "tool": "note", "args": {"text": "{{t9}}"}}], "'t9', which is no task"),
        ([{"id": "t1", "tool": "note", "args": {"text": "x"}, "after": ["t1"]}], "no other task"),
        ([{"id": "t1", "tool": "note", "args": {"text": "x"}, "when": "__import__('os')"}], "when"),
        ([{"tool": "note"}], "can't be read"),
        ("everything", "is not of type 'array'"),
    ],
)
async def test_a_bad_edit_of_a_plan_is_told_and_the_question_stays_open(tasks: Any, told: str) -> None:
    office = Office(Planner([NOTE]))
    await office.ask()
    with pytest.raises(BadAnswer, match=told):
        await office.answer(edit("review_plan", plan={"tasks": tasks}))
    assert not office.done
    assert len(await office.open()) == 1
    await office.answer(APPROVE)
    assert office.done == ["note one"]


async def test_a_rejected_plan_is_made_anew_with_the_reason() -> None:
    brain = Planner([pay()], [NOTE])
    office = Office(brain)
    await office.ask()
    await office.answer(reject("don't pay, note it"))
    assert brain.told == ["a person rejected the plan: don't pay, note it"]
    (asked,) = await office.open()
    assert asked.value["action_requests"][0]["args"]["plan"]["tasks"][0]["tool"] == "note"
    await office.answer(APPROVE)
    assert office.done == ["note one"]


@pytest.mark.parametrize("second", [[pay()], []], ids=["the same", "none"])
async def test_no_other_plan_is_no_second_question(second: list[Task]) -> None:
    office = Office(Planner([pay()], second))
    await office.ask()
    out = await office.answer(reject("too much"))
    assert not await office.open()
    assert (out["stop_reason"], office.done) == ("declined", [])
    assert "the plan was rejected: too much" in out["answer"]


async def test_rejections_of_plans_are_bounded() -> None:
    office = Office(Planner(*[[pay(to=f"ben {number}")] for number in range(9)]))
    await office.ask()
    for _ in range(3):
        assert len(await office.open()) == 1
        out = await office.answer(reject("not so"))
    assert (out["stop_reason"], office.done) == ("declined", [])


async def test_all_that_a_plan_will_do_is_shown() -> None:
    tasks = [
        NOTE.model_copy(update={"on_error": "fallback: pay", "args": {"to": "ben"}, "tool": "pay"}),
        Task(id="t2", tool="note", args={"text": "{{item}}"}, each=["a", "b"], when="t1 == 'paid'"),
        Task(id="t3", tool="note", args={"text": "x"}, until="round > 2", max_rounds=7, after=["t2"]),
    ]
    office = Office(Planner(tasks))
    (asked,) = await office.ask()
    (waiting,) = Outcome.of("t", {}, [asked]).waiting
    on = io.StringIO()
    Console(file=on, width=200).print(questions.panel(waiting))
    for shown in ("\n".join(questions.plain(waiting, "t")), on.getvalue(), waiting._repr_html_()):
        for said in (
            "if it fails, pay",
            "for each of [",
            "only if t1 ==",
            "until round ",
            "at most 7 times",
            "after t2",
        ):
            assert said in shown.replace("&quot;", '"')


async def test_a_long_argument_is_shown_to_its_end() -> None:
    office = Office()
    (asked,) = await office.ask("Pay.", pay(to="x" * 5000 + " and mallory"))
    assert "and mallory" in Outcome.of("t", {}, [asked]).waiting[0]._repr_html_()


async def test_what_the_policy_denies_is_not_had_by_editing() -> None:
    never = Rule(name="never eve", tool=["pay"], where={"to": ArgumentTest(equals="eve")}, action="deny")
    office = Office(rules=[never])
    await office.ask("Pay.", pay())
    with pytest.raises(BadAnswer, match="never eve"):
        await office.answer(edit("pay", to="eve"))
    assert len(await office.open()) == 1
    await office.answer(edit("pay", to="dan"))
    assert office.done == ["pay dan 1"]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Puts the clock forward."""
    now, passed = time.time, [0.0]
    monkeypatch.setattr(time, "time", lambda: now() + passed[0])

    def put_forward(seconds: float) -> None:
        passed[0] += seconds

    return put_forward


@pytest.mark.parametrize(("response", "done"), [(reject("no"), []), (APPROVE, ["pay ben 1"]), (None, [])])
async def test_an_answer_counts_though_the_policy_would_not_ask_any_more(response: Any, done: list[str]) -> None:
    office = Office()
    await office.ask("Pay.", pay())
    office.policy = {"irreversible": "auto"}
    await office.answer(response)
    assert (office.done, len(await office.open())) == (done, int(response is None))


async def test_the_rejection_of_a_plan_counts_though_the_policy_would_not_ask_any_more() -> None:
    office = Office(Planner([NOTE]))
    assert [asked.value["kind"] for asked in await office.ask()] == ["plan"]
    office.policy = {"plan": "auto"}
    out = await office.answer(reject(""))
    assert (out["stop_reason"], office.done) == ("declined", [])


async def test_an_approval_lapses_and_is_asked_for_anew(later: Callable[[float], None]) -> None:
    office = Office(expires=3600)
    (asked,) = await office.ask("Pay.", pay())
    assert time.time() < asked.value["expires_at"] <= time.time() + 3600
    later(2 * 3600)
    out = await office.answer(APPROVE)
    assert (out["results"]["t1"].status, office.done) == ("refused", [])
    assert "lapsed" in out["answer"]
    await office.ask("Pay.", pay())  # the same goal, the same plan: another question
    await office.answer(APPROVE)
    assert office.done == ["pay ben 1"]


async def test_a_late_rejection_keeps_its_reason(later: Callable[[float], None]) -> None:
    office = Office(expires=3600)
    await office.ask("Pay.", pay())
    later(2 * 3600)
    assert "not him" in (await office.answer(reject("not him")))["answer"]


async def test_the_approval_of_a_plan_lapses(later: Callable[[float], None]) -> None:
    office = Office(Planner([NOTE]), expires=3600)
    (asked,) = await office.ask()
    later(1800)
    with pytest.raises(BadAnswer):
        await office.answer("perhaps")
    (again,) = await office.open()
    assert again.value["expires_at"] == asked.value["expires_at"]  # nor does asking once more put it off
    later(3600)
    out = await office.answer(APPROVE)
    assert (out["stop_reason"], office.done) == ("declined", [])
    assert "lapsed" in out["answer"]


async def test_every_decision_is_kept_with_what_was_shown() -> None:
    class Unsure(Planner):
        async def parse_intent(self, goal: str, *, history: Any = ()) -> Thought[Intent]:
            missing = None if "blue" in goal else "Which colour?"
            return Thought(Intent(kind="action", goal=goal, questions=[goal], missing=missing))

    human = Task(id="t0", tool="ask_human", args={"question": "How much?"})
    office = Office(Unsure([human, pay(after=["t0"])]))
    await office.ask("Paint it.")
    await office.answer("blue")
    await office.answer(APPROVE)
    await office.answer({"decisions": [{"type": "respond", "message": "ten"}], "who": "bob"})
    await office.answer(edit("pay", to="ben", amount=10))
    audit = await office.audit()
    assert [(one.kind, one.task, one.who, one.decided["type"]) for one in audit] == [
        ("clarify", "clarify", "ann", "respond"),
        ("plan", "plan", "ann", "approve"),
        ("question", "t0", "bob", "respond"),
        ("approval", "t1", "ann", "edit"),
    ]
    assert audit[0].shown["action_requests"][0]["args"] == {"question": "Which colour?"}
    assert audit[2].shown["action_requests"][0]["args"] == {"question": "How much?"}
    assert audit[3].shown["action_requests"][0]["args"] == {"to": "ben"}
    assert audit[3].decided["edited_action"]["args"] == {"to": "ben", "amount": 10}
    assert all(one.at and one.shown["reason"] for one in audit)


async def test_what_is_read_of_the_log_cannot_alter_it() -> None:
    office = Office()
    await office.ask("Pay.", pay())
    await office.answer(APPROVE)
    (read,) = await office.audit()
    read.shown["action_requests"][0]["args"]["to"] = "mallory"
    read.decided.clear()
    (kept,) = await office.audit()
    assert kept.shown["action_requests"][0]["args"] == {"to": "ben"}
    assert kept.decided["type"] == "approve"


async def test_an_answer_is_bounded() -> None:
    office = Office()
    await office.ask("Pay.", pay())
    with pytest.raises(BadAnswer, match="more than 2,000,000 characters"):
        await office.answer({"decisions": [{"type": "respond", "message": "x" * 2_000_000}]})
    assert (len(await office.open()), office.done) == (1, [])


async def test_an_answer_without_an_id_is_for_the_only_question() -> None:
    office = Office()
    await office.ask("Pay.", pay(), pay("t2", "cid"))
    with pytest.raises(BadAnswer, match="2 questions are open"):
        await office.answer(APPROVE)
    assert (len(await office.open()), office.done) == (2, [])


async def test_questions_come_one_after_the_other_where_the_policy_wants_it() -> None:
    office = Office(together=False)
    asked = await office.ask("Pay.", pay(), pay("t2", "cid"), pay("t3", "dot"))
    seen = []
    while asked:
        (one,) = asked
        seen.append(one.value["task"])
        await office.answer(reject("not him") if one.value["task"] == "t2" else APPROVE)
        asked = await office.open()
    assert sorted(seen) == ["t1", "t2", "t3"]
    assert sorted(office.done) == ["pay ben 1", "pay dot 1"]
