"""Roles told from a schema: whatever isn't plainly for people is an address."""

from __future__ import annotations

from typing import Any

import pytest

from state.roles import Role, roles_by_name


def role(name: str, **schema: Any) -> Role:
    return roles_by_name({"properties": {name: schema or {"type": "string"}}})[name]


@pytest.mark.parametrize(
    "name", ["body", "subject", "email_subject", "description", "new_start_time", "endTime", "note", "date"]
)
def test_content(name: str) -> None:
    assert role(name) == "content"
    assert role(name, anyOf=[{"type": "string"}, {"type": "null"}]) == "content"


@pytest.mark.parametrize("name", ["amount", "total_price", "quantity"])
def test_amounts(name: str) -> None:
    assert role(name, type="number") == "amount"


@pytest.mark.parametrize(
    "name",
    ["to", "url", "path", "file_id", "message_id", "text_channel", "password", "x", "", "command", "subject_email"],
)
def test_anything_else_is_an_address(name: str) -> None:
    assert role(name) == "address"


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"type": "array", "items": {"type": "string"}},
        {"type": "boolean"},
        {},
        {"type": "string", "format": "uri"},
        {"type": "string", "description": "The SQL to execute."},
        {"type": "string", "description": "Where it is, as a URL."},
        {"type": "string", "description": "The e-mail address."},
        {"anyOf": [{"type": "string"}, {"type": "object"}]},
    ],
)
def test_a_name_alone_makes_no_content(schema: dict[str, Any]) -> None:
    assert roles_by_name({"properties": {"text": schema}})["text"] == "address"


def test_no_parameters_no_roles() -> None:
    assert roles_by_name({}) == {}
