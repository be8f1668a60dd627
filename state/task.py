"""A task: one step of a plan, as data a person can read and edit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from pydantic import Field, JsonValue, field_validator

from state import conditions, references
from state.record import Record, default_if_null, storable

MODEL, AGENT = "model", "agent"
EVENT = "event"
"""Id and tool of the pseudo task that an event from outside is the result of."""
ITEM_NAMES = frozenset({"item", "index"})
ROUND_NAMES = frozenset({"result", "round", "last"})
RUN_NAMES = frozenset({"goal"})
"""What every task may read without waiting for another: `{{goal}}`, the goal of the run in the user's words."""
RESERVED = ITEM_NAMES | ROUND_NAMES | RUN_NAMES


class Task(Record):
    """One step of a plan."""

    id: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$", description="Short and unique: t1")
    goal: str = Field(default="", description="One sentence for a person.")
    tool: str = Field(
        description="A registered tool's name; 'model' (one model call over its inputs); "
        "'agent' (a bounded loop of a model and reading tools)."
    )
    args: dict[str, JsonValue] = Field(
        default_factory=dict,
        description="JSON arguments; strings may hold references such as {{t1.rows[0].price}}, and {{goal}}.",
    )
    after: list[str] = Field(default_factory=list, description="Tasks that must end first, though no data is taken.")
    when: str | None = Field(default=None, description="Condition over earlier results; false skips the task.")
    join: Literal["all", "any"] = Field(
        default="all", description="'any': run as soon as any of its inputs came through."
    )
    each: str | list[JsonValue] | None = Field(
        default=None, description="Reference to a list (or the list): one run per item, as {{item}} and {{index}}."
    )
    width: int = Field(default=8, ge=1, le=64, description="Items of `each` at work at the same time.")
    until: str | None = Field(
        default=None,
        description="Condition on the own `result` and `round` (from 1); repeats until it holds. "
        "{{last}} is the result of the round before.",
    )
    max_rounds: int = Field(default=5, ge=1, le=100, description="Bound of `until`.")
    on_error: str = Field(
        default="fail", pattern=r"^(fail|skip|fallback:\s*\S+)$", description="fail, skip, or 'fallback: TOOL'."
    )
    timeout: float | None = Field(default=None, gt=0, description="Seconds for one attempt; default: the tool's.")

    @field_validator("after", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("goal", "args", "after", "join", "width", "max_rounds", "on_error", mode="before")
    @classmethod
    def _optional(cls, value: Any) -> Any:
        return default_if_null(value)

    @field_validator("args", "each")
    @classmethod
    def _storable(cls, value: Any) -> Any:
        return storable(value)

    @property
    def fallback(self) -> str | None:
        """The tool to fall back on, if one is named."""
        return self.on_error.partition(":")[2].strip() or None

    def tools_used(self) -> set[str]:
        """The names of the tools it may call: its own, its fallback, and those that it gives to an agent."""
        used = {name for name in (self.tool, self.fallback) if name}
        given = self.args.get("tools") if AGENT in used else None
        return used.union(map(str, given if isinstance(given, list) else [given] if given else []))

    def reads(self) -> list[str]:
        """The names this task reads, in order of appearance, `item` and the like included.

        Raises BadReference or BadCondition.
        """
        found: dict[str, None] = {}
        for reference in references.find([self.args, self.each]):
            found[reference.root] = None
        for condition in (self.when, self.until):
            if condition:
                found.update(dict.fromkeys(sorted(conditions.names(condition))))
        return list(found)

    def needs(self) -> list[str]:
        """The tasks this one waits for: those it reads, and `after`. Raises as `reads`."""
        read = [name for name in self.reads() if name not in RESERVED and name != self.id]
        return list(dict.fromkeys([*read, *self.after]))

    def rewired(self, names: dict[str, str]) -> Task:
        """This task with the ids it reads renamed; ids that aren't in `names` stay, and so does what can't be read."""
        changed = {old: new for old, new in names.items() if old != new}
        if not changed:
            return self

        def in_value(value: Any) -> Any:
            if isinstance(value, str):
                return _renamed(references.renamed, value, changed)
            if isinstance(value, dict):
                return {key: in_value(item) for key, item in value.items()}
            return [in_value(item) for item in value] if isinstance(value, list) else value

        return self.model_copy(
            update={
                "args": in_value(self.args),
                "each": in_value(self.each),
                "after": [changed.get(name, name) for name in self.after],
                "when": _renamed(conditions.renamed, self.when, changed) if self.when else None,
                "until": _renamed(conditions.renamed, self.until, changed) if self.until else None,
            }
        )


def _renamed(rename: Callable[[str, Mapping[str, str]], str], text: str, names: Mapping[str, str]) -> str:
    try:
        return rename(text, names)
    except (references.BadReference, conditions.BadCondition):
        return text  # left for `check_plan` to find
