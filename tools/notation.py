"""Arithmetic as people write it, put into Python's notation: 15% of 1,200; 3 × 4; March 4, 1789 + 2 weeks."""

from __future__ import annotations

import calendar
import re

MOST_DIGITS = 4000
"""Digits a whole number may have, on the way to a result or in it."""


class Unreadable(ValueError):
    """An expression that can't be read or has no value. The message says what, and what is understood."""


_MONTHS = [name.lower() for name in calendar.month_name if name]
_MONTH = r"(?P<month>" + "|".join(f"{name[:3]}(?:{name[3:]})?" for name in _MONTHS) + r")\.?"
_DATES = (
    re.compile(rf"\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})\b", re.I),
    re.compile(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+{_MONTH},?\s+(?P<year>\d{{4}})\b", re.I),
    re.compile(r"(?<![\d.])(?P<year>\d{4})-(?P<number>\d{2})-(?P<day>\d{2})(?![\d.])"),
)
_CHARACTERS = str.maketrans({"−": "-", "–": "-", "—": "-", "×": "*", "·": "*", "⋅": "*", "÷": "/", "∕": "/", "⁄": "/",
                             "^": "**", "π": " pi ", "√": " sqrt ", "\u00a0": " ", "\u202f": " ", "\u2009": " ",
                             "“": '"', "”": '"', "’": "'", "²": "**2", "³": "**3", "\n": " ", "\t": " "})  # fmt: skip
_WORDS: tuple[tuple[str, str], ...] = (
    (r"\b(?:raised\s+)?to the power(?: of)?\b|\braised to\b", "**"),
    (r"\bsquared\b", "**2"), (r"\bcubed\b", "**3"), (r"\bsquare root of\b", "sqrt "),
    (r"\b(?:multiplied by|times)\b", "*"), (r"\b(?:divided by|over)\b", "/"), (r"\bplus\b", "+"), (r"\bminus\b", "-"),
    (r"\bmod(?:ulo)?\b", "\N{DIVISION SIGN}"), (r"(?:(?<=\d)\s+[xX]\s+|(?<=[1-9])[xX])(?=[\d(.])", "*"),
    (r"\bper\s?cent\b", "%"), (r"[$€£¥]\s*(?=[\d.])|(?<=\d)\s*[€£¥]", ""),
    (r"(?<=[\d)])\s*(day|week|month|year)s?\b", r"*\1"),
    (r"\bsqrt\s+(\d+(?:\.\d+)?|\d*\.\d+)", r"sqrt(\1)"),
)  # fmt: skip
_NUMBER = re.compile(r"(?<![\w.])(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d{1,9}))?(?![\w.])")
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?!\d|,\d)")
_PERCENT_ON_TOP = re.compile(r"^(?P<base>[^%]+?)\s*(?P<sign>[+-])\s*(?P<rate>[\d.]+)\s*%\s*$")


def as_python(expression: str) -> str:
    """The expression in Python's notation: numbers as exact quotients, dates as strings. Raises Unreadable."""
    text = expression.translate(_CHARACTERS).strip().rstrip("=?").strip()
    for pattern in _DATES:
        text = pattern.sub(lambda match: f'"{_iso(match)}"', text)
    text = re.sub(r"""["']{2}(\d{4}-\d{2}-\d{2})["']{2}""", r'"\1"', text)
    text = _without_groups(text)
    for words, symbol in _WORDS:
        text = re.sub(words, symbol, text, flags=re.IGNORECASE)
    text = _percentages(text)
    return "".join(
        part if quoted else _NUMBER.sub(_exact, part)
        for quoted, part in ((part.startswith('"'), part) for part in re.split(r'("[^"]*")', text))
    ).strip()


def _iso(match: re.Match[str]) -> str:
    fields = match.groupdict()
    month = int(fields["number"]) if fields.get("number") else _month_number(fields["month"])
    return f"{int(fields['year']):04}-{month:02}-{int(fields['day']):02}"


def _month_number(name: str) -> int:
    return next(number for number, full in enumerate(_MONTHS, start=1) if full.startswith(name.lower()[:3]))


def _without_groups(text: str) -> str:
    """'1,234.5' as '1234.5'; between a function's parentheses only if ', ' separates its arguments."""
    depth, calls, result = 0, set[int](), ""
    for part in re.split(r"(\w*\(|\)|\[|\])", text):
        if part.endswith(("(", "[")):
            depth += 1
            if part[0].isalpha() or part == "[":
                calls.add(depth)
        elif part in (")", "]"):
            calls.discard(depth)
            depth -= 1
        elif not calls or ", " in part:
            part = _GROUPED.sub(lambda match: match.group().replace(",", ""), part)
        result += part
    return result


def _percentages(text: str) -> str:
    """'15% of 200' as '15/100*200', '200 + 10%' as '200 * (1 + 10/100)'; '10 % 3' stays the remainder."""
    if on_top := _PERCENT_ON_TOP.match(text):
        text = f"({on_top['base']}) * (1 {on_top['sign']} {on_top['rate']}/100)"
    text = re.sub(r"([\d.]+)\s*%\s*of\b", r"(\1/100)*", text, flags=re.IGNORECASE)
    text = re.sub(r"([\d.]+)\s*%(?=\s*(?:$|[-+*/),]))", r"(\1/100)", text)
    return text.replace("\N{DIVISION SIGN}", "%")


def _exact(match: re.Match[str]) -> str:
    whole, decimals, only, exponent = match.groups()
    digits, places = (whole or "") + (decimals or only or ""), len(decimals or only or "") - int(exponent or 0)
    if abs(places) > MOST_DIGITS:
        raise Unreadable(f"the number {match.group()} is too large or too small")
    digits = digits.lstrip("0") or "0"
    return digits if places == 0 else f"({digits}/{10**places})" if places > 0 else f"({digits}*{10**-places})"
