"""pick and find_link: one value out of what was found, chosen by code and not by a model."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from tools.registry import ToolFailure, tool

Records = Annotated[list[Any] | dict[str, Any], Field(description="What an earlier task found: '{{t1}}'.")]
Where = Annotated[
    dict[str, str] | None,
    Field(description="Texts that fields must contain: {'name': 'budget 2025'}. A plain value's field is 'value'."),
]
_LINK = re.compile(r"(?:https?://|\bwww\.)[^\s<>\"'`]*[^\s<>\"'`.,;:!?)\]}]", re.IGNORECASE)
_MAIL = re.compile(r"[\w.%+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_MOST_NAMED = 5


@tool(risk="read", trusted=True, picks_from=("records", "by"))
def pick(
    records: Records,
    field: Annotated[str, Field(description="The field whose value is wanted; 'value' for plain values.")] = "value",
    where: Where = None,
    which: Annotated[
        Literal["most", "least"] | None, Field(description="Only the record with the most or the least of `by`.")
    ] = None,
    by: Annotated[
        str | list[Any] | None,
        Field(description="A field with numbers, or a number or list per record. Left out: how often `field` occurs."),
    ] = None,
) -> Any:
    """Pick the one value out of records: the id of the file called so, the largest, the most frequent.

    For an address, an id or a name that a later task writes to. Fails unless exactly one value fits.
    """
    found = _listed(records) if isinstance(by, list) else _flat(records)
    kept = [index for index, record in enumerate(found) if _fits(record, where)]
    if which:
        sizes = _sizes(found, field, by)
        best = (max if which == "most" else min)((sizes[index] for index in kept), default=0)
        kept = [index for index in kept if sizes[index] == best]
    return _only([_value(found[index], field) for index in kept], f"'{field}'")


@tool(risk="read", trusted=True)
def find_link(
    text: Annotated[Any, Field(description="A text, or records that hold texts: '{{t1}}'.")],
    where: Where = None,
    kind: Annotated[Literal["url", "email"], Field(description="A web address or a mail address.")] = "url",
) -> str:
    """Find the one web address or mail address in a text, or in the records that fit.

    For a page that a later task visits. Fails unless exactly one is there.
    """
    texts = [string for record in _flat(text) if _fits(record, where) for string in _strings(record)]
    pattern = _LINK if kind == "url" else _MAIL
    return str(_only([link for one in texts for link in pattern.findall(one)], f"{kind} address"))


def _strings(value: Any) -> Iterator[str]:
    """The texts in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _strings(item)


def _sizes(records: Sequence[Any], field: str, by: str | list[Any] | None) -> list[float]:
    """What the records are ranked by."""
    if isinstance(by, str):
        return [_size(_value(record, by)) for record in records]
    if by is None:
        values = [json.dumps(_value(record, field), sort_keys=True) for record in records]
        counted = Counter(values)
        return [counted[value] for value in values]
    if len(by) != len(records):
        raise _unusable(f"'by' has {len(by)} values for {len(records)} records")
    return [_size(value) for value in by]


def _listed(records: Any) -> list[Any]:
    return records if isinstance(records, list) else [records]


def _flat(records: Any) -> list[Any]:
    """The records one by one; those of a task that ran for each item of a list are lists of lists."""
    return [record for group in _listed(records) for record in _listed(group)]


def _fits(record: Any, where: dict[str, str] | None) -> bool:
    return all(text.casefold() in _text(_value(record, name)).casefold() for name, text in (where or {}).items())


def _value(record: Any, field: str) -> Any:
    if not isinstance(record, dict):
        if field == "value":
            return record
        raise _unusable(f"there are no fields, and so no '{field}', in {_text(record)[:80]!r}; its field is 'value'")
    if field not in record:
        raise _unusable(f"there is no field '{field}'; there are {', '.join(list(record)[:12])}")
    return record[field]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _size(value: Any) -> float:
    if isinstance(value, int | float):
        return value
    if isinstance(value, list):
        return len(value)
    raise _unusable(f"only numbers and lists have a most and a least, and not {_text(value)[:80]!r}")


def _only(values: Sequence[Any], what: str) -> Any:
    distinct = list({json.dumps(value, sort_keys=True): value for value in values}.values())
    if len(distinct) == 1:
        return distinct[0]
    if not distinct:
        raise ToolFailure(f"there is no {what} that fits", kind="not_found", sent=False)
    raise _unusable(f"{len(distinct)} values of {what} fit, and none was picked: {_some(distinct)}")


def _some(values: Iterable[Any]) -> str:
    return ", ".join([_text(value)[:80] for value in values][:_MOST_NAMED])


def _unusable(message: str) -> ToolFailure:
    return ToolFailure(message, kind="permanent", sent=False)
