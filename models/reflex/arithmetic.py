"""Calculations in words: 'the number of senators to the power of 0.98' as an expression over what must be looked up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from models.reflex.quantities import find_dates, find_numbers
from models.reflex.words import content_words, squeeze

OperandKind = Literal["number", "date"]


@dataclass(frozen=True)
class Operand:
    """A side of a calculation: a literal, or a question whose answer it is."""

    kind: OperandKind = "number"
    literal: str | None = None
    question: str | None = None


@dataclass(frozen=True)
class Calculation:
    """`template`: the expression with {0}, {1} for the operands. `name`: what it is called in an answer."""

    template: str
    operands: tuple[Operand, ...]
    name: str

    @property
    def expression(self) -> str:
        """The expression, when every operand is a literal."""
        return self.template.format(*(operand.literal for operand in self.operands))

    @property
    def is_literal(self) -> bool:
        return all(operand.literal is not None for operand in self.operands)


_LEAD = re.compile(
    r"^\W*(?:(?:please|can you|could you|and|so|then|now)\s+)*(?:what(?:'s| is| are| would be| was)|calculate|compute|"
    r"work out|how much (?:is|are)|how many (?:is|are)|tell me|give me|evaluate|solve|find)\s+",
    re.IGNORECASE,
)
_NUMBER = r"-?(?:\d[\d,]*(?:\.\d+)?|\.\d+)"
_WORD_OPERATORS = (
    (r"\bto the power of\b|\braised to(?: the power(?: of)?)?\b", "**"), (r"\bdivided by\b|\bover\b|÷", "/"),
    (r"\bmultiplied by\b|\btimes\b|×|·", "*"), (r"\bplus\b", "+"), (r"\bminus\b|−|–", "-"), (r"\^", "**"),
    (r"\bsquared\b", "** 2"), (r"\bcubed\b", "** 3"), (r"\bmodulo\b|\bmod\b", "%"),
)  # fmt: skip
_EXPRESSION = re.compile(
    r"^(?=.*\d)(?=.*(?:[-+*/%]|sqrt|\())[\d\s.+\-*/()%]*(?:(?:sqrt|log|abs|round|min|max|exp|sin|cos)\(?[\d\s.+\-*/()%,]*)*$"
)
_BINARY: tuple[tuple[str, str, str], ...] = (
    (r"(?:the )?(?:absolute )?difference between (?P<a>.+?) and (?P<b>.+)", "abs({0} - {1})", "The difference"),
    (r"(?:the )?sum of (?P<a>.+?) and (?P<b>.+)", "{0} + {1}", "The sum"),
    (r"(?:the )?total of (?P<a>.+?) and (?P<b>.+)", "{0} + {1}", "The total"),
    (r"(?:the )?ratio (?:of|between) (?P<a>.+?) (?:to|and) (?P<b>.+)", "{0} / {1}", "The ratio"),
    (r"(?:the )?product of (?P<a>.+?) and (?P<b>.+)", "{0} * {1}", "The product"),
    (r"(?:the )?(?:average|mean) of (?P<a>.+?) and (?P<b>.+)", "({0} + {1}) / 2", "The average"),
    (r"(?P<a>.+?) (?:to the power of|raised to(?: the power(?: of)?)?) (?P<b>.+)", "{0} ** {1}", "The result"),
    (rf"(?P<a>{_NUMBER})\s?(?:%|percent|per cent) of (?P<b>.+)", "{1} * {0} / 100", "The result"),
    (rf"(?P<a>{_NUMBER}|two|three|four|five|ten|a hundred) times (?P<b>.+)", "{0} * {1}", "The result"),
    (rf"(?P<a>.+?) (?:times|multiplied by) (?P<b>{_NUMBER}|two|three|four|five|six|ten)", "{0} * {1}", "The product"),
    (r"(?P<a>.+?) divided by (?P<b>.+)", "{0} / {1}", "The quotient"),
    (r"(?P<a>.+?) plus (?P<b>.+)", "{0} + {1}", "The sum"),
    (r"(?P<a>.+?) minus (?P<b>.+)", "{0} - {1}", "The difference"),
)
_UNARY: tuple[tuple[str, str, str], ...] = (
    (r"(?:twice|double) (?P<a>.+)", "2 * {0}", "The result"),
    (r"(?:triple|thrice) (?P<a>.+)", "3 * {0}", "The result"),
    (r"half (?:of )?(?P<a>.+)", "{0} / 2", "The result"),
    (r"a (?:third) of (?P<a>.+)", "{0} / 3", "The result"),
    (r"a (?:quarter) of (?P<a>.+)", "{0} / 4", "The result"),
    (r"(?P<a>.+?) squared", "{0} ** 2", "The result"),
    (r"(?P<a>.+?) cubed", "{0} ** 3", "The result"),
    (r"(?:the )?square root of (?P<a>.+)", "sqrt({0})", "The square root"),
)
_COMPARATIVES = {"older": "old", "younger": "old", "longer": "long", "larger": "large", "bigger": "big",
                 "taller": "tall",
                 "higher": "high", "heavier": "heavy", "faster": "fast"}  # fmt: skip
_THAN = re.compile(
    rf"^(?:by )?how (?:much|many years|many) (?P<more>{'|'.join(_COMPARATIVES)}) (?P<aux>\w+) "
    r"(?P<a>(?:an? |the )?[\w-]+)\s*"
    r"(?P<rest>.*?) than (?P<b>.+)$",
    re.IGNORECASE,
)
_HOW_MANY_MORE = re.compile(
    r"^how many (?:more|fewer) (?P<unit>[\w-]+(?: [\w-]+)?) (?P<aux>do|does|did|must|has|have|is|are) (?P<a>.+?)"
    r"(?P<rest> (?:have|has|need|needs|serve|serves|contain|get|be))? than (?P<b>.+)$",
    re.IGNORECASE,
)
_BETWEEN_DATES = re.compile(
    r"^(?:how (?:many|long in)|the number of) (?P<unit>days|weeks|months|years)\b.*?\b(?:between|from) (?P<a>.+?) "
    r"(?:and|to|until|till) (?P<b>.+)$",
    re.IGNORECASE,
)
_UNTIL = re.compile(
    r"^how many (?P<unit>days|weeks|months|years)\b.*?\b(?:until|till|to|before) (?P<b>.+)$", re.IGNORECASE
)
_SINCE = re.compile(
    r"^how many (?P<unit>days|weeks|months|years)\b.*?\b(?:since|ago (?:was|were|is|did)) (?P<a>.+)$"
    r"|^how long ago (?:was|were|is|did) (?P<a2>.+)$",
    re.IGNORECASE,
)
_TODAY = re.compile(r"^(?:today|now|the present|the current date|this day|this year)$", re.IGNORECASE)
_DAYS = {
    "days": "{1} - {0}",
    "weeks": "({1} - {0}) / 7",
    "months": "({1} - {0}) / 30.436875",
    "years": "({1} - {0}) / 365.2425",
}
_MEASURES = re.compile(
    r"\b(?:ages?|numbers?|amounts?|prices?|costs?|sizes?|lengths?|durations?|terms?|years|days|population|count|height|"
    r"weight|salar(?:y|ies)|average|mean|minimum|maximum|total|sum|how many|how old|how long|percentage|rate|score|"
    r"\d[\d.,]*|distance|area|speed|temperature|horsepower|mileage|value|limit|quorum|fee|fine|tax)\b",
    re.IGNORECASE,
)


def calculation_of(question: str) -> Calculation | None:
    """The calculation that a question in words asks for; None if it asks for none."""
    text = squeeze(question).rstrip("?!. =")
    whole = _LEAD.sub("", text)
    expression = _as_expression(whole)
    if expression:
        return Calculation(expression.replace("{", "").replace("}", ""), (), "The result")
    return _dates(text) or _than(text) or _of_numbers(whole)


def back_reference(question: str) -> tuple[str, str] | None:
    """Template and name of an operation on the two answers before: 'What is the difference?'."""
    for word, template, name in (
        ("difference", "abs({0} - {1})", "The difference"), ("sum", "{0} + {1}", "The sum"),
        ("total", "{0} + {1}", "The total"), ("ratio", "{0} / {1}", "The ratio"),
        ("average", "({0} + {1}) / 2", "The average"), ("mean", "({0} + {1}) / 2", "The mean"),
        ("product", "{0} * {1}", "The product"),
    ):  # fmt: skip
        if re.search(rf"\b{word}s?\b", question, re.IGNORECASE):
            return template, name
    return None


def _as_expression(text: str) -> str | None:
    """`text` as an expression, if it is nothing but numbers and operators, in signs or words."""
    percent_of = re.fullmatch(rf"({_NUMBER})\s?(?:%|percent|per cent) of ({_NUMBER})", text, re.IGNORECASE)
    if percent_of:
        share, whole = (part.replace(",", "") for part in percent_of.groups())
        return f"{whole} * {share} / 100"
    root = re.fullmatch(rf"(?:the )?square root of ({_NUMBER})", text, re.IGNORECASE)
    if root:
        return f"sqrt({root[1].replace(',', '')})"
    expression = text
    for pattern, operator in _WORD_OPERATORS:
        expression = re.sub(pattern, f" {operator} ", expression, flags=re.IGNORECASE)
    expression = re.sub(r"(?<=\d),(?=\d{3})", "", expression)
    expression = re.sub(r"(?<=[\d)])\s*x\s*(?=[\d(])", " * ", expression)
    for number in reversed(find_numbers(expression)):
        if not any(map(str.isdigit, number.text)):
            expression = expression[: number.start] + str(number.value) + expression[number.end :]
    expression = squeeze(expression)
    is_date = bool(re.search(r"\d{4}-\d{2}-\d{2}", expression))
    return (
        expression
        if not is_date and _EXPRESSION.match(expression) and re.search(r"\d\s*[^\d\s.]|\(", expression)
        else None
    )


def _dates(text: str) -> Calculation | None:
    if match := _BETWEEN_DATES.match(text):
        operands = (_date(match["a"]), _date(match["b"]))
    elif match := _SINCE.match(text):
        operands = (_date(match["a"] or match["a2"]), _date("today"))
    elif (match := _UNTIL.match(text)) and (find_dates(match["b"]) or _TODAY.match(match["b"])):
        operands = (_date("today"), _date(match["b"]))
    else:
        return None
    unit = (match.groupdict().get("unit") or "years").lower()
    if any(operand.question and not content_words(operand.question) for operand in operands):
        return None
    return Calculation(_DAYS[unit], operands, f"The number of {unit}")


def _date(text: str) -> Operand:
    text = text.strip(" ,")
    if _TODAY.match(text):
        return Operand("date", literal="today")
    dates = find_dates(text)
    if dates and len(dates[0].text) >= len(text) - 4 and len(dates[0].value) == 10:
        return Operand("date", literal=f'"{dates[0].value}"')
    return Operand("date", question=f"When was {text}?")


def _than(text: str) -> Calculation | None:
    if match := _THAN.match(text):
        word = _COMPARATIVES[match["more"].lower()]
        sides = [f"How {word} {match['aux']} {side} {match['rest']}".strip() + "?" for side in (match["a"], match["b"])]
    elif match := _HOW_MANY_MORE.match(text):
        rest = match["rest"] or ""
        sides = [f"How many {match['unit']} {match['aux']} {side}{rest}?" for side in (match["a"], match["b"])]
    else:
        return None
    return Calculation("abs({0} - {1})", tuple(Operand(question=side) for side in sides), "The difference")


def _of_numbers(text: str) -> Calculation | None:
    for pattern, template, name in (*_BINARY, *_UNARY):
        match = re.fullmatch(pattern, text, re.IGNORECASE)
        if not match:
            continue
        sides = [side for side in match.groupdict().values() if side]
        if len(sides) == 2:
            sides = _share_head(*sides)
        operands = [_number(side) for side in sides]
        if any(operand is None for operand in operands):
            return None
        if (
            name == "The difference"
            and template.startswith("abs")
            and not all(_MEASURES.search(side) for side in sides)
        ):
            return None
        return Calculation(template, tuple(operand for operand in operands if operand), name)
    return None


def _share_head(one: str, other: str) -> list[str]:
    """'the ages of a senator' and 'a president' -> 'the ages of a senator' and 'the ages of a president'."""
    head = re.match(r"^(.+?\b(?:of|for|in)\s+)(?:an?\s|the\s|[A-Za-z])", one)
    if (bare := re.match(r"^(?:of|for|in)\s+(.+)$", other)) and head:
        return [one, head[1] + bare[1]]
    if head and (that := re.match(r"^(?:that|those)\s+(?:of|for|in)\s+(.+)$", other)):
        return [one, head[1] + that[1]]
    if head and not find_numbers(other) and not re.search(r"\b(?:of|for|in)\b", other) and not _MEASURES.search(other):
        return [one, head[1] + other]
    return [one, other]


def _number(text: str) -> Operand | None:
    text = text.strip(" ,")
    numbers = find_numbers(text)
    if len(numbers) == 1 and len(numbers[0].text) == len(text):
        return Operand(literal=repr(numbers[0].value))
    if not content_words(text) or not re.search(r"[A-Za-z]", text):
        return None
    if re.match(r"^(?:how|what|who|when|which)\b", text, re.IGNORECASE):
        return Operand(question=text + "?")
    return Operand(question=f"What is {text}?")
