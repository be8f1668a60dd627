"""From a goal to an intent: kinds, several questions, ellipses, follow-ups, small talk, what can't be done."""

from __future__ import annotations

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

from models.brain import Brain
from models.reflex import ReflexBrain
from state.intent import Intent


async def parse(goal: str, *said: str) -> Intent:
    history: list[AnyMessage] = []
    for text in said:
        history += [HumanMessage(text), AIMessage("...")]
    return (await ReflexBrain().parse_intent(goal, history=history)).value


def test_it_is_a_brain() -> None:
    assert isinstance(ReflexBrain(), Brain)
    assert ReflexBrain().name == "reflex"


@pytest.mark.parametrize(
    ("goal", "kind", "questions"),
    [
        ("How old must a senator be?", "question", ["How old must a senator be?"]),
        (
            "How old must a senator be, and how old a president, and what is the difference?",
            "calculation",
            ["How old must a senator be?", "How old must a president be?", "What is the difference?"],
        ),
        (
            "How do I report a bug in Debian and who maintains the packages?",
            "question",
            ["How do I report a bug in Debian?", "Who maintains the packages?"],
        ),
        ("Who is the president? When is he elected?", "question", ["Who is the president?", "When is he elected?"]),
        ("Compare the terms of senators and representatives", "comparison",
         ["The terms of senators", "The terms of representatives"]),
        ("What is the difference between testing and unstable?", "comparison", ["Testing", "Unstable"]),
        ("Compare the minimum age of a senator and of a representative", "comparison",
         ["The minimum age of a senator", "The minimum age of a representative"]),
        ("Compare the terms of senators and representatives, and who elects the president?", "question",
         ["The terms of senators", "The terms of representatives", "Who elects the president?"]),
        ("Who elects the president, and compare the terms of senators and those of representatives.", "question",
         ["Who elects the president?", "The terms of senators", "The terms of representatives"]),
        ("Compare the terms of senators and representatives. Which is longer?", "calculation",
         ["The terms of senators", "The terms of representatives", "Which is longer?"]),
        ("What is dpkg, and describe its options", "question", ["What is dpkg?", "Describe dpkg's options."]),
        ("What is 15% of 340?", "calculation", ["What is 15% of 340?"]),
        ("Which car has the most power and which has the least?", "question",
         ["Which car has the most power?", "Which car has the least power?"]),
        ("Wie alt muss ein Senator sein?", "question", ["Wie alt muss ein Senator sein?"]),
        ("Explain when and where Congress meets", "question", ["Explain when and where Congress meets."]),
    ],
)  # fmt: skip
async def test_goals_become_questions(goal: str, kind: str, questions: list[str]) -> None:
    intent = await parse(goal)
    assert (intent.kind, intent.questions) == (kind, questions)
    assert intent.reply is None
    assert intent.missing is None


@pytest.mark.parametrize(
    ("goal", "questions"),
    [
        (
            "What is 17 % of 240? Save the result to share.txt",
            ["What is 17 % of 240?", "Save the result to share.txt."],
        ),
        (
            "Find out how old a senator must be, and then write it into a new file called out/age.md.",
            ["Find out how old a senator must be.", "Write it into a new file called out/age.md."],
        ),
        (
            "How old must a senator be? Mail the answer to ann@example.com with subject 'Ages'",
            ["How old must a senator be?", "Mail the answer to ann@example.com with subject 'Ages'."],
        ),
        (
            "Could you compare the terms of senators and representatives and save both to terms.txt?",
            ["The terms of senators", "The terms of representatives", "Save both to terms.txt."],
        ),
        (
            "How do I open the report and save it in report.txt?",
            ["How do I open the report and save it in report.txt?"],
        ),
        ("Who may save the results in results.csv?", ["Who may save the results in results.csv?"]),
    ],
)
async def test_what_is_to_be_done_with_the_answer_comes_last(goal: str, questions: list[str]) -> None:
    assert (await parse(goal)).questions == questions


async def test_an_earlier_answer_can_be_handed_on() -> None:
    intent = await parse("Save that to age.txt", "How old must a senator be?")
    assert intent.questions == ["How old must a senator be?", "Save that to age.txt."]


@pytest.mark.parametrize(
    ("said", "goal", "meant"),
    [
        ("How old must a senator be?", "and for a representative?", "How old must a representative be?"),
        ("How old must a senator be?", "And a president?", "How old must a president be?"),
        ("How many years must a senator have been a citizen?", "What about a president?",
         "How many years must a president have been a citizen?"),
        ("What is a virtual package?", "What does it need?", "What does a virtual package need?"),
        ("How many movies were made in 1998?", "and in 1999?", "How many movies were made in 1999?"),
        ("What is the average horsepower of cars from USA?", "and Japan?",
         "What is the average horsepower of cars from Japan?"),
        ("How many senators does each state have?", "how old must they be?", "How old must senators be?"),
        ("How old must a senator be?", "Who declares war?", "Who declares war?"),
        ("Who owns locker 17?", "What colour is it painted in?", "What colour is locker 17 painted in?"),
        ("Who wrote the second report?", "When was it published?", "When was the second report published?"),
        ("When was Ada Lovelace born?", "Where?", "Where was Ada Lovelace born?"),
        ("When was Ada Lovelace born?", "And when did she die?", "When did Ada Lovelace die?"),
        ("When was the house bought?", "And for how much?", "For how much was the house bought?"),
        ("When did the shop open?", "When did it close?", "When did the shop close?"),
        ("When did revenue increase?", "What about the number of staff?", "When did the number of staff increase?"),
        ("When was the factory in Lyon closed?", "And the office in Bonn?", "When was the office in Bonn closed?"),
        ("Who won the cup in 1988?", "What about 1992?", "Who won the cup in 1992?"),
        ("Which is the highest tower?", "And the least expensive one?", "Which is the least expensive tower?"),
        ("Which customers live in Rome?", "How many are there?", "How many customers live in Rome?"),
        ("List the customers", "How many are there?", "How many customers are there?"),
    ],
)  # fmt: skip
async def test_follow_ups_are_resolved(said: str, goal: str, meant: str) -> None:
    assert (await parse(goal, said)).questions == [meant]


async def test_an_operation_on_the_answers_before() -> None:
    intent = await parse("What is the difference?", "How old must a senator be, and how old a president?")
    assert intent.kind == "calculation"
    assert intent.questions[:2] == ["How old must a senator be?", "How old must a president be?"]


@pytest.mark.parametrize("goal", ["What is the difference?", "How many years is that in all?", "Who is older?"])
async def test_a_follow_up_is_asked_beside_what_it_follows(goal: str) -> None:
    intent = await parse(goal, "How old must a senator be?", "And a president?")
    assert intent.questions == ["How old must a senator be?", "How old must a president be?", goal]


async def test_the_goal_may_be_in_the_history_already() -> None:
    brain = ReflexBrain()
    history = [HumanMessage("How old must a senator be?"), AIMessage("30"), HumanMessage("and for a representative?")]
    intent = (await brain.parse_intent("and for a representative?", history=history)).value
    assert intent.questions == ["How old must a representative be?"]


@pytest.mark.parametrize("goal", ["Compare it", "Explain this.", "What does it mean?"])
async def test_what_points_at_nothing_is_asked_for(goal: str) -> None:
    assert (await parse(goal)).missing


@pytest.mark.parametrize("goal", ["hello", "Hi there!", "thanks!", "Who are you?", "help", "Good morning", "bye"])
async def test_small_talk_gets_a_reply(goal: str) -> None:
    intent = await parse(goal)
    assert intent.kind == "small_talk"
    assert intent.reply


@pytest.mark.parametrize("goal", ["Write a poem about spring", "Translate the preamble to French", "Draw a cat"])
async def test_what_needs_generating_is_declined_at_once(goal: str) -> None:
    intent = await parse(goal)
    assert intent.kind == "action"
    assert intent.reply is not None
    assert "can't" in intent.reply
    assert "OPENAI_API_KEY" in intent.reply


@pytest.mark.parametrize("goal", ["Delete all my files", "Send an email to bob@example.com saying hi", "Book a flight"])
async def test_an_action_is_left_to_the_plan(goal: str) -> None:
    intent = await parse(goal)
    assert (intent.kind, intent.reply) == ("action", None)


@pytest.mark.parametrize("goal", ["", " ", "???", "\x00", "a" * 20_000, "🙂 🙂", "Как дела у президента?", "?" * 5000])
async def test_odd_input_is_understood_somehow(goal: str) -> None:
    assert isinstance(await parse(goal), Intent)
