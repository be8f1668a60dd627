"""Conditions of a plan (`when`, `until`), evaluated by simpleeval and never by Python itself.

What may stand in one is listed here: comparisons, arithmetic without powers, members of JSON values, a few
functions, and one loop over a list, as in `all(row.price > 0 for row in t1.rows)`. So a condition can neither
reach beyond its values nor take long.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

import simpleeval

from state import references

_LONGEST = 2000
_MOST_DIGITS = 30


def _round(number: float, digits: int = 0) -> float:
    return round(number, max(-_MOST_DIGITS, min(_MOST_DIGITS, digits)))


def _on_numbers(name: str, operator: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """An operator that is known for text and lists too, which would let a short condition build a huge value."""

    def apply(left: Any, right: Any) -> Any:
        if not (isinstance(left, int | float) and isinstance(right, int | float)):
            raise BadCondition(f"'{name}' is for numbers")
        return operator(left, right)

    return apply


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": abs, "all": all, "any": any, "float": float, "int": int, "len": len, "max": max, "min": min,
    "round": _round, "str": str, "sum": sum, "lower": lambda text: str(text).lower(),
}  # fmt: skip
_OPERATORS = {
    **{kind: apply for kind, apply in simpleeval.DEFAULT_OPERATORS.items() if kind in (
        ast.Add, ast.Sub, ast.Div, ast.FloorDiv, ast.Eq, ast.NotEq, ast.Gt, ast.Lt, ast.GtE, ast.LtE, ast.Not,
        ast.USub, ast.UAdd, ast.In, ast.NotIn, ast.Is, ast.IsNot,
    )},
    ast.Mult: _on_numbers("*", lambda left, right: left * right),
    ast.Mod: _on_numbers("%", lambda left, right: left % right),
}  # fmt: skip
_ALLOWED = (
    *_OPERATORS, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.BinOp, ast.Compare, ast.Call, ast.Name, ast.Load,
    ast.Store, ast.Constant, ast.Attribute, ast.Subscript, ast.Slice, ast.Tuple, ast.List, ast.Set, ast.IfExp,
    ast.ListComp, ast.GeneratorExp, ast.comprehension,
)  # fmt: skip


class BadCondition(ValueError):
    """A condition that can't be parsed or evaluated."""


def renamed(condition: str, names: Mapping[str, str]) -> str:
    """`condition` with the names it reads changed; members and text that happen to be called so stay. Raises
    BadCondition."""
    condition = condition.strip()
    text, placeholders = _without_references(condition)
    written = [match.group() for match in references.REFERENCE.finditer(condition)]
    known = {name: references.renamed(whole, names) for name, whole in zip(placeholders, written, strict=True)}
    read = _names(_parse(text))
    lines = [line.encode() for line in text.splitlines(keepends=True)]
    for node in sorted(read, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        new = known.get(node.id) or names.get(node.id, node.id)
        line, end = lines[node.lineno - 1], node.end_col_offset
        lines[node.lineno - 1] = line[: node.col_offset] + new.encode() + line[end:]
    return b"".join(lines).decode()


class _Evaluator(simpleeval.EvalWithCompoundTypes):  # type: ignore[misc]
    """simpleeval, with members of JSON objects instead of Python's attributes."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        super().__init__(operators=_OPERATORS, functions=dict(FUNCTIONS), names=dict(names))
        self.nodes[ast.Attribute] = self._member

    def _member(self, node: ast.Attribute) -> Any:
        value = self._eval(node.value)
        if isinstance(value, Mapping) and node.attr in value:
            return value[node.attr]
        raise BadCondition(f"there is no '{node.attr}' in {ast.unparse(node.value)}")


def names(condition: str) -> set[str]:
    """The names a condition reads: task ids, `item`, `result`, ... Raises BadCondition."""
    text, placeholders = _without_references(condition)
    found = {reference.root for reference in placeholders.values()}
    for node in _names(_parse(text)):
        if isinstance(node.ctx, ast.Load) and node.id not in placeholders:
            found.add(node.id)
    return found - {"true", "false", "null"} - _loop_names(text)


def holds(condition: str, values: Mapping[str, Any]) -> bool:
    """Whether a condition is true of `values`. Raises BadCondition."""
    text, placeholders = _without_references(condition)
    known: dict[str, Any] = {"true": True, "false": False, "null": None, **values}
    try:
        for name, reference in placeholders.items():
            known[name] = references.follow(reference, values)
        return bool(_Evaluator(known).eval(text, previously_parsed=_parse(text)))
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
    _check(statement, text)
    return statement


def _check(statement: ast.expr, text: str) -> None:
    loops = 0
    for node in ast.walk(statement):
        if not isinstance(node, _ALLOWED):
            raise BadCondition(f"'{text}': a condition can't have a {type(node).__name__.lower()}")
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS):
            raise BadCondition(f"'{text}': it may call {', '.join(FUNCTIONS)}; not '{ast.unparse(node.func)[:80]}'")
        if isinstance(node, ast.Constant) and not isinstance(node.value, str | int | float | bool | None):
            raise BadCondition(f"'{text}': a condition can't have a {type(node.value).__name__}")
        loops += isinstance(node, ast.comprehension)
    if loops > 1:
        raise BadCondition(f"'{text}': a condition may have one loop")


def _names(statement: ast.expr) -> list[ast.Name]:
    """The names in a condition, those of the functions it calls left out: a task may be called 'sum'."""
    called = {id(node.func) for node in ast.walk(statement) if isinstance(node, ast.Call)}
    return [node for node in ast.walk(statement) if isinstance(node, ast.Name) and id(node) not in called]


def _loop_names(text: str) -> set[str]:
    loops = (node for node in ast.walk(_parse(text)) if isinstance(node, ast.comprehension))
    return {name.id for loop in loops for name in ast.walk(loop.target) if isinstance(name, ast.Name)}
