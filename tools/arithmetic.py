"""Exact arithmetic over numbers and dates, evaluated by simpleeval and never by Python itself."""

from __future__ import annotations

import ast
import calendar
import math
import operator
import re
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import simpleeval

from tools.notation import MOST_DIGITS, Unreadable, as_python

Number = Fraction | float
Value = Fraction | float | date
LONGEST_EXPRESSION = 2000
_MOST_BITS = int(MOST_DIGITS * math.log2(10))
_MOST_FACTORIAL = 1000


@dataclass(frozen=True)
class Duration:
    """A span of the calendar: months can't be told in days before they are added to a date."""

    months: int = 0
    days: int = 0


def evaluate(expression: str) -> Value | Duration:
    """The value of an expression: a Fraction while that is exact, else a float; a date; a Duration.

    Raises Unreadable.
    """
    if len(expression) > LONGEST_EXPRESSION:
        raise Unreadable(f"an expression may have {LONGEST_EXPRESSION} characters, this one has {len(expression)}")
    text = as_python(expression)
    if not text:
        raise Unreadable("there is nothing to calculate")
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Unreadable(f"'{expression}' can't be read as arithmetic{_hint(expression)}") from None
    try:
        value: Value | Duration = _bounded(_Evaluator().eval(text, previously_parsed=tree))
        return value
    except Unreadable:
        raise
    except ZeroDivisionError:
        raise Unreadable(f"'{expression}' divides by zero") from None
    except (OverflowError, RecursionError):
        raise Unreadable(f"the result of '{expression}' is too large") from None
    except simpleeval.FunctionNotDefined as error:
        known = ", ".join(sorted(_FUNCTIONS))
        raise Unreadable(f"'{error.func_name}' is no function that is known; there are: {known}") from None
    except simpleeval.NameNotDefined as error:
        message = f"'{error.name}' in '{expression}' has no value; write a number in its place"
        raise Unreadable(message) from None
    except (simpleeval.InvalidExpression, AttributeError):
        raise Unreadable(f"'{expression}' has something in it that is no arithmetic") from None
    except (TypeError, ValueError) as error:
        raise Unreadable(f"'{expression}' can't be calculated: {error}") from None


def _hint(expression: str) -> str:
    words = re.findall(r"[^\W\d_]{2,}", expression)
    return f"; '{words[0]}' isn't understood" if words and words[0].lower() not in _FUNCTIONS else ""


def _bounded(value: Any) -> Any:
    if isinstance(value, Fraction) and max(value.numerator.bit_length(), value.denominator.bit_length()) > _MOST_BITS:
        raise Unreadable(f"the result has more than {MOST_DIGITS} digits")
    if isinstance(value, complex):
        raise Unreadable("the result is no real number")
    if isinstance(value, float) and not math.isfinite(value):
        raise Unreadable("the result is too large, or not a number")
    if isinstance(value, list):
        raise Unreadable("a list is no number; use sum, mean, min or max of it")
    return value


def _add(a: Any, b: Any, sign: int = 1) -> Any:
    if isinstance(a, date) and isinstance(b, date) and sign < 0:
        return Fraction((a - b).days)
    if isinstance(b, date) and sign > 0 and not isinstance(a, date):
        a, b = b, a
    if isinstance(a, date) and not isinstance(b, date):
        return _moved(a, _duration(b), sign)
    if isinstance(a, Duration) or isinstance(b, Duration):
        a, b = _duration(a), _duration(b)
        return Duration(a.months + sign * b.months, a.days + sign * b.days)
    _numbers(a, b)
    return a + b if sign > 0 else a - b


def _duration(value: Any) -> Duration:
    if isinstance(value, Duration):
        return value
    if isinstance(value, Fraction) and value.denominator == 1:
        return Duration(days=int(value))
    raise Unreadable("to a date only whole days, weeks, months or years can be added")


def _moved(day: date, by: Duration, sign: int) -> date:
    month = day.year * 12 + day.month - 1 + sign * by.months
    year, month = divmod(month, 12)
    try:
        moved = date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
        return moved + timedelta(days=sign * by.days)
    except (ValueError, OverflowError, calendar.IllegalMonthError):
        raise Unreadable("the date is outside the years 1 to 9999") from None


def _times(a: Any, b: Any) -> Any:
    if isinstance(b, Duration):
        a, b = b, a
    if isinstance(a, Duration):
        if not isinstance(b, Fraction) or (a.months * b).denominator != 1 or (a.days * b).denominator != 1:
            raise Unreadable("only whole days, weeks, months or years can be counted")
        return Duration(int(a.months * b), int(a.days * b))
    _numbers(a, b)
    return _bounded(a * b)


def _power(base: Any, exponent: Any) -> Any:
    _numbers(base, exponent)
    if not (isinstance(base, Fraction) and isinstance(exponent, Fraction) and exponent.denominator == 1):
        return _bounded(float(base) ** float(exponent))
    if base in (0, 1, -1):
        return base ** _small(int(exponent))
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if bits * abs(exponent) > _MOST_BITS * 2:
        raise Unreadable(f"the result has more than {MOST_DIGITS} digits")
    return _bounded(base ** int(exponent))


def _small(exponent: int) -> int:
    """An exponent with the same effect on 0, 1 and -1."""
    return exponent if abs(exponent) < 3 else (2 + exponent % 2) * (1 if exponent > 0 else -1)


def _numbers(*values: Any) -> None:
    for value in values:
        if isinstance(value, date | Duration):
            what = "a date" if isinstance(value, date) else "a span of time"
            raise Unreadable(f"{what} can only be added or subtracted, or counted in days")
        if not isinstance(value, Fraction | float):
            raise Unreadable("only numbers and dates can be calculated with")


def _on_numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    def checked(*values: Any) -> Any:
        _numbers(*values)
        return _bounded(function(*values))

    return checked


def _exact_if_int(function: Callable[..., Any]) -> Callable[..., Any]:
    return _on_numbers(lambda *values: Fraction(function(*values)))


def _floats(function: Callable[..., float]) -> Callable[..., Any]:
    return _on_numbers(lambda *values: function(*map(float, values)))


def _over_all(function: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    """A function of any number of values, given one by one or as a list."""

    def flat(values: Iterable[Any]) -> list[Any]:
        return [item for value in values for item in (flat(value) if isinstance(value, list) else [value])]

    def called(*values: Any) -> Any:
        items = flat(values)
        if not items:
            raise Unreadable("there are no numbers to take the sum, mean, least or greatest of")
        if not all(isinstance(item, date) for item in items):
            _numbers(*items)
        return function(items)

    return called


def _root(value: Number) -> Number:
    if isinstance(value, Fraction) and value >= 0:
        top, bottom = math.isqrt(value.numerator), math.isqrt(value.denominator)
        if top * top == value.numerator and bottom * bottom == value.denominator:
            return Fraction(top, bottom)
    return math.sqrt(value)


def _rounded(value: Number, places: Number = Fraction(0)) -> Fraction:
    """Rounded half away from zero, as people do."""
    if not -300 <= places <= 300:
        raise Unreadable("round can be given 300 places at most")
    scale = Fraction(10) ** int(places)
    scaled = Fraction(repr(value)) * scale if isinstance(value, float) else value * scale
    return Fraction(math.floor(abs(scaled) + Fraction(1, 2)) * (1 if scaled >= 0 else -1)) / scale


def _factorial(value: Number) -> int:
    if value != int(value) or not 0 <= value <= _MOST_FACTORIAL:
        raise Unreadable(f"factorial takes a whole number from 0 to {_MOST_FACTORIAL}")
    return math.factorial(int(value))


def _log(value: float, base: float = math.e) -> float:
    return math.log10(value) if base == 10 else math.log2(value) if base == 2 else math.log(value) / math.log(base)


def _whole(function: Callable[..., int]) -> Callable[..., Any]:
    def called(*values: Any) -> Fraction:
        _numbers(*values)
        if any(value != int(value) for value in values):
            raise Unreadable("gcd and lcm take whole numbers")
        return Fraction(function(*map(int, values)))

    return called


def _mean(items: list[Any]) -> Number:
    _numbers(*items)
    return sum(items, Fraction(0)) / len(items)


def _negated(value: Any) -> Any:
    return _times(value, Fraction(-1))


_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: _add, ast.Sub: lambda a, b: _add(a, b, -1), ast.Mult: _times, ast.Pow: _power,
    ast.Div: _on_numbers(operator.truediv), ast.FloorDiv: _on_numbers(lambda a, b: Fraction(a // b)),
    ast.Mod: _on_numbers(operator.mod), ast.USub: _negated, ast.UAdd: lambda value: value,
}  # fmt: skip
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sqrt": _on_numbers(_root), "cbrt": _floats(math.cbrt), "exp": _floats(math.exp), "log": _floats(_log),
    "ln": _floats(math.log), "log10": _floats(math.log10), "log2": _floats(math.log2), "sin": _floats(math.sin),
    "cos": _floats(math.cos), "tan": _floats(math.tan), "asin": _floats(math.asin), "acos": _floats(math.acos),
    "atan": _floats(math.atan), "radians": _floats(math.radians), "degrees": _floats(math.degrees),
    "abs": _on_numbers(abs), "round": _on_numbers(_rounded), "floor": _exact_if_int(math.floor),
    "ceil": _exact_if_int(math.ceil), "factorial": _exact_if_int(_factorial), "gcd": _whole(math.gcd),
    "lcm": _whole(math.lcm), "pow": _power,
    "min": _over_all(lambda items: min(items)), "max": _over_all(lambda items: max(items)),
    "sum": _over_all(lambda items: sum(items, Fraction(0))), "mean": _over_all(_mean),
    "average": _over_all(_mean), "median": _over_all(statistics.median),
    "count": _over_all(lambda items: Fraction(len(items))),
}  # fmt: skip


class _Evaluator(simpleeval.SimpleEval):  # type: ignore[misc]
    """simpleeval with exact numbers, and nothing but arithmetic."""

    def __init__(self) -> None:
        names = {
            "pi": math.pi, "e": math.e, "tau": math.tau, "today": datetime.now(UTC).date(), "day": Duration(days=1),
            "week": Duration(days=7), "month": Duration(months=1), "year": Duration(months=12),
        }  # fmt: skip
        super().__init__(operators=dict(_OPERATORS), functions=dict(_FUNCTIONS), names=names)
        allowed = (ast.BinOp, ast.UnaryOp, ast.Call, ast.Name, ast.Constant)
        self.nodes: dict[type[ast.AST], Callable[..., Any]] = {
            kind: handler for kind, handler in self.nodes.items() if kind in allowed
        }
        self.nodes[ast.Constant] = self._constant
        self.nodes[ast.List] = self.nodes[ast.Tuple] = self._list

    @staticmethod
    def _constant(node: ast.Constant) -> Any:
        if isinstance(node.value, bool) or not isinstance(node.value, int | str):
            raise Unreadable(f"{node.value!r} is no number")
        if isinstance(node.value, int):
            return _bounded(Fraction(node.value))
        return _quoted(node.value)

    def _list(self, node: ast.List | ast.Tuple) -> list[Any]:
        return [self._eval(item) for item in node.elts]


def _quoted(text: str) -> Value:
    """A date or a number between quotation marks."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        pass
    try:
        return Fraction(text.strip().replace(",", ""))
    except (ValueError, ZeroDivisionError):
        raise Unreadable(f"'{text}' is neither a number nor a date such as 2024-03-01") from None
