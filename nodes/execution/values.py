"""What a tool returns, as JSON: nothing else can be kept, referred to or shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic_core import to_jsonable_python

_LEAST_INT, _MOST_INT = -(2**63), 2**64 - 1
"""What a checkpoint has numbers for."""


def as_json(value: Any) -> Any:
    """`value` as JSON. What has no form of its own becomes the list of what it holds, or its text. Numbers of more than
    64 bits become text too, to lose none of their digits, and bytes that are no text base64.

    Raises ValueError for what holds itself, and whatever a tool's own objects raise.
    """
    try:
        plain = to_jsonable_python(value, fallback=_plain)
    except UnicodeDecodeError:
        plain = to_jsonable_python(value, fallback=_plain, bytes_mode="base64")
    return _storable(plain)


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):  # numbers and arrays of numpy, and what is made like them
        return value.tolist()
    return list(value) if isinstance(value, Iterable) else str(value)


def _storable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _storable(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_storable(item) for item in value]
    is_too_long = type(value) is int and not _LEAST_INT <= value <= _MOST_INT
    return str(value) if is_too_long else value
