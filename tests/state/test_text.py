from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.text import counted, money, printable, seconds


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text\n\twith a tab", "plain text\n\twith a tab"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("\x1b]8;;http://evil\x07click\x1b]8;;\x07", "click"),
        ("\x1b]52;c;aGk=\x1b\\x", "x"),
        ("\x1bPq#0\x1b\\sixel", "sixel"),
        ("\x1bcreset", "reset"),
        ("cut \x1b[", "cut "),
        ("a\rb\r\nc", "a\nb\nc"),
        ("nul\x00 bell\x07 back\x08", "nul bell back"),
        ("exe\u202egpj.x", "exegpj.x"),
        ("hid\U000e0041den", "hidden"),
        ("zero\u200bwidth", "zerowidth"),
        ("lone \ud800", "lone \ufffd"),
        ("family \U0001f468\u200d\U0001f469 می\u200cخواهم", "family \U0001f468\u200d\U0001f469 می\u200cخواهم"),
    ],
)
def test_printable(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\x1b[]\x9b\x07\\;mP")), max_size=200))
def test_nothing_that_acts_is_left(text: str) -> None:
    shown = printable(text)
    assert not any(ord(c) < 32 and c not in "\n\t" for c in shown)
    assert not any(0x7F <= ord(c) <= 0x9F for c in shown)
    shown.encode("utf-8")
    assert printable(shown) == shown


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0123, "12 ms"),
        (0.1, "0.1 s"),
        (1.44, "1.4 s"),
        (59.99, "1 min 00 s"),
        (185, "3 min 05 s"),
        (7260, "2 h 01 min"),
    ],
)
def test_durations(value, words) -> None:
    assert seconds(value) == words


@pytest.mark.parametrize(
    ("dollars", "words"), [(0, "$0"), (0.000125, "$0.000125"), (0.02, "$0.02"), (12.345, "$12.35")]
)
def test_money(dollars, words) -> None:
    assert money(dollars) in (words, words.replace("12.35", "12.34"))


@pytest.mark.parametrize(("number", "words"), [(0, "0 tasks"), (1, "1 task"), (2, "2 tasks"), (1200, "1,200 tasks")])
def test_numbers_of_things_are_said_as_people_say_them(number: int, words: str) -> None:
    assert counted(number, "task") == words
