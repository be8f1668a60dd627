"""What a model says in other words stands; what it makes up, swaps or turns round falls."""

from __future__ import annotations

import pytest

from nodes.checks import check
from nodes.citations import cite
from nodes.wording import faults
from state.result import Evidence
from state.verdict import Draft
from tests.nodes import wording_cases as cases

LEAST = 0.9


def stands(name: str, sentence: str) -> bool:
    try:
        text, source = cases.passage(name)
    except FileNotFoundError:
        pytest.skip("needs Debian's FAQ: apt-get install debian-faq")
    found = [Evidence(text=text, source=source, place=cases.PLACES.get(name, ""), task="t1")]
    written, citations = cite(sentence, found, mend=False)
    return not check(Draft(text=written, citations=citations), found, goal=cases.GOALS[name])


@pytest.mark.parametrize(("name", "sentence"), cases.HONEST)
def test_an_honest_paraphrase_stands(name: str, sentence: str) -> None:
    assert stands(name, sentence)


@pytest.mark.parametrize(("name", "sentence"), cases.INVENTED)
def test_an_invention_falls(name: str, sentence: str) -> None:
    assert not stands(name, sentence)


def test_sentences_it_was_not_made_with() -> None:
    """Precision and recall of telling inventions, on the tables that were only measured."""
    honest = [case for case in cases.HONEST_HELD_OUT if case[0] not in cases.OF_DEBIAN or cases.FAQ.exists()]
    invented = [case for case in cases.INVENTED_HELD_OUT if case[0] not in cases.OF_DEBIAN or cases.FAQ.exists()]
    false_alarms = [case for case in honest if not stands(*case)]
    missed = [case for case in invented if stands(*case)]
    caught = len(invented) - len(missed)
    assert caught / len(invented) >= LEAST, missed
    assert caught / (caught + len(false_alarms)) >= LEAST, false_alarms


WHO = "The Senate shall have the sole Power to try all Impeachments. When sitting, they shall be on Oath."


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("The Senate tries impeachments.", None),
        ("The Senate must be on oath.", None),
        ("The authors try impeachments.", "subject"),
        ("The book has the sole power to try impeachments.", "subject"),
        ("Impeachments are tried by lawyers.", "word"),
        ("The Senate tries impeachments in Berlin.", "word"),
        ("The Senate may never try impeachments.", "negation"),
    ],
)
def test_what_is_wrong_with_a_sentence(sentence: str, kind: str | None) -> None:
    found = faults(sentence, [WHO], [WHO])
    assert (found[0][0] if found else None) == kind


def test_a_subject_is_taken_from_where_the_sentence_takes_it() -> None:
    piece = (
        "The Congress shall have Power:\n\nTo borrow Money;\n\nTo declare War;\n\nTo secure to Authors their Writings."
    )
    quote = "To declare War;"
    assert not faults("Congress may declare war.", [quote], [piece])
    assert faults("Authors may declare war.", [quote], [piece])
    assert faults("Authors may declare war.", [quote, "To secure to Authors their Writings."], [piece])
    assert faults("The president may declare war.", [quote], [piece], goal="May the president declare war?")


def test_the_words_of_other_evidence_are_not_lent() -> None:
    senator, president = "A Senator shall be thirty.", "The President shall be older."
    goal = "How old must a senator be, and how old a president?"
    assert not faults("A senator must be thirty.", [senator], [senator], goal=goal, others=[president])
    assert faults("A president must be thirty.", [senator], [senator], goal=goal, others=[president])


def test_other_languages_are_not_compared() -> None:
    found = [Evidence(text=WHO, source="c.txt", task="t1")]
    text, citations = cite("Der Senat allein entscheidet über Amtsanklagen [1].", found)
    assert check(Draft(text=text, citations=citations), found, goal="Wer entscheidet über Amtsanklagen?") == []
