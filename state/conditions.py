"""Conditions of a plan (`when`, `until`), evaluated by simpleeval and never by Python itself."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

import simpleeval

from state import references

FUNCTIONS = {
    "abs": abs, "all": all, "any": any, "float": float, "int": int, "len": len, "max": max, "min": min,
    "round": round, "str": str, "sum": sum, "lower": lambda text: str(text).lower(),
}  # fmt: skip
_LONGEST = 2000


class BadCondition(ValueError):
    """A condition that can't be parsed or evaluated."""


def names(condition: str) -> set[str]:
    """The names a condition reads: task ids, `item`, `result`, ... Raises BadCondition."""
    text, placeholders = _without_references(condition)
    found = {reference.root for reference in placeholders.values()}
    for node in ast.walk(_parse(text)):
        if isinstance(node, ast.Name) and node.id not in placeholders and node.id not in FUNCTIONS:
            found.add(node.id)
    return found - {"true", "false", "null"}


def holds(condition: str, values: Mapping[str, Any]) -> bool:
    """Whether a condition is true of `values`. Raises BadCondition."""
    text, placeholders = _without_references(condition)
    known: dict[str, Any] = {"true": True, "false": False, "null": None, **values}
    try:
        for name, reference in placeholders.items():
            known[name] = references.follow(reference, values)
        evaluator = simpleeval.EvalWithCompoundTypes(functions=FUNCTIONS, names=known)
        return bool(evaluator.eval(text, previously_parsed=_parse(text)))
    except BadCondition:
        raise
    except Exception as error:  # simpleeval raises whatever the operators of the values raise
        raise BadCondition(f"'{condition}' can't be evaluated: {error}") from None


def _without_references(condition: str) -> tuple[str, dict[str, references.Reference]]:
    placeholders: dict[str, references.Reference] = {}
    if len(condition) > _LONGEST:
        raise BadCondition(f"a condition may have {_LONGEST} characters, this one has {len(condition)}")

    def replace(match: Any) -> str:
        name = f"reference_{len(placeholders)}_"
        placeholders[name] = references.parse(match.group(1))
        return name

    try:
        return references.REFERENCE.sub(replace, condition.strip()), placeholders
    except references.BadReference as error:
        raise BadCondition(str(error)) from None


def _parse(text: str) -> ast.expr:
    try:
        statement = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BadCondition(f"'{text}' is not a condition, as in 't1.count > 3': {error}") from None
    return statement
