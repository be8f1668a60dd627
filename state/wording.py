"""A task of a plan in words: all that decides whether, when and how often it is done, and what in its place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def arguments(task: Mapping[str, Any]) -> list[str]:
    """Each argument of a task as `name=value`, the value as JSON."""
    return [f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in (task.get("args") or {}).items()]


def terms(task: Mapping[str, Any]) -> list[str]:
    """What a task, as JSON, says beyond its tool and arguments: one phrase each, none for what is as usual.

    Whoever approves a plan approves this, too.
    """
    each, on_error = task.get("each"), str(task.get("on_error") or "fail")
    said = [
        f"only if {task['when']}" if task.get("when") else "",
        f"for each of {each if isinstance(each, str) else json.dumps(each, ensure_ascii=False)}" if each else "",
        f"until {task['until']}, at most {task.get('max_rounds', 5)} times" if task.get("until") else "",
        f"after {', '.join(task['after'])}" if task.get("after") else "",
        "as soon as one of its inputs is there" if task.get("join") == "any" else "",
        f"if it fails, {on_error.partition(':')[2].strip()} with the same arguments" if ":" in on_error else "",
        "if it fails, the rest goes on" if on_error == "skip" else "",
    ]
    return list(filter(None, said))
