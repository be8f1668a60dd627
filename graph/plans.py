"""Plans and specialists that a user declares in files, JSON or TOML."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from state.plan import Plan


def parse_plan(text: str) -> Plan:
    """The plan that `text` declares: JSON (an object with `tasks`, or a list of tasks) or TOML with `[[tasks]]`.

    Raises ValueError with a sentence for a person.
    """
    return _plan(parse(text))


def load_plan(path: str | Path) -> Plan:
    """The plan in a file, as `parse_plan`. Blocks. Raises ValueError."""
    given = load(path)
    try:
        return _plan(given)
    except ValueError as error:
        raise ValueError(f"{path} is no plan: {error}") from None


def load(path: str | Path) -> Any:
    """What a JSON or TOML file holds. Blocks. Raises ValueError."""
    try:
        return parse(Path(path).expanduser().read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} can't be read: it is not UTF-8 text") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def parse(text: str) -> Any:
    """JSON or TOML, told apart by how it begins. Raises ValueError."""
    begins = text.lstrip()[:2]
    is_toml = begins[:1] not in ("{", "[") or begins == "[["
    try:
        return tomllib.loads(text) if is_toml else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"it is not {'TOML' if is_toml else 'JSON'}: {error}; what is read is JSON or TOML") from None


def told(error: ValidationError) -> str:
    """What is wrong with a declaration, and where."""
    found = [f"{'.'.join(map(str, item['loc'])) or 'the file'}: {item['msg']}" for item in error.errors()[:5]]
    return "; ".join(found)


def _plan(value: Any) -> Plan:
    try:
        plan = Plan.model_validate({"tasks": value} if isinstance(value, list) else value)
    except ValidationError as error:
        example = '{"tasks": [{"id": "t1", "tool": "search_documents", "args": {"query": "..."}}]}'
        raise ValueError(f"{told(error)}; a plan reads {example}") from None
    if not plan.tasks:
        raise ValueError("it has no tasks")
    return plan
