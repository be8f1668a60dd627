"""JSON schemas as forms: what a person fills in, in Studio or wherever a schema is drawn."""

from __future__ import annotations

from typing import Any

_NULL = {"type": "null"}


def optional_as_given(schema: dict[str, Any]) -> None:
    """Show every optional field of an object's schema as what it is when it is given; for `json_schema_extra`.

    `X | None` is a choice between two types in JSON schema, for which forms draw a selector or raw JSON; a field that
    isn't required and has no default says the same, and is drawn as an X.
    """
    for field in schema.get("properties", {}).values():
        given = [option for option in field.get("anyOf", []) if option != _NULL]
        if len(given) == 1 and _NULL in field["anyOf"]:
            del field["anyOf"]
            field.update(given[0])
            if field.get("default", ...) is None:
                del field["default"]
