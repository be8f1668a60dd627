"""Sentences, quantities and words: the text layer of the embedded brain."""

from __future__ import annotations

import pytest

from models.reflex.quantities import find_dates, find_numbers
from models.reflex.rows import readable
from models.reflex.sentences import split_clauses, split_sentences
from models.reflex.words import content_words, same_word, stem


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("It works. It is fast.", ["It works.", "It is fast."]),
        ("Use e.g. apt, i.e. the tool. Then stop.", ["Use e.g. apt, i.e. the tool.", "Then stop."]),
        ("Dr. J. Smith paid $3.50. He left.", ["Dr. J. Smith paid $3.50.", "He left."]),
        ("Run foo.sh now. See /etc/a.conf.", ["Run foo.sh now.", "See /etc/a.conf."]),
        ("Really? Yes! Good.", ["Really?", "Yes!", "Good."]),
        ('He said "Stop." Then he left.', ['He said "Stop."', "Then he left."]),
        (
            "Section 1\n\nAll Powers shall be\nvested in a Congress.",
            ["Section 1", "All Powers shall be\nvested in a Congress."],
        ),
        ("These:\n- one thing\n- another thing", ["These:", "one thing", "another thing"]),
        ("1. First do this. 2. Then that.", ["First do this.", "Then that."]),
        ("In the U.S. Senate there are two.", ["In the U.S. Senate there are two."]),
        ("", []),
        ("...", []),
    ],
)
def test_sentences_are_told_apart(text: str, sentences: list[str]) -> None:
    assert [span.text for span in split_sentences(text)] == sentences


def test_spans_point_at_their_text() -> None:
    text = "  First one.\n\n* A list item; with a clause, and another.\nLast."
    for span in split_sentences(text):
        assert text[span.start : span.end] == span.text
        for clause in split_clauses(span):
            assert text[clause.start : clause.end] == clause.text


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("the Age of twenty five Years, and been seven Years", [(25, "year"), (7, "year")]),
        ("one thousand eight hundred and eight", [(1808, "")]),
        ("1,234.5 kg", [(1234.5, "kg")]),
        ("$3.5 million", [(3_500_000, "money")]),
        ("15% of 20 percent", [(15, "%"), (20, "%")]),
        ("two thirds of the Members", [(2 / 3, "member")]),
        ("thirty Thousand", [(30_000, "")]),
        ("five or six", [(5, "or"), (6, "")]),
        ("version 2.4.1 of March 4, 1794", []),
        ("-5 degrees", [(-5, "degre")]),
    ],
)
def test_numbers_are_read_in_digits_and_words(text: str, numbers: list[tuple[float, str]]) -> None:
    assert [(number.value, number.unit) for number in find_numbers(text)] == numbers


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("Passed March 4, 1794. Ratified 7 Feb 1795.", ["1794-03-04", "1795-02-07"]),
        ("in 1993, on 2024-02-29, since May 2001", ["1993", "2024-02-29", "2001-05"]),
        ("IEEE 1003.1 and 2024-13-45", []),
    ],
)
def test_dates_are_as_exact_as_the_text(text: str, dates: list[str]) -> None:
    assert [date.value for date in find_dates(text)] == dates


def test_stems_bring_forms_of_a_word_together() -> None:
    assert stem("Elected") == stem("election") == stem("elects")
    assert stem("packages") == stem("package")
    assert stem("chosen") == stem("chuse")
    assert same_word(stem("senate"), stem("senator"))
    assert not same_word(stem("state"), stem("statue"))


def test_content_words_leave_out_the_asking() -> None:
    assert [word.text for word in content_words("What does the manual say about the kernel?")] == ["kernel"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{"article": "apple", "price": 12.5}', "article: apple, price: 12.5"),
        ('price of apples: {"article": "apple", "in_stock": true}', "price of apples: article: apple, in stock: yes"),
        ('{"size": {"width": 2, "height": 3}, "tags": ["a", "b"]}', "size: (width: 2, height: 3), tags: (a, b)"),
        ('[{"name": "x", "n": 1}, {"name": "y", "n": 2}]', "name: x, n: 1; name: y, n: 2"),
        ("[" * 900 + "]" * 900, "[" * 900 + "]" * 900),
        ("[" * 90_000 + "]" * 90_000, "[" * 90_000 + "]" * 90_000),
    ],
)
def test_json_reads_like_words(text: str, wanted: str) -> None:
    assert readable(text) == wanted
