"""What a thread was begun with, kept in its checkpoints' metadata, so that its id is all it takes to resume it.

Metadata holds plain text alone, isn't encrypted, and is shown by servers and tracers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memory.settings import settings
from state.policy import NAMED, Policy
from tools.registry import ToolSpec
from tools.sql_database import without_password

_PREFIX = "orchestrate_"
KEPT = ("docs", "db", "brain", "model", "policy", "type", "event")


@dataclass(frozen=True)
class Kept:
    """What is known of how a thread was begun.

    `choices`: by name, None where nothing was given. `tools`: the names of tools that were given, None if none were.
    `lost`: what was given as an object that can't be written down.
    """

    choices: dict[str, Any]
    tools: list[str] | None
    lost: frozenset[str]

    def lost_beside(self, given: Mapping[str, Any]) -> frozenset[str]:
        """What is lost and isn't given again."""
        return self.lost - {name for name, value in given.items() if value}

    def tools_beside(self, here: Sequence[ToolSpec] | None) -> set[str]:
        """The names of the tools that aren't here again."""
        return set(self.tools or ()) - {spec.name for spec in here or ()}


def as_metadata(choices: Mapping[str, Any]) -> dict[str, str]:
    """Metadata for the checkpoints of a run of these choices."""
    written = {name: _written(name, choices[name]) for name in KEPT if choices.get(name)}
    texts = {name: text for name, text in written.items() if text is not None}
    texts["lost"] = json.dumps(sorted(written.keys() - texts.keys()))
    if choices.get("tools") is not None:
        texts["tools"] = json.dumps([spec.name for spec in choices["tools"]])
    return {f"{_PREFIX}{name}": text for name, text in texts.items()}


def carried_over(metadata: Mapping[str, Any]) -> dict[str, str]:
    """What a checkpoint's metadata holds of it, for one that is made of that checkpoint."""
    return {name: text for name, text in metadata.items() if name.startswith(_PREFIX)}


def without(given: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata, or a config's values, without what is said there under the names of these."""
    return {name: value for name, value in given.items() if not name.startswith(_PREFIX)}


async def what_is_kept(saver: Any, thread_id: str) -> Kept:
    """How a thread was begun; of one that isn't there, or that another program began, nothing is known."""
    found = await saver.aget_tuple({"configurable": {"thread_id": thread_id}})
    metadata = (found.metadata or {}) if found else {}
    texts = {name.removeprefix(_PREFIX): text for name, text in carried_over(metadata).items()}
    tools, lost = json.loads(texts.pop("tools", "null")), json.loads(texts.pop("lost", "[]"))
    choices: dict[str, Any] = dict.fromkeys(KEPT) | texts
    if docs := texts.get("docs"):
        choices["docs"] = json.loads(docs)
    if (db := texts.get("db")) and (own := settings().db) and without_password(own) == db:
        choices["db"] = own  # with its password, which isn't written down
    if (policy := texts.get("policy", "")).startswith("{"):
        try:
            choices["policy"] = Policy.model_validate(json.loads(policy))
        except ValueError:  # a later version wrote it
            choices["policy"], lost = None, [*lost, "policy"]
    return Kept(choices, tools, frozenset(lost))


def _written(name: str, value: Any) -> str | None:
    """A choice as text; None for an object that has none."""
    if name == "policy":
        return _policy(value)
    if name == "db":
        return without_password(value)
    if name == "docs":
        return json.dumps(value)
    return value if isinstance(value, str) else None


def _policy(policy: Policy | str | Path) -> str | None:
    """By its name, as the place of its file, or whole; one that is more than its fields can't be written."""
    if isinstance(policy, Policy):
        return json.dumps(policy.to_json()) if type(policy) is Policy else None
    return str(policy) if str(policy) in NAMED else str(Path(policy).absolute())
