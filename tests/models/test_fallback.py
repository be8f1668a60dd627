"""The chain of brains: who is asked, who is left alone, and what is told about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from evals.servers.openai_server import OpenAIServer, Reply
from memory.settings import Settings
from models.brain import Action, BrainError, Thought
from models.chat import ChatBrain, Patience
from models.fallback import FallbackBrain
from state.budget import Usage
from state.intent import Intent
from state.plan import Plan, Problem
from state.result import Evidence
from state.verdict import Draft, Finding, Verdict

Start = Callable[..., OpenAIServer]
INTENT = Intent(kind="question", goal="How old?", questions=["How old?"])
EVIDENCE = [Evidence(text="30", source="s")]
PROBLEM = [Problem(code="cycle", message="m")]
FINDING = [Finding(check="c", message="m")]


class Steady:
    """A brain that always answers, and counts how often."""

    def __init__(self, name: str = "steady") -> None:
        self.name = name
        self.asked = 0

    def __getattr__(self, method: str) -> Any:
        values = {
            "decompose": Plan(),
            "write": Draft(text=self.name),
            "parse_intent": INTENT,
            "judge": Verdict(action="accept"),
            "next_action": Action(answer=30),
        }

        async def think(*_: Any, on_text: Any = None, **__: Any) -> Thought[Any]:
            self.asked += 1
            if on_text:
                on_text(self.name)
            return Thought(values.get(method, method), Usage(model_calls=1), ("note",))

        return think


class Broken(Steady):
    """A brain that always fails, in the middle of its text if it writes."""

    def __init__(self, name: str = "broken", lasting: bool = False) -> None:
        super().__init__(name)
        self.lasting = lasting

    def __getattr__(self, method: str) -> Any:
        async def think(*_: Any, on_text: Any = None, **__: Any) -> Thought[Any]:
            self.asked += 1
            if on_text:
                on_text("half a sen")
            raise BrainError("it is ill.", usage=Usage(model_calls=2, money=0.5), lasting=self.lasting)

        return think


class Screen:
    def __init__(self) -> None:
        self.text = ""

    def __call__(self, text: str, /) -> None:
        self.text += text

    def restart(self) -> None:
        self.text = ""


METHODS: dict[str, Callable[[FallbackBrain], Any]] = {
    "parse_intent": lambda brain: brain.parse_intent("g"),
    "decompose": lambda brain: brain.decompose(INTENT, tools=[]),
    "write": lambda brain: brain.write(INTENT, evidence=EVIDENCE),
    "judge": lambda brain: brain.judge(INTENT, draft=Draft(text="x"), evidence=[]),
    "complete": lambda brain: brain.complete("p", inputs={}, evidence=[]),
    "next_action": lambda brain: brain.next_action("g", tools=[], steps=[]),
}


@pytest.mark.parametrize("method", METHODS)
async def test_each_kind_of_thinking_falls_back_and_says_so(method: str) -> None:
    brain = FallbackBrain([Broken(), Steady()])  # type: ignore[list-item]
    thought = await METHODS[method](brain)
    assert thought.notes == ("broken unavailable: it is ill.; used steady", "note")
    assert thought.usage == Usage(model_calls=3, money=0.5), "the failed call is paid for too"
    assert brain.name == "broken"


@pytest.mark.parametrize("method", METHODS)
async def test_when_all_fail_the_error_names_each(method: str) -> None:
    with pytest.raises(BrainError, match=r"a unavailable: it is ill\.; b unavailable: it is ill\.") as caught:
        await METHODS[method](FallbackBrain([Broken("a"), Broken("b")]))  # type: ignore[list-item]
    assert caught.value.usage == Usage(model_calls=4, money=1.0)


async def test_a_reader_begins_anew_when_another_brain_takes_over() -> None:
    screen = Screen()
    brain = FallbackBrain([Broken(), Steady()])  # type: ignore[list-item]
    thought = await brain.write(INTENT, evidence=EVIDENCE, on_text=screen)
    assert screen.text == thought.value.text == "steady"
    heard: list[str] = []
    await brain.write(INTENT, evidence=EVIDENCE, on_text=heard.append)
    assert heard == ["half a sen", "steady"], "a plain function is merely told the new text"


async def test_a_brain_that_keeps_failing_is_left_alone_for_a_while() -> None:
    now = 0.0
    broken, steady = Broken(), Steady()
    brain = FallbackBrain([broken, steady], failures=3, cool_down=60, clock=lambda: now)  # type: ignore[list-item]
    for _ in range(5):
        thought = await brain.complete("p", inputs={}, evidence=[])
    assert broken.asked == 3
    assert thought.notes[0] == "broken unavailable: it is ill.; used steady", "why, though it wasn't asked again"
    now = 61.0
    await brain.complete("p", inputs={}, evidence=[])
    await brain.complete("p", inputs={}, evidence=[])
    assert broken.asked == 4, "one try after the cool-down, and it failed again"


async def test_a_failure_that_will_last_needs_no_second() -> None:
    broken = Broken(lasting=True)
    brain = FallbackBrain([broken, Steady()])  # type: ignore[list-item]
    for _ in range(3):
        await brain.complete("p", inputs={}, evidence=[])
    assert broken.asked == 1


async def test_the_last_brain_is_always_asked() -> None:
    broken = Broken(lasting=True)
    brain = FallbackBrain([broken])  # type: ignore[list-item]
    for _ in range(3):
        with pytest.raises(BrainError, match=r"^it is ill\.$"):
            await brain.complete("p", inputs={}, evidence=[])
    assert broken.asked == 3


async def test_after_two_bad_plans_the_next_brain_plans() -> None:
    first, second = Steady("first"), Steady("second")
    brain = FallbackBrain([first, second])  # type: ignore[list-item]
    await brain.decompose(INTENT, tools=[])
    await brain.decompose(INTENT, tools=[], problems=PROBLEM)
    assert (first.asked, second.asked) == (2, 0)
    other = INTENT.model_copy(update={"goal": "Something else?"})
    await brain.decompose(other, tools=[], problems=PROBLEM)
    assert (first.asked, second.asked) == (3, 0), "counted per intent"
    thought = await brain.decompose(INTENT, tools=[], problems=PROBLEM)
    assert (first.asked, second.asked) == (3, 1)
    assert thought.notes[0] == "first: its plan had problems 2 times; used second"
    await brain.decompose(INTENT, tools=[])
    assert (first.asked, second.asked) == (4, 1), "a new plan begins with the first brain again"


async def test_after_two_refused_drafts_the_next_brain_writes() -> None:
    first, second = Steady("first"), Steady("second")
    brain = FallbackBrain([first, second])  # type: ignore[list-item]
    await brain.write(INTENT, evidence=EVIDENCE)
    await brain.write(INTENT, evidence=EVIDENCE, feedback=FINDING)
    thought = await brain.write(INTENT, evidence=EVIDENCE, feedback=FINDING)
    assert (first.asked, second.asked) == (2, 1)
    assert thought.value.text == "second"
    assert thought.notes[0] == "first: its draft was refused 2 times; used second"


async def test_a_real_server_that_says_nonsense_or_drops_is_fallen_back_from(openai_server: Start) -> None:
    async def no_sleep(_: float) -> None:
        return None

    server = openai_server(lambda request: Reply("It is forty two.", drop_after=2 if request.stream else None))
    chat = ChatBrain.from_settings(Settings(openai_base_url=server.url), patience=Patience(sleep=no_sleep))
    brain = FallbackBrain([chat, Steady()], failures=10)  # type: ignore[list-item]
    intent = await brain.parse_intent("How old?")
    assert intent.value == INTENT
    assert intent.notes[0].startswith("chat:gpt-4o-mini unavailable: The model 'gpt-4o-mini' gave no usable intent")
    assert intent.usage.model_calls == 4
    screen = Screen()
    draft = await brain.write(INTENT, evidence=EVIDENCE, on_text=screen)
    assert draft.value.text == screen.text == "steady"


@pytest.mark.parametrize(
    ("method", "rubbish"),
    [
        (method, rubbish)
        for method in METHODS
        for rubbish in (None, "junk", Thought("junk"), Thought(None))
        if method != "complete" or not isinstance(rubbish, Thought)  # the value of a model task may be anything
    ],
)
async def test_what_is_no_thought_of_its_kind_is_a_failure(method: str, rubbish: Any) -> None:
    class Rubbish(Steady):
        def __getattr__(self, method: str) -> Any:
            async def think(*_: Any, **__: Any) -> Any:
                return rubbish

            return think

    with pytest.raises(BrainError, match="the brain 'rubbish' broke: TypeError: it "):
        await METHODS[method](FallbackBrain([Rubbish("rubbish")]))  # type: ignore[list-item]
    thought = await METHODS[method](FallbackBrain([Rubbish("rubbish"), Steady()]))  # type: ignore[list-item]
    assert thought.notes[0].endswith("; used steady")
