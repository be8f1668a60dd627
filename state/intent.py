"""What the user wants, as typed data."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from state.record import Record

IntentKind = Literal["question", "comparison", "calculation", "data", "action", "small_talk"]


class Intent(Record):
    """The parsed goal."""

    kind: IntentKind = Field(description="What sort of request this is.")
    goal: str = Field(description="The goal restated on its own, follow-ups resolved by the conversation.")
    questions: list[str] = Field(
        default_factory=list, description="The independent questions in the goal, in its order."
    )
    constraints: list[str] = Field(default_factory=list, description="Limits the user set on how or what.")
    missing: str | None = Field(
        default=None, description="The one question to ask the user, if the goal can't be served without its answer."
    )
    reply: str | None = Field(
        default=None, description="Small talk and requests that can't be served: the reply itself."
    )
