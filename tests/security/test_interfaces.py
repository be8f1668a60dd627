"""The interfaces that people already have can show our questions and answer them: by the very code they use."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langchain.agents.middleware.human_in_the_loop import HITLRequest, HITLResponse
from pydantic import TypeAdapter

from state.approval import BadAnswer
from state.plan import Task
from tests.security.office import Office, Planner, pay

HUMAN = Task(id="t1", tool="ask_human", args={"question": "How much?"})


PAY = Task(id="t1", tool="pay", args={"to": "ben", "amount": 5})


async def asked(office: Office, kind: str) -> dict[str, Any]:
    goal: dict[str, list[Task]] = {"approval": [PAY], "question": [HUMAN], "plan": []}
    (interrupt,) = await office.ask("Pay.", *goal[kind])
    assert interrupt.value["kind"] == kind
    return dict(interrupt.value)


@pytest.mark.parametrize("kind", ["approval", "plan", "question"])
async def test_a_question_is_langchains_request(kind: str) -> None:
    request = await asked(Office(Planner([pay()])), kind)
    TypeAdapter(HITLRequest).validate_python(
        {name: request[name] for name in ("action_requests", "review_configs")}, strict=True
    )


# What agent-chat-ui does: its agent-inbox-interrupt.ts, and utils.ts and inbox-item-input.tsx of its agent-inbox.


def is_known_to_agent_chat_ui(value: Any) -> bool:
    """Its isAgentInboxInterruptSchema: whether it shows a form and no raw JSON."""
    requests, configs = value.get("action_requests"), value.get("review_configs")
    return (
        isinstance(requests, list)
        and isinstance(configs, list)
        and bool(requests and configs)
        and all(isinstance(one.get("name"), str) and isinstance(one.get("args"), dict) for one in requests)
        and all(
            isinstance(one.get("action_name"), str) and isinstance(one.get("allowed_decisions"), list)
            for one in configs
        )
    )


def agent_chat_ui(request: dict[str, Any], press: str, **typed: str) -> Any:
    """What it resumes with once a person has pressed a button; what they have typed into its fields stays text."""
    (action,) = request["action_requests"]
    config = next(one for one in request["review_configs"] if one["action_name"] == action["name"])
    assert press in config["allowed_decisions"]
    if press == "reject":
        return {"decisions": [{"type": "reject", "message": "not him"}]}
    edited = {"name": action["name"], "args": dict(action["args"])}
    if press == "edit" and typed:
        assert set(typed) <= set(action["args"])
        edited["args"].update(typed)
        return {"decisions": [{"type": "edit", "edited_action": edited}]}
    return {"decisions": [{"type": "approve"}]}


@pytest.mark.parametrize(
    ("press", "typed", "done"),
    [
        ("approve", {}, ["pay ben 5"]),
        ("edit", {"to": "cid"}, ["pay cid 5"]),
        ("edit", {"amount": "12.5"}, ["pay ben 12.5"]),
        ("edit", {}, ["pay ben 5"]),  # nothing was changed: it sends an approval
        ("reject", {}, []),
    ],
)
async def test_agent_chat_ui_answers_an_approval(press: str, typed: dict[str, str], done: list[str]) -> None:
    office = Office()
    request = await asked(office, "approval")
    assert is_known_to_agent_chat_ui(request)
    answer = agent_chat_ui(request, press, **typed)
    TypeAdapter(HITLResponse).validate_python(answer)
    await office.answer(answer)
    assert (await office.open(), office.done) == ([], done)


async def test_agent_chat_ui_edits_a_plan() -> None:
    office = Office(Planner([pay()]))
    request = await asked(office, "plan")
    assert is_known_to_agent_chat_ui(request)
    note = {"id": "t1", "tool": "note", "args": {"text": "x"}}
    await office.answer(agent_chat_ui(request, "edit", plan=json.dumps({"tasks": [note]})))
    assert office.done == ["note x"]


async def test_text_that_is_no_value_is_told_and_the_question_stays_open() -> None:
    office = Office()
    request = await asked(office, "approval")
    with pytest.raises(BadAnswer, match="'lots' is not of type 'number'"):
        await office.answer(agent_chat_ui(request, "edit", amount="lots"))
    assert (len(await office.open()), office.done) == (1, [])


async def test_a_message_in_a_chat_leaves_what_waits_and_goes_on_from_there() -> None:
    """agent-chat-ui has no field for a question in words: whoever types instead begins anew, and nothing runs."""
    office = Office()
    await asked(office, "approval")
    await office.graph.ainvoke({"messages": [{"type": "human", "content": "No, forget it."}]}, office.config)
    assert (await office.open(), office.done) == ([], [])


@pytest.mark.parametrize(
    "answer",
    [
        [{"type": "accept", "args": {"action": "pay", "args": {}}}],  # agent-inbox, which shows no arguments of these
        [{"type": "edit", "args": {"action": "pay", "args": {}}}],
        [{"type": "response", "args": "fine"}],
        [{"type": "ignore", "args": None}],
    ],
)
async def test_forms_of_other_protocols_are_refused_and_the_question_stays_open(answer: Any) -> None:
    office = Office()
    await asked(office, "approval")
    with pytest.raises(BadAnswer, match="An answer looks like"):
        await office.answer(answer)
    assert (len(await office.open()), office.done) == (1, [])
