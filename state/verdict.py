"""A draft of the answer, and the judgement on it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from state.record import Record
from state.result import Citation

VerdictAction = Literal["accept", "rewrite", "rerun", "replan", "give_up"]


class Draft(Record):
    """An answer being written: text with [n] marks, n numbering `citations`."""

    text: str
    citations: list[Citation] = Field(default_factory=list)
    gaps: list[str] = Field(default_factory=list, description="What was asked and is not answered, and why.")


class Finding(Record):
    """One thing that is wrong with a draft."""

    check: str = Field(description="Name of the check that failed, e.g. 'quote_not_verbatim'.")
    message: str
    sentence: str | None = None
    task: str | None = Field(default=None, description="The task to blame, if one is.")


class Verdict(Record):
    """The judgement on a draft, and what happens next."""

    action: VerdictAction
    reason: str = ""
    findings: list[Finding] = Field(default_factory=list)
    tasks: list[str] = Field(default_factory=list, description="Tasks to run again, for 'rerun'.")

    @property
    def ok(self) -> bool:
        return self.action == "accept"
