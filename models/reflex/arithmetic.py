"""Calculations in words: 'the number of senators to the power of 0.98' as an expression over what must be looked up."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Literal

from models.reflex.expressions import expression_of
from models.reflex.goals import compares_back
from models.reflex.quantities import find_dates
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


_LEAD = re.compile(
    r"^\W*(?:(?:please|can you|could you|and|so|then|now)\s+)*(?:what(?:'s| is| are| would be| was)|calculate|compute|"
    r"work out|how much (?:is|are)|how many (?:is|are)|tell me|give me|evaluate|solve|find|"
    r"was (?:ist|sind|ergibt)|wie ?viel (?:ist|sind|ergibt)|berechne)\s+",
    re.IGNORECASE,
)
SMALLER = frozenset({"younger", "shorter", "lower", "smaller", "less", "fewer", "cheaper"})
_COMPARATIVES = {"older": "old", "younger": "old", "longer": "long", "larger": "large", "bigger": "big",
                 "taller": "tall", "higher": "high", "heavier": "heavy", "faster": "fast", "wider": "wide",
                 "deeper": "deep", "shorter": "long", "smaller": "large", "lower": "high", "lighter": "heavy",
                 "slower": "fast"}  # fmt: skip
_THAN = re.compile(
    rf"^(?:by )?how (?:much|many years|many) (?P<more>{'|'.join(_COMPARATIVES)}) (?P<aux>\w+) "
    r"(?P<a>(?:an? |the )?[\w-]+)\s*"
    r"(?P<rest>.*?) than (?P<b>.+)$",
    re.IGNORECASE,
)
_HOW_MUCH_MORE = re.compile(
    r"^(?:by )?how much (?:more|less) (?P<aux>do|does|did|will|would) (?P<a>.+?) (?P<verb>\w+) than (?P<b>.+?)"
    r"(?: (?:do|does|did|will|would))?$",
    re.IGNORECASE,
)
_HOW_MUCH_DEARER = re.compile(
    r"^(?:by )?how much (?:cheaper|dearer|costlier|(?:more|less) (?:expensive|costly)) (?P<aux>is|are|was|were) "
    r"(?P<a>.+?) than (?P<b>.+?)(?: (?:is|are|was|were))?$",
    re.IGNORECASE,
)
_OF_PRICES = {"is": "does", "are": "do", "was": "did", "were": "did"}
_HOW_MANY_MORE = re.compile(
    r"^how many (?:more|fewer) (?P<unit>[\w-]+(?: [\w-]+)?) (?P<aux>do|does|did|must|has|have|is|are) (?P<a>.+?)"
    r"(?P<rest> (?:have|has|need|needs|serve|serves|contain|get|be))? than (?P<b>.+)$",
    re.IGNORECASE,
)
_IN_PERCENT = re.compile(r",? (?:in|as a) (?:percent(?:age)?|per cent|%)$", re.IGNORECASE)
_BETWEEN_DATES = re.compile(
    r"^(?:how (?:many|long in)|the number of|wie viele) (?P<unit>days|weeks|months|years|tage|wochen|monate|jahre)\b.*?"
    r"\b(?:between|from|zwischen|vom|von) (?P<a>.+?) (?:and|to|until|till|und|bis) (?P<b>.+)$",
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
_SHIFTED = re.compile(
    r"^(?:what|which)(?:'s| day| date| weekday)*(?: of the week)?(?: is| was| will| it| be| the| date| day)*"
    r"(?= in |.* (?:now|today|ago)$)(?: in)? (?P<count>\d{1,6}) (?P<unit>day|week)s?"
    r"(?: (?P<from>from now|from today|ago|before today|after today))?$",
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


@functools.lru_cache(maxsize=512)
def calculation_of(question: str) -> Calculation | None:
    """The calculation that a question in words asks for; None if it asks for none."""
    text = squeeze(question).rstrip("?!. =")
    text = text.replace("{", "").replace("}", "")
    return _dates(text) or _than(text) or _of_numbers(_LEAD.sub("", text))


def back_reference(question: str) -> tuple[str, str] | None:
    """Template and name of an operation on the two answers before: 'What is the difference?', 'Which is longer?'."""
    if word := compares_back(question):
        return f"{'min' if word in SMALLER else 'max'}({{0}}, {{1}})", f"The {word} one"
    for word, template, name in (
        ("difference", "abs({0} - {1})", "The difference"), ("sum", "{0} + {1}", "The sum"),
        ("total", "{0} + {1}", "The total"), ("ratio", "{0} / {1}", "The ratio"),
        ("average", "({0} + {1}) / 2", "The average"), ("mean", "({0} + {1}) / 2", "The mean"),
        ("product", "{0} * {1}", "The product"), ("altogether|together|in all", "{0} + {1}", "The total"),
    ):  # fmt: skip
        if re.search(rf"\b(?:{word})s?\b", question, re.IGNORECASE):
            return template, name
    return None


def _dates(text: str) -> Calculation | None:
    if match := _SHIFTED.match(text):
        days = int(match["count"]) * (7 if match["unit"].lower() == "week" else 1)
        sign = "-" if (match["from"] or "").lower() in ("ago", "before today") else "+"
        return Calculation(f"{{0}} {sign} {days}", (_date("today"),), "The date")
    if match := _BETWEEN_DATES.match(text):
        operands = (_date(match["a"]), _date(match["b"]))
    elif match := _SINCE.match(text):
        operands = (_date(match["a"] or match["a2"]), _date("today"))
    elif (match := _UNTIL.match(text)) and (find_dates(match["b"]) or _TODAY.match(match["b"])):
        operands = (_date("today"), _date(match["b"]))
    else:
        return None
    unit = (match.groupdict().get("unit") or "years").lower()
    unit = {"tage": "days", "wochen": "weeks", "monate": "months", "jahre": "years"}.get(unit, unit)
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
    text, in_percent = _IN_PERCENT.subn("", text)
    if match := _THAN.match(text):
        word = _COMPARATIVES[match["more"].lower()]
        sides = [f"How {word} {match['aux']} {side} {match['rest']}".strip() + "?" for side in (match["a"], match["b"])]
    elif match := _HOW_MUCH_DEARER.match(text):
        sides = [f"How much {_OF_PRICES[match['aux'].lower()]} {side} cost?" for side in (match["a"], match["b"])]
    elif match := _HOW_MUCH_MORE.match(text):
        sides = [f"How much {match['aux']} {side} {match['verb']}?" for side in (match["a"], match["b"])]
    elif match := _HOW_MANY_MORE.match(text):
        rest = match["rest"] or ""
        sides = [f"How many {match['unit']} {match['aux']} {side}{rest}?" for side in (match["a"], match["b"])]
    else:
        return None
    template, name = (
        ("100 * abs({0} - {1}) / {1}", "The percentage") if in_percent else ("abs({0} - {1})", "The difference")
    )
    return Calculation(template, tuple(Operand(question=side) for side in sides), name)


def _of_numbers(text: str) -> Calculation | None:
    made = expression_of(text, lambda phrase: bool(_MEASURES.search(phrase)))
    operands = [_looked_up(phrase) for phrase in made.lookups] if made else []
    if made is None or any(operand is None for operand in operands):
        return None
    return Calculation(made.text, tuple(operand for operand in operands if operand), made.name)


def _looked_up(text: str) -> Operand | None:
    if not content_words(text):
        return None
    if re.match(r"^(?:how|what|who|when|which)\b", text, re.IGNORECASE):
        return Operand(question=text + "?")
    return Operand(question=f"What is {text}?")
