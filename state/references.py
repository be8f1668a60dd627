"""References from a task to what earlier tasks found: `{{t1}}`, `{{t1.rows[0].price}}`.

A string that is exactly one reference stands for the value itself and keeps its JSON type;
a reference inside a longer string is written out as text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

REFERENCE = re.compile(r"\{\{([^{}]*)\}\}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_STEP = re.compile(
    r"""\.(?P<name>[^.\[\]\s]+) | \[(?P<index>-?\d+)\] | \[(?P<quote>['"])(?P<key>.*?)(?P=quote)\]""",
    re.VERBOSE,
)


class BadReference(ValueError):
    """A reference that is malformed, or leads nowhere in the value it points at."""


class NotFound(BadReference):
    """A reference to an item of a list that has fewer: what a task looked for wasn't there."""


class Reference(NamedTuple):
    """A parsed reference: the name it starts from and the steps into its value."""

    root: str
    steps: tuple[str | int, ...]
    text: str


def parse(text: str) -> Reference:
    """Parse the inside of `{{...}}`. Raises BadReference."""
    text = text.strip()
    found = _NAME.match(text)
    if not found:
        raise BadReference(f"'{{{{{text}}}}}' must start with a task's id, as in '{{{{t1.rows[0].price}}}}'")
    position, steps = found.end(), list[str | int]()
    while position < len(text):
        step = _STEP.match(text, position)
        if not step:
            raise BadReference(f"'{{{{{text}}}}}' can't be read from '{text[position:]}' on")
        if step["index"] is not None:
            steps.append(int(step["index"]))
        else:
            steps.append(step["name"] if step["name"] is not None else step["key"])
        position = step.end()
    return Reference(found.group(), tuple(steps), text)


def find(value: Any) -> Iterator[Reference]:
    """All references in a JSON value, depth first. Raises BadReference."""
    if isinstance(value, str):
        for match in REFERENCE.finditer(value):
            yield parse(match.group(1))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from find(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from find(item)


def whole(text: str) -> Reference | None:
    """The reference that `text` consists of, if it is nothing but one reference."""
    match = REFERENCE.fullmatch(text.strip())
    return parse(match.group(1)) if match else None


def follow(reference: Reference, values: Mapping[str, Any], *, absent: Collection[str] = ()) -> Any:
    """The value a reference points at; None for one into a name of `absent`. Raises BadReference if there is none."""
    if reference.root in absent:
        return None
    if reference.root not in values:
        raise BadReference(f"'{{{{{reference.text}}}}}': nothing is known as '{reference.root}' here")
    value, path = values[reference.root], reference.root
    for step in reference.steps:
        try:
            if isinstance(value, list) and isinstance(step, str) and step.lstrip("-").isdecimal():
                step = int(step)
            if isinstance(value, Mapping) and isinstance(step, int):
                step = str(step)
            if isinstance(value, str) or not isinstance(value, Mapping | list):
                raise TypeError
            value = value[step]  # type: ignore[index]
        except (KeyError, IndexError, TypeError) as error:
            kind = NotFound if isinstance(error, IndexError) else BadReference
            raise kind(f"'{{{{{reference.text}}}}}': {path} has no '{step}'; it is {_describe(value)}") from None
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return value


def resolve(value: Any, values: Mapping[str, Any], *, absent: Collection[str] = ()) -> Any:
    """`value` with every reference replaced by what it points at, as `follow`. Raises BadReference."""
    if isinstance(value, str):
        reference = whole(value)
        if reference is not None:
            return follow(reference, values, absent=absent)
        return REFERENCE.sub(lambda match: as_text(follow(parse(match.group(1)), values, absent=absent)), value)
    if isinstance(value, Mapping):
        return {key: resolve(item, values, absent=absent) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolve(item, values, absent=absent) for item in value]
    return value


def literal(text: str) -> str:
    """`text` as an argument that refers to nothing, whatever braces a person wrote in it."""
    return text.replace("{{", "{ {")


def renamed(text: str, names: Mapping[str, str]) -> str:
    """`text` with the roots of its references renamed. Raises BadReference."""

    def rename(match: re.Match[str]) -> str:
        root = parse(match.group(1)).root
        return match.group().replace(root, names.get(root, root), 1)

    return REFERENCE.sub(rename, text)


def as_text(value: Any) -> str:
    """How a value reads inside a longer string."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _describe(value: Any) -> str:
    if isinstance(value, Mapping):
        names = ", ".join(list(map(str, value))[:8])
        return f"an object with {names or 'no members'}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return "null" if value is None else f"a {type(value).__name__}"
