"""State that comes as JSON, from a server's API or a file, as the typed values the steps work with."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

_BY_REDUCER = frozenset({"messages"})


class BadState(ValueError):
    """A value that doesn't fit its channel. The message names the channel and what is wrong."""


@functools.cache
def _channels(schema: Any) -> dict[str, TypeAdapter[Any]]:
    hints = get_type_hints(schema)
    return {name: TypeAdapter(hint) for name, hint in hints.items() if name not in _BY_REDUCER}


def typed(values: Mapping[str, Any], schema: Any) -> dict[str, Any]:
    """`values` with each channel of `schema` (a TypedDict) as its type; messages are left to their reducer.

    Raises BadState.
    """
    known = _channels(schema)
    found = dict(values)
    for name in found.keys() & known.keys():
        try:
            found[name] = known[name].validate_python(found[name])
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in (name, *problem["loc"]))
            raise BadState(f"The state can't be changed so: {place}: {problem['msg']}.") from None
    return found
