"""Goals that were written before the answers were seen, over documents that nobody here wrote.

They are no part of what the embedded brain is tuned on. Its rules answered seven in ten of all that were written;
these are the ones.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from memory.documents import DocumentIndex
from tests.models.reflex_run import run, search_tool
from tools.calculate import calculate
from tools.now import now

DOCUMENTS = {
    "constitution": Path(__file__).parents[2] / "examples" / "us-constitution.txt",
    "faq": Path("/usr/share/doc/debian/FAQ/debian-faq.en.txt.gz"),
    "policy": Path("/usr/share/doc/debian-policy/policy.txt.gz"),
    "gpl": Path("/usr/share/common-licenses/GPL-3"),
}


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, DocumentIndex]:
    directory = tmp_path_factory.mktemp("indexes")
    made = {}
    for name, path in DOCUMENTS.items():
        if path.exists():
            made[name] = DocumentIndex(directory / f"{name}.sqlite")
            made[name].add([path])
    return made


ANSWERED = [
    ("constitution", "Who chooses the Speaker of the House?", r"House of Representatives shall chuse their Speaker"),
    ("constitution", "What is the punishment for treason?",
     r"Congress shall have Power to declare the Punishment of Treason|Corruption of Blood"),
    ("constitution", "Who can grant pardons?", r"Power to grant Reprieves and Pardons"),
    ("constitution", "Who fills vacancies in the Senate?", r"Vacanc"),
    ("constitution", "Who makes treaties?", r"to make Treaties"),
    ("constitution", "What is the oath of the president?", r"solemnly swear"),
    ("constitution", "Which amendment repealed prohibition?", r"eighteenth article of amendment.{0,60}repealed"),
    ("constitution", "Are titles of nobility allowed?", r"No Title of Nobility"),
    ("constitution", "Who coins money?", r"coin Money"),
    ("constitution", "What is the minimum age to vote?", r"eighteen years"),
    ("constitution", "What is the sum of the ages required of a senator and of a president?", r"\b65\b"),
    ("constitution", "What is 10% of the number of days the president has to return a bill?", r"\b1\b"),
    ("faq", "How do you pronounce Debian?", r"Deb'-ee-en"),
    ("faq", "What is the Hurd?", r"set of servers"),
    ("faq", "How often are the archives updated?", r"twice every day"),
    ("faq", "What does the unstable distribution contain?", r"unstable|developed|development"),
    ("faq", "How many architectures does Debian run on?", r"9 architectures"),
    ("faq", "Which command builds a source package?", r"dpkg-buildpackage|apt-get source --build|dpkg-source"),
    ("faq", "What is free software?", r"freedom to distribute|freedom, not price"),
    ("faq", "Which tool converts between package formats?", r"Alien"),
    ("policy", "What encoding must control files have?", r"UTF-8"),
    ("policy", "What is the contrib area?", r"supplemental packages"),
    ("policy", "What is the default priority of a package?", r"default priority for the majority|optional"),
    ("policy", "Should the extra priority be used?", r"deprecated|equivalent to .optional"),
    ("policy", "In which encoding is the changelog?", r"encoded in UTF-8"),
    ("policy", "Where must fonts for X be?", r"must be in a"),
    ("policy", "Which version of the FHS applies?", r"version 3\.0|3\.0"),
    ("gpl", "What is object code?", r"any non-source"),
    ("gpl", "What does 'convey' mean?", r"any kind of propagation"),
    ("gpl", "How long must a written offer be valid?", r"at least three years"),
    ("gpl", "Is there a warranty?", r"THERE IS NO WARRANTY"),
    ("gpl", "Who may publish new versions of the license?", r"Free Software Foundation may publish"),
    ("gpl", "May I charge a price for copies?", r"charge any price"),
    ("gpl", "How many days do I have to cure a first violation?", r"30 days"),
    ("gpl", "What is a user product?", r"consumer product"),
    ("gpl", "Do I have to accept the license to run the program?", r"not required to accept"),
    ("gpl", "What is an aggregate?", r"compilation of a covered work|aggregate"),
    ("gpl", "When was the WIPO copyright treaty adopted?", r"20 December 1996"),
    ("gpl", "Is sublicensing allowed?", r"Sublicensing is not allowed"),
    ("gpl", "What is a covered work?", r"unmodified Program or a work based"),
    ("constitution", "What is 7 cubed plus 3?", r"\b346\b"),
    ("constitution", "a third of 27 plus 4", r"\b13\b"),
    ("constitution", "What's 15 percent of 80 minus 2?", r"\b10\b"),
    ("constitution", "What is the average of 2, 4, 6 and 8?", r"\b5\b"),
    ("constitution", "2 to the power of 8 divided by 16", r"\b16\b"),
    ("constitution", "sqrt of 144 times 2", r"\b24\b"),
    ("constitution", "(7 - 2) * 4 ^ 2", r"\b80\b"),
    ("constitution", "double 21", r"\b42\b"),
]  # fmt: skip
NOT_SAID = [
    ("constitution", "Who was George Washington's wife?"),
    ("constitution", "What is the boiling point of water?"),
    ("faq", "What is the population of Japan?"),
    ("faq", "Who painted the Mona Lisa?"),
    ("policy", "Who discovered penicillin?"),
    ("policy", "How many planets are in the solar system?"),
    ("gpl", "Who is the CEO of Microsoft?"),
    ("gpl", "How do I bake bread?"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "goal", "wanted"), ANSWERED)
async def test_it_is_answered(document: str, goal: str, wanted: str, indexes: dict[str, DocumentIndex]) -> None:
    if document not in indexes:
        pytest.skip(f"{DOCUMENTS[document]} isn't installed")
    made = await run(goal, [search_tool(indexes[document]), calculate, now])
    assert re.search(wanted, made.draft.text, re.IGNORECASE | re.DOTALL), made.draft.text
    assert made.draft.citations
    assert len(made.draft.text.split()) <= 90
    for citation in made.draft.citations:
        assert citation.quote in made.evidence[citation.number - 1].text


@pytest.mark.parametrize(("document", "goal"), NOT_SAID)
async def test_what_a_document_does_not_say_is_not_answered(
    document: str, goal: str, indexes: dict[str, DocumentIndex]
) -> None:
    if document not in indexes:
        pytest.skip(f"{DOCUMENTS[document]} isn't installed")
    made = await run(goal, [search_tool(indexes[document]), calculate, now])
    assert made.draft.citations == [], made.draft.text
    assert made.draft.gaps


@pytest.mark.parametrize(
    ("goal", "wanted"),
    [
        ("What is 30% of 1,250 plus 12?", "387"),
        ("half of 90", "45"),
        ("average of 3, 5 and 10", "6"),
        ("What is 2 to the power of 10 divided by 4?", "256"),
        ("the difference between the minimum age of a president and of a representative", "10"),
        ("What is 20 % of the number of days the president has to sign a bill?", "2"),
        (
            "How long is the term of a senator, and of a representative? Which is longer?",
            "that of a senator: 6 against 2",
        ),
        ("How old must a senator be, and a president? Who is older?", "a president: 35 against 30"),
        ("Which amendment abolished slavery?", "Amendment XIII: Neither slavery"),
        ("Who has the power to declare war?", "The Congress shall have Power .* To declare War"),
        ("Who may become president?", "No Person except a natural born Citizen"),
        ("How can the constitution be amended?", "shall propose Amendments"),
    ],
)
async def test_operations_comparisons_and_lists(goal: str, wanted: str, indexes: dict[str, DocumentIndex]) -> None:
    made = await run(goal, [search_tool(indexes["constitution"]), calculate, now])
    assert re.search(rf"{wanted}\b", made.draft.text, re.DOTALL), made.draft.text
