"""Looked-up values as a person reads them: 'mazda glc (Miles per Gallon: 46.6)'."""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any

IN_ALL = "in_all"
"""The column of a list that tells how many rows there are, shown or not."""
_PAIR = re.compile(
    r"(?P<name>[A-Za-z_][\w .%()/-]{0,40}?): ?(?P<value>.*?)(?:(?:, |; |\n)(?=[A-Za-z_][\w .%()/-]{0,40}?: ?)|$)",
    re.DOTALL,
)


def readable(text: str, *, in_list: bool = False) -> str:
    """A row of a result as a phrase. Text that isn't 'column: value, column: value' stays; no values: ''."""
    with contextlib.suppress(RecursionError):  # JSON nested too deeply to be told is text like any other
        if (given := _json_in(text)) is not None:
            label, value = given
            return f"{label}: {in_words(value)}" if label else in_words(value)
    row = _pairs(text)
    if not row:
        return " ".join(text.split()).rstrip(".")
    values = [(name, value) for name, value in row if value]
    if not values:
        return ""
    (name, first), *rest = values
    if len(row) == 1 and not in_list:
        verb = "are" if name.endswith("s") and ", " in first else "is"
        return f"The {_plain(name)} {verb} {_number(first)}"
    told = ", ".join(f"{_plain(column)}: {_number(value)}" for column, value in rest)
    return f"{first} ({told})" if told else first if len(row) == 1 else ""


def without_count(text: str) -> tuple[str, str]:
    """A row of a list without the column that tells how many there are, and that number; '' if it has none."""
    row, told, count = text.rpartition(f", {IN_ALL}: ")
    return (row, count) if told else (text, "")


def in_words(value: Any) -> str:
    """A JSON value as a phrase: 'article: apple, price: 12.5'."""
    if isinstance(value, dict):
        return ", ".join(
            f"{_plain(str(name))}: {_inner(item)}" for name, item in value.items() if item not in (None, "")
        )
    if isinstance(value, list):
        return ("; " if any(isinstance(item, dict) for item in value) else ", ").join(map(in_words, value))
    return ("yes" if value else "no") if isinstance(value, bool) else " ".join(str(value).split())


def _inner(value: Any) -> str:
    return f"({in_words(value)})" if isinstance(value, dict | list) and len(value) > 1 else in_words(value)


def _json_in(text: str) -> tuple[str, Any] | None:
    """The label and the value of 'label: {...}'; None if no JSON object or list is all that follows."""
    match = re.search(r"(?:^|(?<=:)\s)(?P<json>[{\[].*[}\]])\s*$", text, re.DOTALL)
    if not match:
        return None
    try:
        value = json.loads(match["json"])
    except ValueError:
        return None
    return (" ".join(text[: match.start()].split()).rstrip(": "), value) if value else None


def _pairs(text: str) -> list[tuple[str, str]]:
    found = [(match["name"].strip(), match["value"].strip()) for match in _PAIR.finditer(text)]
    return found if sum(len(name) + len(value) for name, value in found) >= 0.6 * len(text) else []


def _plain(name: str) -> str:
    return name.replace("_", " ").strip()


def _number(value: str) -> str:
    if re.fullmatch(r"-?\d+\.\d{5,}", value):
        return f"{float(value):.4f}".rstrip("0").rstrip(".")
    return value
