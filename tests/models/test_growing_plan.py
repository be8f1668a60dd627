"""The tasks of a plan, handed out while its JSON is written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.brain import Thought, streams_plans
from models.chat import ChatBrain
from models.chat.answers import plan as plan_answer
from models.chat.growing import GrowingPlan
from models.chat.text import read_json
from models.reflex import ReflexBrain
from state.plan import Plan, Task

ARGS = st.dictionaries(
    st.text(max_size=5), st.recursive(st.text() | st.integers(), lambda one: st.lists(one, max_size=3))
)
TASKS = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from(["a", "7", "", "t_1"]), "goal": st.text(), "tool": st.just("model"), "args": ARGS},
        optional={"after": st.just("a"), "when": st.none(), "made_up": st.integers()},
    ),
    min_size=1,
    max_size=6,
)


def grown(*pieces: str) -> list[Task]:
    tasks: list[Task] = []
    read = GrowingPlan(tasks.append)
    for piece in pieces:
        read(piece)
    return tasks


@given(TASKS, st.integers(1, 40), st.sampled_from([None, 1]), st.sampled_from(["", "Here it is:\n```json\n"]))
def test_it_hands_out_what_the_whole_plan_will_have(tasks: list[Any], size: int, indent: Any, before: str) -> None:
    text = before + json.dumps({"tasks": tasks}, indent=indent)
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert grown(*pieces) == plan_answer([]).read(read_json(text)).tasks


def test_a_task_is_handed_out_with_its_last_character() -> None:
    text = json.dumps(
        {"tasks": [{"id": "a", "tool": "model", "args": {"prompt": "} ]"}}, {"id": "b", "tool": "model"}]}
    )
    end = text.index(', {"id": "b"')
    assert [task.id for task in grown(text[: end - 1])] == []
    assert [task.id for task in grown(text[:end])] == ["a"]


@pytest.mark.parametrize(
    "text", ["no plan", '{"tasks": "none"}', '{"tasks": [7, {"id": "a", "tool": "model"}]}', "[[[{}"]
)
def test_what_cannot_be_read_hands_out_nothing(text: str) -> None:
    assert grown(*text) == []


def test_after_a_task_that_cannot_be_read_nothing_is_handed_out() -> None:
    bad = {"id": "not an id", "tool": "model"}
    good = {"id": "a", "tool": "model"}
    assert [task.id for task in grown(json.dumps({"tasks": [good, bad, {**good, "id": "b"}]}))] == ["a"]


def test_a_new_beginning_voids_what_came_before() -> None:
    heard: list[str] = []

    class Sink:
        def __call__(self, task: Task) -> None:
            heard.append(task.id)

        def restart(self) -> None:
            heard.clear()

    read = GrowingPlan(Sink())
    read('{"tasks": [{"id": "a", "tool": "model"}, {"id":')
    read.restart()
    read('{"tasks": [{"id": "b", "tool": "model"}]}')
    assert heard == ["b"]


def test_a_plan_of_ones_own_has_the_last_word() -> None:
    class Own(ChatBrain):
        async def decompose(self, *_: Any, **__: Any) -> Thought[Plan]:
            return Thought(Plan())

    class OwnAndStreaming(Own):
        async def stream_plan(self, *_: Any, **__: Any) -> Thought[Plan]:
            return Thought(Plan())

    made = [brain.__new__(brain) for brain in (ChatBrain, Own, OwnAndStreaming, ReflexBrain)]
    assert [streams_plans(brain) for brain in made] == [True, False, True, False]
