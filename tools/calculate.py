"""calculate: exact arithmetic over numbers and dates."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Annotated

from pydantic import Field

from state.result import Evidence
from tools import arithmetic
from tools.notation import Unreadable
from tools.registry import ToolFailure, ToolOutput, tool

_INT64 = 2**63


@tool(risk="read", trusted=True, timeout=10)
def calculate(
    expression: Annotated[str, Field(description="As in '1,200 * 15%', 'sqrt(2) ** 3', '2024-03-01 - 2024-02-01'.")],
) -> ToolOutput:
    """Calculate an expression exactly: 0.1 + 0.2 is 0.3.

    Understands + - * / // % ** and parentheses, percentages ('15% of 200'), 1,234.5, 'X to the power of Y',
    sqrt cbrt exp log ln log10 log2 sin cos tan abs round floor ceil min max sum mean median factorial gcd lcm, pi and
    e; log is the natural one, angles are in radians. Dates: date - date gives days, date + 3 months gives a date.
    The result is an integer, a decimal number, or a date as YYYY-MM-DD.
    """
    try:
        result = arithmetic.evaluate(expression)
    except Unreadable as error:
        raise ToolFailure(str(error), kind="invalid_arguments", sent=False) from None
    value, text = _presented(result)
    evidence = Evidence(
        text=f"{' '.join(expression.split())} = {text}", source="calculate", kind="value", trusted=True, score=1.0
    )
    return ToolOutput(value, [evidence])


def _presented(result: arithmetic.Value | arithmetic.Duration) -> tuple[int | float | str, str]:
    """The result as a JSON value, and as it reads in an answer. Whole numbers over 64 bits become text."""
    if isinstance(result, date):
        return result.isoformat(), result.isoformat()
    if isinstance(result, arithmetic.Duration):
        if result.months:
            message = "months and years have no fixed number of days; add them to a date"
            raise ToolFailure(message, kind="invalid_arguments", sent=False)
        return result.days, str(result.days)
    if isinstance(result, Fraction) and result.denominator == 1:
        whole = result.numerator
        return (whole if -_INT64 <= whole < _INT64 else str(whole)), str(whole)
    try:
        number = float(result)
    except OverflowError:
        raise ToolFailure("the result is too large", kind="invalid_arguments", sent=False) from None
    if number.is_integer() and abs(number) < 2**53 and not isinstance(result, Fraction):
        return int(number), str(int(number))
    return number, _decimal(number)


def _decimal(number: float) -> str:
    """A decimal number with up to 12 significant digits, without an exponent where it reads better so."""
    text = f"{number:.12g}"
    if "e" in text and 1e-9 < abs(number) < 1e15:
        text = f"{number:.20f}".rstrip("0")
    return text
