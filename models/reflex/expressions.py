"""Arithmetic in words as an expression: '30% of 1,250 plus 12', 'half of the age of a senator', 'mean of 3 and 5'."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from models.reflex.quantities import find_numbers
from models.reflex.words import squeeze

_NUMBER = r"-?(?:\d[\d,]*(?:\.\d+)?|\.\d+)"
_WORD_OPERATORS = (
    (r"\bto the power of\b|\braised to(?: the power(?: of)?)?\b", "**"), (r"\bdivided by\b|\bover\b|÷", "/"),
    (r"\bmultiplied by\b|\btimes\b|×|·", "*"), (r"\bplus\b", "+"), (r"\bminus\b|−|–", "-"), (r"\^", "**"),
    (r"\bsquared\b", "** 2"), (r"\bcubed\b", "** 3"), (r"\bmodulo\b|\bmod\b", "%"),
)  # fmt: skip
_SIGNS_ONLY = re.compile(
    r"^(?=.*\d)(?=.*(?:[-+*/%]|sqrt|\())[\d\s.+\-*/()%]*(?:(?:sqrt|log|abs|round|min|max|exp|sin|cos)\(?[\d\s.+\-*/()%,]*)*$"
)
_SUM, _PRODUCT, _POWER, _ATOM = range(4)
"""How tightly an expression holds together."""
_INFIX: tuple[tuple[str, str, int, str], ...] = (
    (r"\bplus\b|(?<=\s)\+(?=\s)", "+", _SUM, "The sum"),
    (r"\bminus\b|(?<=\s)[-−–](?=\s)", "-", _SUM, "The difference"),
    (r"\bmultiplied by\b|\btimes\b|(?<=\s)[*×](?=\s)", "*", _PRODUCT, "The product"),
    (r"\bdivided by\b|(?<=\s)[/÷](?=\s)", "/", _PRODUCT, "The quotient"),
)
_LISTS = {"sum": "The sum", "total": "The total", "average": "The average", "mean": "The mean",
          "product": "The product", "minimum": "The minimum", "smallest": "The minimum", "lowest": "The minimum",
          "maximum": "The maximum", "largest": "The maximum", "highest": "The maximum"}  # fmt: skip
_OF_LIST = re.compile(rf"(?:the )?(?P<name>{'|'.join(_LISTS)}) (?:of|between) (?P<items>.+)", re.IGNORECASE)
_PERCENT = r"(?:percent(?:age)?|per cent)"
_COMPARATIVE = r"(?:more|less|fewer|(?!oth|ev|nev|ov|aft)\w+er)"
_OF_PAIR: tuple[tuple[str, str, str], ...] = (
    (r"(?:the )?(?:absolute )?difference between (?P<a>.+?) and (?P<b>.+)", "abs({a} - {b})", "The difference"),
    (
        rf"(?:what|which|how many) {_PERCENT} of (?P<b>.+?) (?:is|are|was|were) (?P<a>.+)",
        "100 * {a} / {b}",
        "The percentage",
    ),
    (
        rf"(?P<a>.+?) (?:is|are|was|were) (?:what|which|how many) {_PERCENT} of (?P<b>.+)",
        "100 * {a} / {b}",
        "The percentage",
    ),
    (
        rf"(?:by )?(?:what|how many|which) {_PERCENT} (?:is|are|was|were) (?P<a>.+?) {_COMPARATIVE} than (?P<b>.+)",
        "100 * abs({a} - {b}) / {b}",
        "The percentage",
    ),
    (
        rf"(?:by )?(?:what|how many|which) {_PERCENT} {_COMPARATIVE} (?:is|are|was|were) (?P<a>.+?) than (?P<b>.+)",
        "100 * abs({a} - {b}) / {b}",
        "The percentage",
    ),
    (r"(?:the )?ratio (?:of|between) (?P<a>.+?) (?:to|and) (?P<b>.+)", "{a} / {b}", "The ratio"),
)
_PREFIXED: tuple[tuple[str, str, str], ...] = (
    (
        rf"(?P<n>{_NUMBER})\s?(?:%|percent|per cent|prozent) (?:of|von|der|des) (?P<a>.+)",
        "{a} * {n} / 100",
        "The result",
    ),
    (r"(?:twice|double) (?P<a>.+)", "2 * {a}", "The result"),
    (r"(?:triple|thrice|three times) (?P<a>.+)", "3 * {a}", "The result"),
    (r"(?:one |a )?half (?:of )?(?P<a>.+)", "{a} / 2", "The result"),
    (r"(?:one|a) third of (?P<a>.+)", "{a} / 3", "The result"),
    (r"two thirds of (?P<a>.+)", "{a} * 2 / 3", "The result"),
    (r"(?:one|a) (?:quarter|fourth) of (?P<a>.+)", "{a} / 4", "The result"),
    (r"three (?:quarters|fourths) of (?P<a>.+)", "{a} * 3 / 4", "The result"),
    (r"(?:one|a) tenth of (?P<a>.+)", "{a} / 10", "The result"),
)
_ROOTS: tuple[tuple[str, str, str], ...] = (
    (r"(?:the )?(?:square root|sqrt) (?:of )?(?P<a>.+)", "sqrt({a})", "The square root"),
    (r"(?:the )?cube root (?:of )?(?P<a>.+)", "cbrt({a})", "The cube root"),
)
_TO_THE = re.compile(
    r"(?P<a>.+?) (?:to the power of|to the power|raised to(?: the power(?: of)?)?) (?P<b>.+)", re.IGNORECASE
)
_POSTFIXED = re.compile(r"(?P<a>.+?) (?P<name>squared|cubed)", re.IGNORECASE)


@dataclass(frozen=True)
class Expression:
    """`text` with {0}, {1} for what must be looked up, in the order of `lookups`, and what its result is called."""

    text: str
    name: str
    lookups: tuple[str, ...] = ()


def expression_of(text: str, measures: Callable[[str], bool]) -> Expression | None:
    """`text` as an expression; None unless all of it is numbers, operations, and phrases to look up.

    `measures`: whether a phrase stands for a number ('the age of a senator').
    """
    text = squeeze(text)
    if signs := in_signs(text):
        return Expression(signs, "The result")
    grammar = _Grammar(measures)
    made = grammar.parse(text)
    if made is None or made.is_leaf:
        return None
    is_infix = made.name in {name for *_, name in _INFIX}
    return Expression(made.text, made.name if grammar.lookups or not is_infix else "The result", tuple(grammar.lookups))


def in_signs(text: str) -> str | None:
    """`text` as an expression, if it is nothing but numbers and operators, in signs or words."""
    expression = text
    for pattern, operator in _WORD_OPERATORS:
        expression = re.sub(pattern, f" {operator} ", expression, flags=re.IGNORECASE)
    expression = re.sub(r"(?<=\d),(?=\d{3})", "", expression)
    expression = re.sub(r"(?<=[\d)])\s*x\s*(?=[\d(])", " * ", expression)
    for number in reversed(find_numbers(expression)):
        if not any(map(str.isdigit, number.text)):
            expression = expression[: number.start] + str(number.value) + expression[number.end :]
    expression = squeeze(expression)
    if re.search(r"\d{4}-\d{2}-\d{2}", expression) or not _SIGNS_ONLY.match(expression):
        return None
    return expression if re.search(r"\d\s*[^\d\s.]|\(", expression) else None


@dataclass(frozen=True)
class _Node:
    text: str
    strength: int
    name: str = ""
    is_leaf: bool = False
    has_number: bool = False
    is_measure: bool = False

    def within(self, strength: int) -> str:
        """The text as an operand: in parentheses unless it holds together at least as tightly as `strength`."""
        return self.text if self.strength >= strength else f"({self.text})"


@dataclass
class _Grammar:
    """Parses one phrase, the loosest operation first, and collects what must be looked up."""

    measures: Callable[[str], bool]
    lookups: list[str] = field(default_factory=list)

    def parse(self, text: str) -> _Node | None:
        text = text.strip(" ,")
        for rule in (self._infix, self._list, self._pair, self._prefixed, self._power, self._root, self._postfixed):
            known = len(self.lookups)
            made = rule(text)
            if made:
                return made
            del self.lookups[known:]
        return self._signs(text) or self._leaf(text)

    def _infix(self, text: str) -> _Node | None:
        for pattern, sign, strength, name in _INFIX:
            for match in reversed(list(re.finditer(pattern, text, re.IGNORECASE))):
                known = len(self.lookups)
                sides = self._both(text[: match.start()], text[match.end() :])
                if sides and _is_arithmetic(sign, *sides):
                    left, right = sides
                    return _Node(
                        f"{left.within(strength)} {sign} {right.within(strength + 1)}", strength, name, has_number=True
                    )
                del self.lookups[known:]
        return None

    def _list(self, text: str) -> _Node | None:
        match = _OF_LIST.fullmatch(text)
        parts = re.split(r"\s*,\s*(?:and\s+)?(?!\d{3}\b)|\s+and\s+", match["items"]) if match else []
        if len(parts) < 2 or not match:
            return None
        if len(parts) == 2:
            parts = share_head(*parts)
        nodes = [self.parse(part) for part in parts]
        if not all(nodes) or not all(node.has_number or node.is_measure for node in nodes if node):
            return None
        name = match["name"].lower()
        if name in ("sum", "total"):
            return _Node(" + ".join(n.within(_SUM) for n in nodes if n), _SUM, _LISTS[name], has_number=True)
        if name == "product":
            return _Node(" * ".join(n.within(_PRODUCT) for n in nodes if n), _PRODUCT, _LISTS[name], has_number=True)
        if name in ("average", "mean"):
            total = " + ".join(n.within(_SUM) for n in nodes if n)
            return _Node(f"({total}) / {len(nodes)}", _PRODUCT, _LISTS[name], has_number=True)
        function = "min" if "min" in _LISTS[name] else "max"
        return _Node(f"{function}({', '.join(n.text for n in nodes if n)})", _ATOM, _LISTS[name], has_number=True)

    def _pair(self, text: str) -> _Node | None:
        for pattern, template, name in _OF_PAIR:
            match = re.fullmatch(pattern, text, re.IGNORECASE)
            sides = self._both(*share_head(match["a"], match["b"])) if match else None
            if sides and all(side.has_number or side.is_measure for side in sides):
                a, b = (side.within(_POWER) for side in sides)
                strength = _ATOM if template.startswith("abs") else _PRODUCT
                return _Node(template.format(a=a, b=b), strength, name, has_number=True)
        return None

    def _prefixed(self, text: str) -> _Node | None:
        for pattern, template, name in _PREFIXED:
            if match := re.fullmatch(pattern, text, re.IGNORECASE):
                inner = self.parse(match["a"])
                number = match.groupdict().get("n", "").replace(",", "")
                if inner and (inner.has_number or inner.is_measure):
                    return _Node(template.format(a=inner.within(_PRODUCT), n=number), _PRODUCT, name, has_number=True)
        return None

    def _root(self, text: str) -> _Node | None:
        for pattern, template, name in _ROOTS:
            match = re.fullmatch(pattern, text, re.IGNORECASE)
            inner = self.parse(match["a"]) if match else None
            if inner:
                return _Node(template.format(a=inner.text), _ATOM, name, has_number=True)
        return None

    def _power(self, text: str) -> _Node | None:
        match = _TO_THE.fullmatch(text)
        sides = self._both(match["a"], match["b"]) if match else None
        if not sides:
            return None
        return _Node(f"{sides[0].within(_ATOM)} ** {sides[1].within(_ATOM)}", _POWER, "The result", has_number=True)

    def _postfixed(self, text: str) -> _Node | None:
        match = _POSTFIXED.fullmatch(text)
        inner = self.parse(match["a"]) if match else None
        if not inner or not match or not (inner.has_number or inner.is_measure):
            return None
        power = 2 if match["name"].lower() == "squared" else 3
        return _Node(f"{inner.within(_ATOM)} ** {power}", _POWER, "The result", has_number=True)

    def _signs(self, text: str) -> _Node | None:
        signs = in_signs(text)
        return _Node(signs, _ATOM if re.fullmatch(r"\([^()]*\)", signs) else _SUM, has_number=True) if signs else None

    def _leaf(self, text: str) -> _Node | None:
        numbers = find_numbers(text)
        if len(numbers) == 1 and len(numbers[0].text) == len(text):
            return _Node(repr(numbers[0].value), _ATOM, is_leaf=True, has_number=True)
        if not re.search(r"[A-Za-z]{2}", text):
            return None
        self.lookups.append(text)
        return _Node(f"{{{len(self.lookups) - 1}}}", _ATOM, is_leaf=True, is_measure=self.measures(text))

    def _both(self, one: str, other: str) -> tuple[_Node, _Node] | None:
        left = self.parse(one) if one.strip() else None
        right = self.parse(other) if left and other.strip() else None
        return (left, right) if left and right else None


def _is_arithmetic(sign: str, left: _Node, right: _Node) -> bool:
    """Whether a word between two phrases joins numbers: 'times' and 'plus' have other meanings too."""
    if sign == "*":
        return left.has_number or right.has_number
    return left.has_number or right.has_number or (left.is_measure and right.is_measure)


def share_head(one: str, other: str) -> list[str]:
    """'the ages of a senator' and 'a president' -> 'the ages of a senator' and 'the ages of a president'."""
    head = re.match(r"^(.+?\b(?:of|for|in)\s+)(?:an?\s|the\s|[A-Za-z])", one)
    if not head:
        return [one, other]
    if bare := re.match(r"^(?:of|for|in)\s+(.+)$", other):
        return [one, head[1] + bare[1]]
    if that := re.match(r"^(?:that|those)\s+(?:of|for|in)\s+(.+)$", other):
        return [one, head[1] + that[1]]
    if not find_numbers(other) and not re.search(r"\b(?:of|for|in)\b", other):
        return [one, head[1] + other]
    return [one, other]
