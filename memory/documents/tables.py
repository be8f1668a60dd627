"""Rows of CSV and JSON as sentences of 'name: value', so that one row can be found and quoted."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

from memory.documents.content import Block, Content, Unreadable

MOST_ROWS = 20_000
_LONGEST_CELL = 2000


def separated(text: str, delimiter: str | None = None) -> Content:
    """The rows of a delimited text whose first row names the columns. Row 1 is the first row of data."""
    csv.field_size_limit(1 << 24)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter or _delimiter(text))
    names = [name.strip() or f"column {number}" for number, name in enumerate(next(reader, []), start=1)]
    rows = (dict(zip(names, row, strict=False)) for row in reader if any(cell.strip() for cell in row))
    return _content(rows)


def json_rows(text: str) -> Content:
    """The objects of a JSON list, one row each; of any other JSON, its leaves by path. Raises Unreadable."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"is not valid JSON: {error}") from error
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return _content(dict(_leaves(item, "")) for item in value)
    return Content([Block(f"{path or 'value'}: {leaf}") for path, leaf in _bounded(_leaves(value, ""))])


def _content(rows: Iterable[dict[str, Any]]) -> Content:
    blocks, notes = [], []
    for number, row in enumerate(rows, start=1):
        if number > MOST_ROWS:
            notes.append(f"only its first {MOST_ROWS} rows are indexed; load it into a database to query all of them")
            break
        text = ", ".join(f"{name}: {cell}" for name, value in row.items() if (cell := _cell(value)))
        if text:
            blocks.append(Block(text, position=f"row {number}", alone=True))
    return Content(blocks, notes=notes)


def _cell(value: Any) -> str:
    return "" if value is None else " ".join(str(value).split())[:_LONGEST_CELL]


def _delimiter(text: str) -> str:
    """The most frequent separator of the header, which has no free text in it."""
    header = text.split("\n", 1)[0]
    return max(",;\t|", key=header.count)


def _leaves(value: Any, path: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    if depth > 50:
        return
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _leaves(item, f"{path}.{name}" if path else str(name), depth + 1)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}[{index}]", depth + 1)
    else:
        yield path, value


def _bounded(leaves: Iterator[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    for _, (path, value) in zip(range(MOST_ROWS), leaves, strict=False):
        yield path, _cell(value)
