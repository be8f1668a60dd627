"""What a tool returns, as JSON: nothing else can be kept, referred to or shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic_core import to_jsonable_python

from state.record import storable


def as_json(value: Any) -> Any:
    """`value` as JSON. What has no form of its own becomes the list of what it holds, or its text. Numbers of more than
    64 bits become text too, to lose none of their digits, and bytes that are no text base64.

    Raises ValueError for what holds itself, and whatever a tool's own objects raise.
    """
    try:
        plain = to_jsonable_python(value, fallback=_plain)
    except UnicodeDecodeError:
        plain = to_jsonable_python(value, fallback=_plain, bytes_mode="base64")
    return storable(plain)


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):  # numbers and arrays of numpy, and what is made like them
        return value.tolist()
    return list(value) if isinstance(value, Iterable) else str(value)
