"""Looked-up values as a person reads them: 'mazda glc (Miles per Gallon: 46.6)'."""

from __future__ import annotations

import re

_PAIR = re.compile(
    r"(?P<name>[A-Za-z_][\w .%()/-]{0,40}?): ?(?P<value>.*?)(?:(?:, |; |\n)(?=[A-Za-z_][\w .%()/-]{0,40}?: ?)|$)",
    re.DOTALL,
)


def readable(text: str) -> str:
    """A row of a result as a phrase. Text that isn't 'column: value, column: value' stays; no values: ''."""
    row = _pairs(text)
    if not row:
        return " ".join(text.split()).rstrip(".")
    values = [(name, value) for name, value in row if value]
    if not values:
        return ""
    (name, first), *rest = values
    if len(row) == 1:
        return f"The {_plain(name)} is {_number(first)}"
    told = ", ".join(f"{_plain(column)}: {_number(value)}" for column, value in rest)
    return f"{first} ({told})" if told else ""


def _pairs(text: str) -> list[tuple[str, str]]:
    found = [(match["name"].strip(), match["value"].strip()) for match in _PAIR.finditer(text)]
    return found if sum(len(name) + len(value) for name, value in found) >= 0.6 * len(text) else []


def _plain(name: str) -> str:
    return name.replace("_", " ").strip()


def _number(value: str) -> str:
    if re.fullmatch(r"-?\d+\.\d{5,}", value):
        return f"{float(value):.4f}".rstrip("0").rstrip(".")
    return value
