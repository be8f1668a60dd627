"""Parts of a document that a question names: 'the first amendment', 'Article V', 'which amendment'."""

from __future__ import annotations

import re

from models.reflex.vocabulary import ORDINALS

PARTS = frozenset(
    "articl section amend amendment chapter part titl title rul clau claus appendix annex figur tabl page step".split()  # noqa: SIM905
)
"""Stems of what documents are divided into."""
_NAMES = r"(articles?|sections?|amendments?|chapters?|parts?|appendix|annex|rules?|clauses?|titles?)"
_NUMBERS = {
    name: number
    for number, group in enumerate(ORDINALS, 1)
    for name in (*group.split(), str(number))
}  # fmt: skip
_ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBERS |= {name: number for number, name in enumerate(_ONES, 1)}
_NUMBERED = re.compile(rf"\b{_NAMES}\s+(?P<after>[\w-]+)\b|\b(?P<before>[\w-]+)\s+{_NAMES}\b", re.IGNORECASE)
_ASKED_FOR = re.compile(rf"^\W*(?:in |under |by )?(?:which|what)\s+{_NAMES}\b", re.IGNORECASE)


def named_parts(text: str) -> frozenset[tuple[str, int]]:
    """The parts that `text` names by number: ('amendment', 1) of 'the first amendment' and of 'Amendment I'."""
    found = set()
    position = 0
    while match := _NUMBERED.search(text, position):
        name = (match[1] or match[3]).lower().rstrip("s")
        number = _NUMBERS.get((match["after"] or match["before"]).lower())
        if number:
            found.add((name, number))
        position = match.end() if number else match.start() + 1
    return frozenset(found)


def part_asked_for(question: str) -> str | None:
    """'amendment' of 'Which amendment abolished slavery?'; None if the question doesn't ask for a part."""
    match = _ASKED_FOR.match(question)
    return match[1].lower().rstrip("s") if match else None
