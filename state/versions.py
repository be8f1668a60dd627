"""The version of the state's shape, and how an older state becomes the current one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

STATE_VERSION = 1
MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""From version n to n + 1: takes the state's values, returns the channels that change."""


class StateVersionError(ValueError):
    """A thread was written by a version of the application whose state can't be read here."""


def migrate(values: Mapping[str, Any]) -> dict[str, Any]:
    """The channels to change so that `values` fit this version; empty if they do. Raises StateVersionError."""
    version = int(values.get("version") or STATE_VERSION)
    if version > STATE_VERSION:
        raise StateVersionError(
            f"this thread was written by a newer version (state {version}, this one reads up to {STATE_VERSION}); "
            "upgrade the application to resume it"
        )
    current, changes = dict(values), dict[str, Any]()
    while version < STATE_VERSION:
        if version not in MIGRATIONS:
            raise StateVersionError(
                f"this thread was written by an older version (state {version}) that can't be carried over; "
                "start the goal anew, or resume it with the version that wrote it"
            )
        step = MIGRATIONS[version](current)
        version += 1
        current.update(step)
        changes.update(step, version=version)
    return changes
