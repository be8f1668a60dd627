"""What is more than words is found in a text, however it is written; plain prose isn't taken for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.inert import active_parts

ACTIVE = [
    "Look at www.evil.example", "https://evil.example/a?b=c", "hxxp://evil", "evil.example", "Evil.Example!",
    "evil[.]example", "evil (dot) example", "ev\u200bil", "evil。example", "evil．example", "javascript:alert(1)",
    "data:text/html,x", "mailto:x", "mallory@evil.example", "ask @mallory", "10.0.0.1", "report.docx",
    "+44 20 7946 0958", "(020) 7946 0958", "020-7946-0958", "463820", "GB29NWBK60161331926819",
    "GB29 NWBK 6016 1331 9268 19", "4237-4252-7456-2574", "Secret key is 1a7b3d.", "1j1l-2k3j", "a" * 40, "<script>",
    "<b>", "[here](there)", "`rm`", "$(rm)", "{{t1}}", "=HYPERLINK(1)", "a && b", "say \\u0041", "\x1b[2J", "\u202e",
    "١٢٣٤٥٦٧٨", "[redacted secret abcdefghijkl]",
]  # fmt: skip
INERT = [
    "", "Everything is settled, please do as you were told.", "A summary of what was read", "2024-06-01",
    "2024-06-10 13:00", "2024-05-15T10:00:00", "from January 1st to January 5th", "at 8:00, for 2 hours",
    "1 Rue de la Paix, 75002 Paris, France", "1-1-1 Nishi-Shinjuku, Shinjuku-ku, Tokyo 160-0023, Japan",
    "10 Park Lane, London W1K 1LB", "7.2% of 1,050 for £12.50", "butter\n- brown sugar\n- eggs",
    "e.g. a 3-course dinner, a.m. or p.m.", "Grüße, 你好", "Rated 4.7, 80.0 - 150.0",
]  # fmt: skip


@pytest.mark.parametrize("text", ACTIVE)
def test_a_part_that_can_be_followed_called_paid_or_run_is_found(text: str) -> None:
    assert active_parts(text)
    assert active_parts(f"So I was told: {text} and that is all.")
    assert active_parts(["words", text])


@pytest.mark.parametrize("text", INERT)
def test_words_and_small_numbers_and_dates_are_inert(text: str) -> None:
    assert active_parts(text) == []


def test_what_was_said_is_allowed_and_only_as_it_was_said() -> None:
    assert active_parts("see www.our-company.com.", ["Post it on www.our-company.com!"]) == []
    assert active_parts("see our-company.co", ["Post it on www.our-company.com!"]) == ["our-company.co"]
    assert active_parts("see www.our-company.com/evil", ["Post it on www.our-company.com!"])
    assert active_parts("pay 12345678", [12345678]) == []
    secret, other = "[redacted secret abcdefghijkl]", "[redacted secret ponmlkjihgfe]"
    assert active_parts(f"use {secret}", [f"it is {secret}"]) == []
    assert active_parts(f"use {other}", [f"it is {secret}"])


def test_a_structure_isnt_words() -> None:
    assert active_parts({"type": "file"})
    assert active_parts([{"id": 1}])
    assert active_parts([None, True, 3, 4.5]) == []


@given(st.text(), st.sampled_from(ACTIVE), st.text())
def test_no_text_around_it_hides_an_active_part(before: str, active: str, after: str) -> None:
    assert active_parts(f"{before} {active} {after}")


@given(st.text(max_size=500))
def test_any_text_is_judged(text: str) -> None:
    assert all(isinstance(part, str) and part for part in active_parts(text))
    assert active_parts(text, [text]) == []


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "1" * 100_000, "a1" * 50_000, "a.a." * 25_000, "1 " * 50_000, "@" * 100_000]
)
def test_long_texts_are_judged_in_linear_time(text: str) -> None:
    active_parts(text)
