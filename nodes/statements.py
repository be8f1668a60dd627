"""A draft as its sentences: what each says, what it cites, and whether it claims anything."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from models.reflex.sentences import split_sentences
from models.reflex.words import squeeze

MARK = re.compile(r"\[(\d{1,3})\]")
GAP = re.compile(
    r"""\b(?:not|no|cannot|never|nothing|none|neither|nor|unable|unknown|unclear|without|lacks?|missing)\b|n['’]t\b""",
    re.IGNORECASE,
)
_ABOUT_SOURCES = re.compile(
    r"""\b(?: documents?|sources?|evidence|texts?|passages?|results?|information|answers?|data|context|search|page
    | find|found|says?|states?|mentions?|contains?|specif\w+|provid\w+|determin\w+|confirm\w*|know|available
    | looked\ up|could|able )\b""",
    re.VERBOSE | re.IGNORECASE,
)
_HEADING = re.compile(r"^\s*(?:#{1,6}\s|\*\*[^*]+\*\*:?\s*$|\|?[\s|:-]+\|?$)")
_BULLET = re.compile(r"^\s*[-+•–*>]+\s")
_LIST_ITEM = re.compile(r"^\s*(?:[-+•–](?![.,]?\d)|\*(?!\*)|\(?\d{1,3}[.)](?!\d)|\|)\s*")
COUNTED = re.compile(r"(?:\(?\d{1,3}[.)]\s*)+")
"""The number of a list's item, or of several without items ('4.5.6.'), as a model leaves them that gave up."""
_LABEL = re.compile(r"^\s*\*\*([^*\n]{1,300})\*\*[:?\s]*(?=[^\sa-zß-ÿ]|$)|^\s*\*\*([^*\n]{1,300}[:?])\*\*\s*")
"""Words in bold that aren't a part of the sentence after them, which has an end or a beginning of its own."""


@dataclass(frozen=True)
class Sentence:
    """A sentence of a draft; `text` is `draft[start:end]`, `body` is without marks and list bullets."""

    start: int
    end: int
    text: str
    marks: tuple[int, ...]

    @functools.cached_property
    def body(self) -> str:
        body = self.text
        for opening in (_LIST_ITEM, _LABEL):
            rest = opening.sub("", body)
            body = rest if says_something(rest) else body
        body = re.sub(r"\s+([.,;:!?])", r"\1", MARK.sub("", body))
        return squeeze(body.replace("**", "").replace("`", ""))

    @property
    def label(self) -> str:
        """The words in bold that a body stands under: '**Senators:** 30 years'. A question says nothing."""
        found = _LABEL.match(_LIST_ITEM.sub("", self.text))
        words = (found[1] or found[2]).rstrip(": ") if found else ""
        return "" if words.endswith("?") else words

    @property
    def is_heading(self) -> bool:
        """It is a heading or a table's rule: its capitals are no names."""
        return bool(_HEADING.match(self.text))

    @property
    def is_gap(self) -> bool:
        """It says what isn't known, rather than how something is."""
        return bool(GAP.search(self.body) and _ABOUT_SOURCES.search(self.body))

    @property
    def is_claim(self) -> bool:
        """It says how something is: not a heading, a question, the opening of a list, or a statement of a gap."""
        body = self.body
        if self.is_heading or not says_something(body) or body.endswith(("?", ":")):
            return False
        return not (self.is_gap and not self.marks)


def sentences(text: str) -> list[Sentence]:
    """The sentences of a draft, line by line: a list item, a heading and a table's row stand alone.

    So does a number ('42.'), unless it only counts the items of a list.
    """
    found: list[tuple[int, int]] = []
    count = 0
    for start, end in _blocks(text):
        if numbers := _counting(text[start:end], after=count):
            count = numbers[-1]
            continue
        position = start
        spans = [(start + span.start, start + span.end) for span in split_sentences(text[start:end])]
        for begun, ended in [*spans, (end, end)]:
            before = text[position:begun]
            says = says_something(text[begun:ended])
            counted = _counting(before) if position == start and says else []
            count = counted[-1] if counted else count
            if not counted and any(map(str.isdigit, MARK.sub("", before))):  # a number by itself
                if says:
                    found.append((position, begun))
                else:  # and the citations after it
                    begun = position
            if begun < ended:
                found.append((begun, ended))
            position = ended
    return [_sentence(text, *span) for span in found]


def _counting(line: str, after: int | None = None) -> list[int]:
    """The numbers of a line that only counts a list's items; with `after`, only if it goes on or begins anew."""
    line = _BULLET.sub("", line).strip()
    numbers = [int(number) for number in re.findall(r"\d+", line)] if COUNTED.fullmatch(line) else []
    return numbers if numbers and (after is None or numbers[0] == after + 1 or (after and numbers[0] == 1)) else []


def _sentence(text: str, start: int, end: int) -> Sentence:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    piece = piece.strip()
    return Sentence(start, start + len(piece), piece, tuple(dict.fromkeys(map(int, MARK.findall(piece)))))


def says_something(text: str) -> bool:
    """Whether there is more to it than citations."""
    return any(map(str.isalnum, MARK.sub("", text)))


def _blocks(text: str) -> Iterable[tuple[int, int]]:
    """Lines, joined where a line only wraps."""
    begun: int | None = None
    position = 0
    for line in text.splitlines(keepends=True):
        wraps = begun is not None and line[:1].islower() and not re.search(r"[.!?:;|]\s*$", text[begun:position])
        if begun is not None and not wraps:
            yield begun, position
            begun = None
        if line.strip() and begun is None:
            begun = position
        elif not line.strip():
            begun = None
        position += len(line)
    if begun is not None:
        yield begun, position
