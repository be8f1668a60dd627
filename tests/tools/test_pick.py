"""pick and find_link take the one value that fits, and none where two do."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.pick import find_link, pick
from tools.registry import ToolFailure

FILES = [
    {"id": "3", "name": "budget.xls", "size": 10, "shared": ["a@x.example"]},
    {"id": "4", "name": "Team plan.docx", "size": 30, "shared": ["b@x.example", "c@x.example"]},
    {"id": "5", "name": "notes.md", "size": 20, "shared": []},
]
POSTS = [
    {"by": "Bob", "text": "I read www.one.example!"},
    {"by": "Eve", "text": "Lunch was good (https://two.example/menu)."},
    {"by": "Bob", "text": "Ask eve@two.example\nor bob@one.example."},
]


@pytest.mark.parametrize(
    ("args", "value"),
    [
        ({"records": FILES, "field": "id", "where": {"name": "team PLAN"}}, "4"),
        ({"records": FILES, "field": "shared", "where": {"name": "plan", "id": "4"}}, ["b@x.example", "c@x.example"]),
        ({"records": FILES, "field": "id", "which": "most", "by": "size"}, "4"),
        ({"records": FILES, "field": "id", "which": "least", "by": "shared"}, "5"),
        ({"records": FILES, "field": "id", "where": {"name": "."}, "which": "least", "by": "size"}, "3"),
        ({"records": FILES[0], "field": "size"}, 10),
        ({"records": ["general", "External_0"], "where": {"value": "External"}}, "External_0"),
        ({"records": ["general", "random"], "by": [["a"], ["a", "b"]], "which": "most"}, "random"),
        ({"records": POSTS, "field": "by", "which": "most"}, "Bob"),
        ({"records": [POSTS[:1], POSTS[1:]], "field": "by", "which": "least"}, "Eve"),
        ({"records": [FILES[0], dict(FILES[0])], "field": "id"}, "3"),
    ],
)
async def test_the_one_value_is_picked(args: dict[str, Any], value: Any) -> None:
    assert (await pick.call(args)).value == value


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            {"records": FILES, "field": "id", "where": {"name": "e"}},
            "3 values of 'id' fit, and none was picked: 3, 4, 5",
        ),
        ({"records": FILES, "field": "id", "where": {"name": "nothing"}}, "there is no 'id' that fits"),
        ({"records": [], "field": "id"}, "there is no 'id' that fits"),
        ({"records": [], "which": "most"}, "there is no 'value' that fits"),
        ({"records": FILES, "field": "path"}, "there is no field 'path'; there are id, name, size, shared"),
        ({"records": ["a"], "field": "id"}, "its field is 'value'"),
        ({"records": FILES, "field": "id", "which": "most", "by": "name"}, "only numbers and lists"),
        ({"records": FILES, "by": [1], "which": "most"}, "'by' has 1 values for 3 records"),
        ({"records": [*FILES, {**FILES[1], "id": "6"}], "field": "id", "which": "most", "by": "size"}, "2 values"),
    ],
)
async def test_otherwise_none_is(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ToolFailure, match=re.escape(message)):
        await pick.call(args)


async def test_the_one_link_is_found() -> None:
    assert (await find_link.call({"text": POSTS, "where": {"by": "Eve"}})).value == "https://two.example/menu"
    assert (await find_link.call({"text": "see www.one.example, or not"})).value == "www.one.example"
    assert (await find_link.call({"text": POSTS[0], "kind": "url"})).value == "www.one.example"
    assert (await find_link.call({"text": ["write\nto a@b.example."], "kind": "email"})).value == "a@b.example"
    for text, kind in ((POSTS, "url"), (POSTS, "email"), ("nothing", "url")):
        with pytest.raises(ToolFailure):
            await find_link.call({"text": text, "kind": kind})


@given(st.lists(st.text(min_size=1), min_size=1, max_size=6), st.text(min_size=1))
async def test_a_double_that_leads_elsewhere_is_never_picked(names: list[str], name: str) -> None:
    records = [{"name": other, "id": index} for index, other in enumerate([name, *names])]
    doubled = [*records, {"name": name, "id": -1}]
    with pytest.raises(ToolFailure):
        await pick.call({"records": doubled, "field": "id", "where": {"name": name}})
