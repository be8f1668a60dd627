"""What a run may spend, and what it has spent."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field, field_validator

from state.forms import optional_as_given
from state.record import Record, default_if_null

_MOST = 2**63 - 1
"""The largest integer that a checkpoint can hold."""


class Budget(Record):
    """Upper bounds of a run. None: unbounded. Reaching one ends with a partial answer, not an error."""

    model_config = ConfigDict(json_schema_extra=optional_as_given, allow_inf_nan=False)

    seconds: float | None = Field(default=None, gt=0, description="Working time, without waiting for people.")
    tokens: int | None = Field(default=None, gt=0, le=_MOST, description="Input plus output tokens.")
    money: float | None = Field(default=None, gt=0, description="US dollars.")
    model_calls: int | None = Field(default=None, gt=0, le=_MOST, description="Calls of a model.")
    tool_calls: int | None = Field(default=None, ge=0, le=_MOST, description="Calls of tools, retries included.")
    rounds: int = Field(default=2, ge=0, le=_MOST, description="Rounds of refinement after the first answer.")

    @field_validator("rounds", mode="before")
    @classmethod
    def _optional(cls, value: Any) -> Any:
        return default_if_null(value)


class Usage(Record):
    """What has been spent so far."""

    seconds: float = 0.0
    input_tokens: int = 0
    output_tokens: int = 0
    money: float = 0.0
    model_calls: int = 0
    tool_calls: int = 0

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(**{name: getattr(self, name) + getattr(other, name) for name in Usage.model_fields})

    def exceeded(self, budget: Budget) -> str | None:
        """The name of the first bound that is used up, or None."""
        for name in ("seconds", "tokens", "money", "model_calls", "tool_calls"):
            bound = getattr(budget, name)
            if bound is not None and getattr(self, name) >= bound:
                return name
        return None
