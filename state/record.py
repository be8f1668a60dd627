"""The base of every value in the state."""

from __future__ import annotations

from collections.abc import Iterator, KeysView
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticUseDefault

_LEAST_INT, _MOST_INT = -(2**63), 2**64 - 1
"""What a checkpoint has numbers for."""


def storable(value: Any) -> Any:
    """JSON as it can be kept: numbers of more than 64 bits become text, to lose none of their digits."""
    if isinstance(value, dict):
        return {name: storable(item) for name, item in value.items()}
    if isinstance(value, list):
        return [storable(item) for item in value]
    is_too_long = type(value) is int and not _LEAST_INT <= value <= _MOST_INT
    return str(value) if is_too_long else value


class Record(BaseModel):
    """A typed value that also reads like the JSON object it becomes.

    `result.status` and `result["status"]` are the same, so code written against
    the Python objects also works on what a LangGraph server sends.
    """

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    def __getitem__(self, name: str) -> Any:
        if name in type(self).model_fields:
            return getattr(self, name)
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return name in type(self).model_fields

    def __iter__(self) -> Iterator[str]:  # type: ignore[override]
        return iter(type(self).model_fields)

    def __len__(self) -> int:
        return len(type(self).model_fields)

    def keys(self) -> KeysView[str]:
        return dict.fromkeys(type(self).model_fields).keys()

    def get(self, name: str, default: Any = None) -> Any:
        return getattr(self, name) if name in self else default

    def to_json(self) -> dict[str, Any]:
        """The plain JSON object this value is stored and sent as."""
        return self.model_dump(mode="json")


def default_if_null(value: Any) -> Any:
    """For a validator of optional fields, before their own: null says that a field isn't given, as models and programs
    write it that list every field."""
    if value is None:
        raise PydanticUseDefault
    return value
