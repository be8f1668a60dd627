"""References: types kept, text written out, nothing that can't be read passed over."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state import references
from state.references import BadReference

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
VALUES = {
    "t1": {"rows": [{"price": 3, "a name": "x"}, {"price": 4.5}], "text": "hello", "none": None, "0": "zero"},
    "t-2": [1, [2, 3]],
    "plain": "words",
}


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ("{{t1.rows[0].price}}", 3),
        ("{{ t1.rows[1].price }}", 4.5),
        ("{{t1.rows[-1].price}}", 4.5),
        ("{{t1.rows.0.price}}", 3),
        ("{{t1.rows[0]['a name']}}", "x"),
        ('{{t1["text"]}}', "hello"),
        ("{{t1.none}}", None),
        ("{{t1[0]}}", "zero"),
        ("{{t-2[1][0]}}", 2),
        ("{{t-2}}", [1, [2, 3]]),
        ("  {{plain}}\n", "words"),
        ("{{plain}}!", "words!"),
        ("{{t-2}} and {{t1.none}}", "[1, [2, 3]] and null"),
        ("no {reference}", "no {reference}"),
    ],
)
def test_a_reference_stands_for_its_value(reference: str, value: Any) -> None:
    assert references.resolve(reference, VALUES) == value
    assert type(references.resolve(reference, VALUES)) is type(value)


def test_references_are_resolved_wherever_they_stand() -> None:
    given_args = {"a": ["{{plain}}", {"b": "{{t-2[0]}}"}], "{{plain}}": 1}
    assert references.resolve(given_args, VALUES) == {"a": ["words", {"b": 1}], "{{plain}}": 1}


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("{{t9}}", "nothing is known as 't9'"),
        ("{{t1.rows[5]}}", "t1.rows has no '5'; it is a list of 2"),
        ("{{t1.cost}}", "t1 has no 'cost'; it is an object with rows, text, none, 0"),
        ("{{plain.length}}", "plain has no 'length'; it is a str"),
        ("{{t1.none.x}}", "t1.none has no 'x'; it is null"),
        ("{{}}", "must start with a task's id"),
        ("{{1a}}", "must start with a task's id"),
        ("{{t1 .rows}}", "can't be read from ' .rows' on"),
        ("{{t1.rows[x]}}", "can't be read from '[x]' on"),
        ("{{t1..rows}}", "can't be read from '..rows' on"),
    ],
)
def test_what_leads_nowhere_is_an_error_that_says_what_is_there(reference: str, told: str) -> None:
    with pytest.raises(BadReference, match=re.escape(told)):
        references.resolve(reference, VALUES)


@given(value=json_values)
def test_a_whole_reference_keeps_any_value(value: Any) -> None:
    assert references.resolve({"x": "{{t}}"}, {"t": value}) == {"x": value}


@given(value=json_values, path=st.lists(st.integers(0, 3) | st.text(min_size=1, max_size=5), max_size=4))
def test_following_any_path_gives_a_value_or_says_why_not(value: Any, path: list[Any]) -> None:
    reference = references.Reference("t", tuple(path), "t")
    try:
        found = references.follow(reference, {"t": value})
    except BadReference:
        return
    for step in path:
        value = value[int(step) if isinstance(value, list) else str(step)]
    assert found == value


@given(text=st.text())
def test_any_text_can_be_searched(text: str) -> None:
    try:
        found = list(references.find([text, {"k": text}]))
        whole = references.whole(text)
    except BadReference:
        return
    assert len(found) % 2 == 0
    assert whole is None or whole == found[0]


@given(data=st.text(alphabet="{}t1.[] x'\"\\", max_size=60))
def test_what_a_tool_returned_is_never_read_as_a_reference(data: str) -> None:
    assert references.resolve("{{t}}", {"t": data, "x": "secret", "t1": "secret"}) == data
    assert references.resolve("<{{t}}>", {"t": data, "x": "secret", "t1": "secret"}) == f"<{data}>"


@pytest.mark.parametrize("text", ["{{" + " " * 200_000, "{{" * 100_000, "{{t1" + "[0]" * 50_000, "{{" + " x" * 100_000])
def test_long_text_is_searched_in_no_time(text: str) -> None:
    assert list(references.find(text)) == []
