from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.citations import LONGEST_QUOTE, best_quote, cite, tidy, verbatim
from state.result import Evidence
from tests.nodes.brains import PRESIDENT, REPORT, SENATOR, citation, evidence


@pytest.mark.parametrize(
    ("written", "tidied"),
    [
        ("One. [1] Two.[2]", "One [1]. Two [2]."),
        ("One [1, 2] and two [3-5].", "One [1][2] and two [3][4][5]."),
        ("One. (Two.) [1].", "One. (Two [1].)"),
        ("One [^1] and two【2†source】.", "One [1] and two[2]."),
        ("One [1](https://x.example).", "One [1]."),
        ("A list [30](https://x.example).", "A list [30](https://x.example)."),
        ("Yes! [1][2]\nNo? [3]", "Yes [1][2]!\nNo [3]?"),
        ("One [1].\n\nSources:\n[1] a.txt\n[2] b.txt", "One [1]."),
        ("One [1].\n\n**References**\n- [1] a.txt", "One [1]."),
        ("No marks, a[i] and [x] stay.", "No marks, a[i] and [x] stay."),
        ("On\u200be.\u200b \u202e[1]\U000e0070", "One [1]."),
    ],
)
def test_marks_of_every_kind(written: str, tidied: str) -> None:
    assert tidy(written, evidence()) == tidied


def test_numbers_follow_the_first_appearance_and_quotations_the_claim() -> None:
    written = "Presidents: 35 [2]. Senators: 30 [1]. Senators again: nine years a citizen [1]."
    text, citations = cite(written, evidence())
    assert text == "Presidents: 35 [1]. Senators: 30 [2]. Senators again: nine years a citizen [2]."
    assert [c.number for c in citations] == [1, 2]
    assert citations[0].place == "Article II"
    assert citations[1].quote == SENATOR
    assert citations[1].task == "t1"


def test_two_claims_of_one_source_have_two_quotations() -> None:
    text, citations = cite("Acme was founded in 1987 [4]. It shipped version 4.9.1 [4].", evidence())
    assert text == "Acme was founded in 1987 [1]. It shipped version 4.9.1 [2]."
    assert citations[0].quote.startswith("Acme Corporation was founded")
    assert citations[1].quote.startswith("Version 4.9.1")


def test_marks_that_lead_nowhere_are_dropped() -> None:
    text, citations = cite("A thing that is here [0], and one that is there [99]. And more [7][1] of it.", evidence())
    assert "[0]" not in text
    assert "[99]" not in text
    assert len(citations) == 1


def test_a_clear_claim_gets_the_mark_it_lacks_and_a_wrong_mark_is_moved() -> None:
    written = "Acme was founded by Maria Lopez in Rotterdam. A president must be 35 years old [1]."
    text, citations = cite(written, evidence())
    assert text == "Acme was founded by Maria Lopez in Rotterdam [1]. A president must be 35 years old [2]."
    assert [c.source for c in citations] == ["report.pdf", "constitution.txt"]
    assert cite("Bananas are yellow.", evidence()) == ("Bananas are yellow.", [])


def test_the_writers_own_quotations_are_taken_if_they_are_verbatim() -> None:
    chosen = [citation(1, "Age of thirty Years"), citation(2, "of thirty six Years")]
    _, citations = cite("Senators: 30 [1]. Presidents: thirty five [2].", evidence(), chosen)
    assert citations[0].quote == "Age of thirty Years"
    assert citations[1].quote in PRESIDENT


def test_footnotes_of_the_source_are_no_marks() -> None:
    source = Evidence(text="The moon is 384,400 km away.[2] It has no air.[13]", source="w.html", task="t1")
    text, citations = cite("The moon is 384,400 km away.[2] It has no air.[13] [1]", [source, *evidence()])
    assert text == "The moon is 384,400 km away [1]. It has no air [1]."
    assert [c.source for c in citations] == ["w.html"]


def test_a_footnote_that_opens_a_quotation_is_no_mark() -> None:
    items = [
        Evidence(text="It is so.", source="a"),
        Evidence(text="See it. ^[1] The pool has several parts.", source="b"),
    ]
    text, citations = cite("It is so [1]. ^[1] The pool has several parts [2].", items)
    assert text == "It is so [1]. The pool has several parts [2]."
    assert [citation.source for citation in citations] == ["a", "b"]


def test_quotations_are_found_across_line_breaks() -> None:
    assert verbatim("Age of thirty Years", "the Age\n  of thirty\tYears.") == "Age\n  of thirty\tYears"
    assert verbatim("Age of forty", "the Age of thirty") is None
    assert verbatim("", "anything") is None


def test_a_long_sentence_is_quoted_in_part() -> None:
    long = ", ".join(f"item {n} costs {n * 7} dollars and is kept in room {n + 100}" for n in range(200)) + "."
    quote = best_quote("Item 150 costs 1050 dollars", long)
    assert quote in long
    assert "1050" in quote
    assert len(quote) <= LONGEST_QUOTE


def test_tables_are_quoted_by_the_line() -> None:
    table = "name,age\n\nAnna,31\n\nBert,44\n\nCarl,52"
    assert best_quote("Bert is 44 years old", table) == "Bert,44"


PIECES = ["Acme grew", "[1]", "[2]", "[9]", "[4]", ". ", "\n- ", ", ", "[1, 4]", "3.2 %", "**"]


@given(st.lists(st.sampled_from(PIECES)))
def test_every_mark_leads_to_a_verbatim_quotation(pieces: list[str]) -> None:
    items = evidence()
    text, citations = cite(" ".join(pieces), items)
    marks = [int(part.split("]")[0]) for part in text.split("[")[1:]]
    assert list(dict.fromkeys(marks)) == [c.number for c in citations] == list(range(1, len(citations) + 1))
    assert all(any(verbatim(c.quote, item.text) for item in items) for c in citations)
    assert cite(text, [], mend=False)[1] == []


def test_report_is_whole() -> None:
    assert best_quote("the board met in March", REPORT) == "The board met between 10 and 12 March 2020."
