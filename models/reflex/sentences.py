"""Sentences and clauses of a text, with their offsets, so that what is quoted can be found again verbatim."""

from __future__ import annotations

import functools
import itertools
import re
from dataclasses import dataclass

_ABBREVIATIONS = frozenset(
    """
    e.g i.e etc mr mrs ms dr prof st no nos vs fig figs sec secs art arts ch vol pp p cf al approx dept est inc
    ltd co corp jr sr gen col lt sgt capt rev hon u.s u.k a.m p.m ph.d jan feb mar apr jun jul aug sep sept oct
    nov dec ca ed eds eq ref refs viz resp
    """.split()  # noqa: SIM905
)
_ENDING = re.compile(r"[.!?…。！？]+[\"'”’)\]]*(?=\s|$)")
_PARAGRAPH = re.compile(r"\n[ \t]*\n+")
_ITEM = re.compile(r"\n(?=[ \t]*(?:[-*•‣–]|\(?\d{1,3}[.)]|\(?[a-z][.)])[ \t]+\S)")
_LONE_NUMBER = re.compile(r"^(?:[-*•‣–#]+|\(?(?:\d{1,3}|[A-Za-z]|[ivxIVX]{1,4})[.)]|(?:\d{1,3}\.)+\d{0,3}\.?)$")
_MARKER = re.compile(r"(?:[-*•‣–]|\[\d{1,3}\]|(?:\d{1,2}\.){2,}|\(?\d{1,2}[.)]|\(?[a-z][.)])[ \t]+(?=\S)")
_FINE_CLAUSE = re.compile(r"(?<=[;:,])\s+")
_STRONG_CLAUSE = re.compile(r"(?<=[;:])\s+")
_CLAUSE = re.compile(r"(?<=[;:])\s+|(?<=,)\s+(?=(?:and|but|or|nor|which|who|except|unless|provided)\b)|\s+(?=—|–\s|- )")


@dataclass(frozen=True)
class Span:
    """A stretch of a text: `text == whole[start:end]`."""

    start: int
    end: int
    text: str

    @property
    def is_heading(self) -> bool:
        """Short, and not closed as a sentence is."""
        line = self.text.strip()
        return len(line) < 90 and "\n" not in line and (not line.endswith((".", "!", "?", ";", ",", ":", ")")))


@functools.lru_cache(maxsize=512)
def split_sentences(text: str) -> tuple[Span, ...]:
    """The sentences of `text`, in order, without the white space around them.

    Paragraphs and list items end a sentence; abbreviations, initials, decimals and item numbers don't.
    """
    found: list[Span] = []
    position = 0
    for end in [*_boundaries(text), len(text)]:
        piece = text[position:end]
        stripped = piece.strip()
        start = position + piece.find(stripped)
        if marker := _MARKER.match(stripped):
            start, stripped = start + marker.end(), stripped[marker.end() :]
        if any(map(str.isalnum, stripped)) and not _LONE_NUMBER.match(stripped):
            found.append(Span(start, start + len(stripped), stripped))
        position = end
    return tuple(found)


def split_clauses(span: Span, *, strong: bool = False, fine: bool = False) -> list[Span]:
    """The clauses of a sentence, with offsets in the whole text.

    `strong`: divided by semicolons and colons only; `fine`: by every comma too.
    """
    pattern = _STRONG_CLAUSE if strong else _FINE_CLAUSE if fine else _CLAUSE
    cuts = [0, *(m.start() for m in pattern.finditer(span.text)), len(span.text)]
    clauses = []
    for begin, end in itertools.pairwise(cuts):
        piece = span.text[begin:end]
        stripped = piece.strip()
        if stripped:
            start = span.start + begin + piece.index(stripped)
            clauses.append(Span(start, start + len(stripped), stripped))
    return clauses


def _boundaries(text: str) -> list[int]:
    ends = {match.end() for match in _PARAGRAPH.finditer(text)} | {match.start() for match in _ITEM.finditer(text)}
    if _is_unwrapped(text):
        ends |= {match.end() for match in re.finditer(r"\n", text)}
    for match in _ENDING.finditer(text):
        if _ends_sentence(text, match):
            ends.add(match.end())
    return sorted(ends)


def _is_unwrapped(text: str) -> bool:
    """Whether each line is a paragraph, as in indexed passages, rather than a part of one."""
    lines = [line for line in text.splitlines() if line.strip()]
    return any(len(line) > 110 for line in lines) or not any(line.lstrip()[0].islower() for line in lines)


def _ends_sentence(text: str, match: re.Match[str]) -> bool:
    following = text[match.end() : match.end() + 40].lstrip()
    if not following:
        return True
    if match.group()[0] in "!?。！？":
        return not following[0].islower()
    if following[0].islower() or following[0] in ",;":
        return False
    before = text[max(0, match.start() - 20) : match.start()].split()
    last = before[-1].lstrip("(\"'[“") if before else ""
    if match.group() == "." and (last.lower() in _ABBREVIATIONS or (len(last) == 1 and last.isalpha() and last != "I")):
        return False
    line = text[text.rfind("\n", 0, match.start()) + 1 : match.end()].strip()
    return not _LONE_NUMBER.match(line)
