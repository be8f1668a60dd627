"""The chat brain and its fallback on a real model that is bad: nothing raises, everything fits, everything ends."""

from __future__ import annotations

import pytest

from memory.settings import Settings
from models.brain import Brain, Step
from models.chat import sense
from models.choose import choose_brain
from state.intent import Intent
from state.plan import Plan, check_plan
from state.result import Evidence, TaskResult
from state.verdict import Draft, Verdict
from tools.registry import tool

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

GOAL = "How old must a senator be, and how old a president?"
EVIDENCE = [
    Evidence(
        text="No Person shall be a Senator who shall not have attained to the Age of thirty Years.",
        source="constitution.txt",
        place="Article I",
        task="t1",
    ),
    Evidence(
        text="Neither shall any Person be eligible to the Office of President who shall not have attained to the Age "
        "of thirty five Years.",
        source="constitution.txt",
        place="Article II",
        task="t2",
    ),
]
INTENT = Intent(kind="question", goal=GOAL, questions=["How old must a senator be?", "How old must a president be?"])


@tool
def search_documents(query: str, limit: int = 5) -> list[str]:
    """Search the documents for passages about a query."""
    return [query][:limit]


@pytest.fixture
def brain(smollm_url: str) -> Brain:
    # Bounded by the length of its answers alone, so that it says the same on a machine that does much else.
    return choose_brain(None, Settings(openai_base_url=smollm_url, model="smollm2-135m", model_timeout=300))


@pytest.mark.parametrize("goal", [GOAL, "hello", "Send a mail to bob"])
async def test_intents_are_typed_and_keep_to_the_goal(brain: Brain, goal: str) -> None:
    thought = await brain.parse_intent(goal)
    assert isinstance(thought.value, Intent)
    assert all(sense.restates(question, goal) for question in thought.value.questions)
    assert thought.usage.model_calls >= 1
    assert thought.usage.tokens > 0


async def test_plans_are_plans_and_end_runnable(brain: Brain) -> None:
    thought = await brain.decompose(INTENT, tools=[search_documents])
    problems = check_plan(thought.value, [search_documents])
    for _ in range(2):
        if not problems:
            break
        thought = await brain.decompose(INTENT, tools=[search_documents], problems=problems)
        problems = check_plan(thought.value, [search_documents])
    assert isinstance(thought.value, Plan)
    assert problems == [], "at the latest the last brain of the chain makes a plan that can run"


async def test_writing_streams_and_ends(brain: Brain) -> None:
    heard: list[str] = []
    thought = await brain.write(INTENT, evidence=EVIDENCE, on_text=heard.append)
    assert isinstance(thought.value, Draft)
    assert thought.value.text
    assert heard
    assert len(thought.value.text) < 40_000


async def test_verdicts_are_verdicts(brain: Brain) -> None:
    draft = Draft(text="A senator must be thirty years old [1].")
    thought = await brain.judge(INTENT, draft=draft, evidence=EVIDENCE)
    assert isinstance(thought.value, Verdict)
    assert set(thought.value.tasks) <= {"t1", "t2"}
    assert all(finding.sentence is None or finding.sentence in draft.text for finding in thought.value.findings)


async def test_values_bring_no_numbers_of_their_own(brain: Brain) -> None:
    inputs = {"text": EVIDENCE[0].text}
    thought = await brain.complete("The age, in years, as a number.", inputs=inputs, evidence=EVIDENCE[:1])
    assert not sense.foreign_numbers(str(thought.value), [*inputs.values()])


async def test_actions_fit_their_tools(brain: Brain) -> None:
    steps = [Step("search_documents", {"query": "senator"}, TaskResult(task="s1", status="done", value="thirty"))]
    for taken in ([], steps):
        thought = await brain.next_action("How old must a senator be?", tools=[search_documents], steps=taken)
        assert thought.value.tool in (None, "search_documents")
        assert thought.value.tool or thought.value.answer is not None
