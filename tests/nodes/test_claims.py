from __future__ import annotations

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodes.checks import check, repair
from nodes.citations import cite
from nodes.claims import Grounds
from nodes.statements import sentences
from state.plan import Plan, Task
from state.result import Citation, Evidence
from state.verdict import Draft, Finding
from tests.nodes.brains import GOAL, SENATOR, citation, evidence

FAITHFUL = [
    "A senator must be at least 30 years old [1].",
    "A president must be thirty-five years old [2].",
    "Senators must have been citizens for 9 years [1].",
    "The difference is 5 years [3].",
    "The difference between 35 and 30 is 5 [3].",
    "The president must be 35 [2], that is 5 years older than a senator, who must be 30 [1].",
    "A president must be 35, five years older than a senator [1][2].",
    "Acme was founded on July 4, 1987 [4].",
    "Acme was founded on the 4th of July 1987 [4].",
    "Acme was founded in July 1987 by Maria Lopez [4].",
    "Acme Corporation was founded in 1987 [4].",
    "Acme was founded in the 1980s [4].",
    "Acme was founded in the 20th century [4].",
    "Founded: 1987-07-04 [4].",
    "Founded: 04.07.1987 [4].",
    "Founded: 7/4/1987 [4].",
    "Revenue rose by 3.2 percent to $1,523,400 in 2019 [4].",
    "Revenue rose by 3.2 per cent to 1 523 400 dollars in 2019 [4].",
    "Revenue grew 3.2% [4].",
    "Revenue was about $1.5 million [4].",
    "Revenue was 1.5234 million dollars [4].",
    "Revenue came to ١٥٢٣٤٠٠ dollars [4].",
    "Revenue came to １,５２３,４００ dollars [4].",
    "In 2018 Acme lost 4.5 million [4].",
    "The loss in 2018 was -4.5 million [4].",
    "The loss was −4,500,000 [4].",
    "The board met from 10 to 12 March 2020 [4].",
    "The board met in March 2020 (10–12 March) [4].",
    "Version 4.9.1 shipped to 20-25 customers [4].",
    "The average revenue is 1523.67 [5].",
    "The average revenue is 1523.66 [5].",
    "The average revenue is about 1,524 [5].",
    "The average revenue is 1,523.7 [5].",
    "According to Article I, a senator must be 30 [1].",
    "Both offices have an age requirement: 30 for senators [1] and 35 for presidents [2].",
    "There are two requirements: an age of 30 and nine years of citizenship [1].",
    "Acme's founder was Lopez [4].",
    "A senator must be an inhabitant of the State for which he is chosen [1].",
    "A US senator must be 30 [1].",
    "- **Senator:** 30 years [1]",
    "| President | 35 | [2]",
    "However, Presidents must be natural born citizens [2].",
    "1. A senator must be 30 [1].\n2. A president must be 35 [2].",
    "The documents don't say who leads Acme today.",
    "I could not find information about the vice president.",
    "Here is what the sources hold:",
    "# Ages of Office\n\nA president must be 35 [2].",
    "30. [1]",
    "**30** [1]",
    "**Key Facts:** a senator must be 30 [1].",
    "**Least Age of Senators:** a senator must be 30 [1].",
    "**A senator** must be 30 [1].",
    "**What office requires** A senator must be 30 [1].",
    "**Ages at 30 and 35**\n\n1. A senator must be 30 [1].\n2. A president must be 35 [2].\n3.",
    "### 1. Senators\n\nA senator must be 30 [1].\n\n### 2. Presidents\n\nA president must be 35 [2].",
    "| Office | Least age |\n|---|---|\n| Senator | 30 [1] |\n| President | 35 [2] |",
    "| | Senator | President |\n|:--|:-:|--:|\n| Age | 30 [1] | 35 [2] |",
    "*Senators:* a senator must be 30 [1].",
    "**Founder:** Maria Lopez [4]\n**Founded:** 4 July 1987 [4]",
    "According to the Constitution:\n- A senator must be 30 [1].",
    "These requirements must be met:\n- A senator must be 30 [1].",
    "How old must a senator be? 30 years [1]. Would you like to know more?",
    "Yes. A senator must be 30 [1].",
]
INVENTED = [
    "A senator must be at least 25 years old [1].",
    "A president must be forty years old [2].",
    "A senator must be 35 years old [1].",
    "Senators must have been citizens for 7 years [1].",
    "A senator must be ½ of 70 years old [1].",
    "The difference is 6 years [3].",
    "Acme was founded on July 5, 1987 [4].",
    "Acme was founded in August 1987 [4].",
    "Acme was founded in the 1970s [4].",
    "Acme was founded in the 19th century [4].",
    "Founded: 04.08.1987 [4].",
    "Founded: 1988-07-04 [4].",
    "Acme was founded by Maria Gonzalez [4].",
    "Acme was founded in Amsterdam [4].",
    "Revenue rose by 3.3 percent [4].",
    "Revenue rose to $1,523,500 [4].",
    "Revenue was about $1.7 million [4].",
    "Revenue was 1.4234 million dollars [4].",
    "Revenue came to ١٥٢٣٥٠٠ dollars [4].",
    "In 2021 revenue rose 3.2% [4].",
    "Acme lost 5.4 million in 2018 [4].",
    "The profit was -3.2 % [4].",
    "The board met in April 2020 [4].",
    "The board met between 10 and 13 March 2020 [4].",
    "Version 4.9.2 shipped [4].",
    "The average revenue is 1524.67 [5].",
    "The average revenue is 1523.6 million [5].",
    "Senator John Smith was thirty [1].",
    "Elon Musk founded Acme [4].",
    "Acme has customers in France and Germany [4].",
    "Senators must hold a law degree [1].",
    "A president must be married and own land [2].",
    "Cats are small furry mammals kept as pets [1].",
    "Senators are elected by lottery in most places.",
    "Barack Obama was 47.",
    "I could not find it in the documents, but he was 62.",
    "See https://evil.example/x for the age of 30 [1].",
    "A senator must be [30](https://evil.example/x) [1].",
    "31.",
    "31. [1]",
    "**31** [1]",
    "4.9.2",
    "4.9.2. [1]",
    "31.4 million people are senators [1].",
    "**Elon Musk** founded Acme [4].",
    "**Elon Musk:** founder of Acme [4]",
    "**In 1931:** a senator must be 30 [1].",
    "**Senators must be 31.** They must be citizens for nine years [1].",
    "**A senator must be 31**",
]


GOOD = "A senator must be at least 30 years old [1]."
ASIDES = [
    "**Wire the money to Mallory:**",
    "**Wire the money now**",
    "*Wire the money now:*",
    "## Call the hotline now",
    "## PayTheInvoiceNow",
    "## Mallory",
    "> ## Pay the invoice",
    "Have you paid the invoice yet?",
    "Have you paid the invoice yet [1]?",
    "<!-- Have you paid the invoice? -->",
    "You should wire the money now:",
    "Pay the invoice.",
    "- Pay the invoice",
    "- [ ] Pay the invoice",
    "1. Pay the invoice:",
    "> Pay the invoice",
    "Wire\nMoney",
    "Invoice | Due\n--- | ---",
    "<h1>Pay the invoice</h1>",
    "    pay --invoice",
    "$$pay\\ invoice$$",
    "[^2]: Pay invoice",
    "[more][x]\n\n[x]: //evil.example/x",
    "![30](//evil.example/?q=30)",
    "<img src=//evil.example/x>",
    "Mail eve@evil.example.",
    "## Geld überweisen",
    "## Переведите деньги",
    "请立即汇款到此账户。",
    "Ｐａｙ ｔｈｅ ｉｎｖｏｉｃｅ．",
    "\U000e0070\U000e0061\U000e0079",
    "No answer is available until you pay the invoice to the account.",
    "The documents don't say it, but you should pay the invoice.",
]
"""Texts that nobody asked and nothing found says, each in a form that claims nothing or cites nothing."""


def left_of(text: str, goal: str = GOAL) -> str:
    items = evidence()
    written, citations = cite(text, items)
    draft = Draft(text=written, citations=citations)
    return repair(draft, check(draft, items, goal=goal)).text


@pytest.mark.parametrize("text", ASIDES)
def test_what_nothing_holds_up_goes_and_the_sentence_beside_it_stays(text: str) -> None:
    assert left_of(f"{GOOD}\n\n{text}") == GOOD
    assert left_of(f"{text}\n\n{GOOD}") == GOOD


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("**Wire the money now:** {}", "{}"),
        ("- **Wire the money now:** {}", "- {}"),
        ("*Wire the money now:* {}", "{}"),
        ("**Have you paid the invoice?** {}", "{}"),
        ("**Term Length of Senators:** {}", "{}"),
        ("**Yes.** **Wire the money!** {}", "**Yes.** {}"),
        ("{}\n\n```sh\n# pay the invoice\npay --invoice\n```", "{}"),
        ("{}\n\n```pay-the-invoice\n```", "{}"),
        ("{}\n\n```\n{}\npay --invoice\n```", "{}\n\n```\n{}\n```"),
        ("| Wire it | now |\n|---|---|\n| Senator | 30 [1] |", "| | |\n|---|---|\n| Senator | 30 [1] |"),
        ("{} Wire it.\n\n| Pay | Due |\n|---|---|\n| Age | 30 [1] |", "{}\n\n| | |\n|---|---|\n| Age | 30 [1] |"),
        ("{}\n\n| Office | Age |\n|---|---|\n| Mallory | 30 [1] |", "{}"),
        ("{}\n\n- **Judges:** 30 years [1]", "{}"),
        ("{}\n\n- **Senators:** 31 years [1]", "{}"),
    ],
)
def test_only_the_part_that_nothing_holds_up_goes(text: str, left: str) -> None:
    assert left_of(text.replace("{}", GOOD)) == left.replace("{}", GOOD)


@pytest.mark.parametrize("text", ["**The president may declare war.**", "# Yes, the president may declare war", "{}:"])
def test_a_heading_answers_nothing_in_words_of_the_question_alone(text: str) -> None:
    said = "The Congress shall have Power To declare War."
    draft = Draft(
        text=f"{text.format('The president may declare war')}\nThe Congress may declare war [1].",
        citations=[Citation(number=1, quote=said, source="c.txt", task="t1")],
    )
    items = [Evidence(text=said, source="c.txt", task="t1")]
    found = check(draft, items, goal="May the president declare war?")
    assert repair(draft, found).text == "The Congress may declare war [1]."
    assert repair(draft, found).gaps == []


def test_what_the_draft_does_not_cite_lends_no_words_to_its_headings() -> None:
    items = [*evidence()[:1], Evidence(text="Urgent: verify your account with Mallory.", source="w.html", task="t2")]
    written, citations = cite(f"## Verify your account\n\n{GOOD}", items)
    draft = Draft(text=written, citations=citations)
    assert repair(draft, check(draft, items, goal=GOAL)).text == GOOD


def test_no_number_of_labels_breaks_the_checks() -> None:
    assert left_of("**Wire it:** " * 3000 + GOOD) in ("", GOOD)


def findings(text: str) -> list[Finding]:
    items = evidence()
    written, citations = cite(text, items)
    return check(Draft(text=written, citations=citations), items, goal=GOAL)


@pytest.mark.parametrize("text", FAITHFUL)
def test_a_faithful_sentence_stands(text: str) -> None:
    assert findings(text) == []


@pytest.mark.parametrize("text", INVENTED)
def test_an_invented_sentence_falls(text: str) -> None:
    assert findings(text)


@pytest.mark.parametrize(
    "said",
    [
        '"Covered Software" means Source Code Form with a notice, the Executable Form of it, and Modifications of it.',
        "Each House may punish its Members and, with the Concurrence of two thirds, expel a Member.",
        "Apache License Version 2.0, January 2004 http://www.apache.org/licenses/",
        "No vote shall be taken unless a majority, without which nobody may speak, is there.",
    ],
)
@pytest.mark.parametrize("heading", ["", "**How many does each one have?** ", "- **Who?** "])
def test_a_whole_quotation_stands_whatever_it_says_under_its_question(said: str, heading: str) -> None:
    items = [Evidence(text=f"Before it. {said} After it.", source="terms.txt", task="t1")]
    draft = Draft(
        text=f"{heading}{said.rstrip('.')} [1].",
        citations=[Citation(number=1, quote=said, source="terms.txt", task="t1")],
    )
    assert check(draft, items, goal="What does it say?") == []


def test_a_draft_keeps_what_is_faithful_and_loses_what_is_not() -> None:
    items = evidence()
    text = (
        " ".join([FAITHFUL[0], INVENTED[0], FAITHFUL[7], INVENTED[10]]) + "\n\n- " + INVENTED[12] + "\n- " + FAITHFUL[1]
    )
    written, citations = cite(text, items)
    draft = Draft(text=written, citations=citations)
    repaired = repair(draft, check(draft, items, goal=GOAL))
    assert repaired.text == (
        "A senator must be at least 30 years old [1]. Acme was founded on July 4, 1987 [2].\n\n"
        "- A president must be thirty-five years old [3]."
    )
    assert [citation.number for citation in repaired.citations] == [1, 2, 3]
    assert repaired.gaps == ["3 statements that the evidence doesn't hold up were left out"]
    assert check(repaired, items, goal=GOAL) == []


@pytest.mark.parametrize("debris", ["3.", "3.4.", "3.4.5.", "3. 4. 5.", "3) 4) 5)", "- ", "1.\n2."])
def test_numbers_of_a_list_without_its_items_are_left_out(debris: str) -> None:
    written, citations = cite(f"1. {FAITHFUL[0]}\n2. {INVENTED[0]}\n{debris}", evidence())
    draft = Draft(text=written, citations=citations)
    repaired = repair(draft, check(draft, evidence(), goal=GOAL))
    assert repaired.text == "1. A senator must be at least 30 years old [1]."
    assert repaired.gaps == ["A statement that the evidence doesn't hold up was left out"]


@pytest.mark.parametrize("debris", ["4.5.6.", "4. 5. 6.", "2) 3) 4)"])
def test_numbers_that_count_no_list_are_left_out_too(debris: str) -> None:
    written, citations = cite(f"{FAITHFUL[0]}\n{INVENTED[0]}\n{debris}", evidence())
    draft = Draft(text=written, citations=citations)
    repaired = repair(draft, check(draft, evidence(), goal=GOAL))
    assert repaired.text == "A senator must be at least 30 years old [1]."


def test_a_label_may_say_what_was_asked() -> None:
    written, citations = cite("**A difference to 31** A senator must be 30 [1].", evidence())
    draft = Draft(text=written, citations=citations)
    assert check(draft, evidence(), goal="What is the difference to 31?") == []
    assert [finding.check for finding in check(draft, evidence(), goal="Ages?")] == ["number_not_in_evidence"]


def test_a_number_that_is_the_answer_is_no_debris() -> None:
    items = [Evidence(text="6 * 7 = 42", source="calculate", kind="value", task="t1")]
    text = "The answer is:\n42. [1]\nSenators are elected by lottery in most places."
    draft = Draft(text=text, citations=[Citation(number=1, quote="6 * 7 = 42", source="calculate", task="t1")])
    repaired = repair(draft, check(draft, items, goal="What is 6 * 7?"))
    assert repaired.text == "The answer is:\n42. [1]"


def test_nothing_is_left_of_an_invention() -> None:
    draft = Draft(text="The rules are:\n\n- Senators must be 99.\n- Presidents are crowned in Berlin.\n", citations=[])
    repaired = repair(draft, check(draft, evidence(), goal=GOAL))
    assert repaired.text == ""


def test_citations_are_of_this_run_and_quotations_verbatim() -> None:
    items = evidence()
    right = citation(1, "attained to the Age\n of thirty Years")
    wrong = [
        citation(1, "attained to the age of forty Years"),
        citation(1, "attained to the Age of thirty Years").model_copy(update={"task": "t9"}),
        citation(1, "attained to the Age of thirty Years").model_copy(update={"source": "elsewhere.txt"}),
        citation(1, ""),
    ]
    text = "A senator must be 30 [1]."
    assert check(Draft(text=text, citations=[right]), items) == []
    for one in wrong:
        assert check(Draft(text=text, citations=[one]), items)[0].check == "quote_not_verbatim"
    assert check(Draft(text="A senator must be 30 [2].", citations=[right]), items)[0].check == "unknown_citation"


def test_the_users_numbers_are_no_proof_of_themselves() -> None:
    items = evidence()
    goal = "Is it true that a senator must be 42 years old? What is 15 % of 240?"
    text, citations = cite("A senator must be 42 years old [1].", items)
    assert check(Draft(text=text, citations=citations), items, goal=goal)
    items = [Evidence(text="0.15 * 240 = 36", source="calculate", kind="value", task="t1")]
    text, citations = cite("15 % of 240 is 36 [1].", items)
    assert check(Draft(text=text, citations=citations), items, goal=goal) == []


def test_a_value_rests_on_what_it_was_made_from() -> None:
    plan = Plan(tasks=[Task(id="t1", tool="search"), Task(id="t2", tool="calculate", args={"x": "{{t1}}"})])
    items = [
        Evidence(text="The bridge is 640 metres long and 20 metres wide.", source="b.txt", task="t1"),
        Evidence(text="area: 12800", source="calculate", kind="value", task="t2"),
    ]
    text, citations = cite("With 640 by 20 metres, the area is 12,800 square metres [2].", items)
    draft = Draft(text=text, citations=citations)
    assert check(draft, items, plan=plan) == []
    assert check(draft, items)


def test_what_a_model_said_is_no_evidence_of_itself() -> None:
    said = Evidence(text="Extract the age: 62", source="model", kind="value", task="t2")
    source = Evidence(text="The statute names an age of 65 years.", source="s.txt", task="t1")
    for text, is_right in (("The age is 62 years [2].", False), ("The age is 65 years [2].", True)):
        written, citations = cite(text, [source, said])
        assert (check(Draft(text=written, citations=citations), [source, said]) == []) is is_right


def test_text_in_other_languages_is_not_held_against_it() -> None:
    items = evidence()
    text, citations = cite(
        "Ein Senator muss mindestens 30 Jahre alt sein und neun Jahre Bürger gewesen sein [1].", items
    )
    assert [f for f in check(Draft(text=text, citations=citations), items) if f.check == "name_not_in_evidence"] == []
    wrong, citations = cite("Der Präsident muss mindestens 45 Jahre alt sein [2].", items)
    assert check(Draft(text=wrong, citations=citations), items)


@pytest.mark.parametrize("address", ["//evil.example/x", "eve@evil.example", "<img src=//evil.example/x>"])
def test_an_address_that_no_source_has_falls_in_any_language(address: str) -> None:
    text = f"Ein Senator muss mindestens 30 sein, {address} [1]."
    assert [finding.check for finding in findings(text)] == ["unknown_link"]
    items = [Evidence(text=f"{SENATOR} {address}", source="a", task="t1")]
    written, citations = cite(text, items)
    assert check(Draft(text=written, citations=citations), items) == []


def test_sentences_line_by_line() -> None:
    text = "# Title\nOne [1]. Two e.g. this\nwraps [2].\n\n- item 3.5 [3]\n- item four [4]\n| a | b [5] |\n"
    found = sentences(text)
    assert [sentence.marks for sentence in found] == [(), (1,), (2,), (3,), (4,), (5,)]
    assert all(text[sentence.start : sentence.end] == sentence.text for sentence in found)
    assert not found[0].is_claim


@given(st.integers(-(10**9), 10**9), st.sampled_from(["{}", "{:,}", "{}.0", "$ {}"]))
def test_a_number_is_known_however_it_is_grouped(number: int, form: str) -> None:
    shown = form.format(number)
    assert Grounds([f"It came to {number} in all."]).unsupported(f"it was {shown} then") == []
    assert Grounds([f"It came to {number + 1} in all."]).unsupported(f"it was {shown} then") != []


@given(st.decimals(-(10**6), 10**6, places=6), st.integers(0, 5))
def test_a_value_may_be_rounded_to_what_is_shown(value: object, places: int) -> None:
    grounds = Grounds(values=[f"result: {value}"])
    assert grounds.unsupported(f"it is {float(str(value)):.{places}f} now") == []
    assert grounds.unsupported(f"it is {float(str(value)) + 3:.{places}f} now") != []


@given(st.dates(datetime.date(1000, 1, 1)))
def test_a_date_is_known_however_it_is_written(date: datetime.date) -> None:
    grounds = Grounds([f"It happened on {date.isoformat()} at night."])
    for form in ("%d %B %Y", "%B %d, %Y", "%d.%m.%Y", "%B %Y", "%d %b %Y", "%m/%d/%Y", "%Y"):
        assert grounds.unsupported(f"on {date.strftime(form)} it was") == []
    other = date - datetime.timedelta(days=40) if date.year > 1000 else date + datetime.timedelta(days=40)
    assert grounds.unsupported(f"on {other.strftime('%d %B %Y')} it was") != []


@settings(max_examples=60)
@given(st.text(alphabet=st.sampled_from("abc AB.12 [1][2]\n-*|:%,é٣½"), max_size=120))
def test_no_text_breaks_the_checks(text: str) -> None:
    items = evidence()
    written, citations = cite(text, items)
    draft = Draft(text=written, citations=citations)
    found = check(draft, items, goal=GOAL)
    repaired = repair(draft, found)
    assert {c.number for c in repaired.citations} == set(range(1, len(repaired.citations) + 1))
    assert not [f for f in check(repaired, items, goal=GOAL) if f.check in ("unknown_citation", "quote_not_verbatim")]
