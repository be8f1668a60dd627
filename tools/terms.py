"""What the terms of a tool's use may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

from state.policy import Risk
from state.roles import ROLES


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_names(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(name, str) for name in value)


def _are_roles(value: Any) -> bool:
    return value == "by name" or (isinstance(value, Mapping) and all(role in ROLES for role in value.values()))


_IS_FLAG = ("True or False", lambda value: isinstance(value, bool))
_ARE_NAMES = ("a list of names", _are_names)
_TERMS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "risk": (f"one of {', '.join(map(repr, get_args(Risk)))}", lambda value: value in get_args(Risk)),
    "idempotent": _IS_FLAG,
    "trusted": _IS_FLAG,
    "open_world": _IS_FLAG,
    "timeout": ("a number of seconds above 0", lambda value: _is_number(value) and value > 0),
    "retries": ("a whole number from 0 on", lambda value: _is_count(value) and value >= 0),
    "concurrency": ("a whole number from 1 on", lambda value: _is_count(value) and value >= 1),
    "rate": ("a number of calls a second above 0, or None", lambda v: v is None or (_is_number(v) and v > 0)),
    "cost": ("an amount in US dollars from 0 on", lambda value: _is_number(value) and 0 <= value < float("inf")),
    "unavailable": ("the reason as text, or None", lambda value: value is None or isinstance(value, str)),
    "roles": (f"'by name', or {', '.join(map(repr, ROLES))} for each argument", _are_roles),
    "mints": _ARE_NAMES,
    "picks_from": _ARE_NAMES,
}


def check_terms(name: str, terms: Mapping[str, Any]) -> None:
    """Raises ValueError naming the tool, the term, and what it may be."""
    for term, value in terms.items():
        if term not in _TERMS:
            raise ValueError(f"the tool '{name}': there is no term '{term}'; there are: {', '.join(_TERMS)}")
        told, fits = _TERMS[term]
        if not fits(value):
            raise ValueError(f"the tool '{name}': {term} is {told}, not {value!r}")
