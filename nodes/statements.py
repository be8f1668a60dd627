"""A draft as its sentences: what each says, what it cites, and whether it claims anything."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from models.reflex.sentences import split_sentences
from models.reflex.words import squeeze

MARK = re.compile(r"\[(\d{1,3})\]")
_FEW_WORDS, _MOST_LABELS = 4, 3
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
_HEADING = re.compile(r"^\s*(?:#{1,6}\s|\*\*[^*]+\*\*:?\s*$|([*_]{1,3})[^*_\n]+[:?]\1\s*$|\|?[\s|:-]+\|?$)")
_HASHES = re.compile(r"^\s*#{1,6}\s+")
_BULLET = re.compile(r"^\s*[-+•–*>]+\s")
_LIST_ITEM = re.compile(r"^\s*(?:[-+•–](?![.,]?\d)|\*(?!\*)|\(?\d{1,3}[.)](?!\d)|\|)\s*")
COUNTED = re.compile(r"(?:\(?\d{1,3}[.)]\s*)+")
"""The number of a list's item, or of several without items ('4.5.6.'), as a model leaves them that gave up."""
_NUMBERED = re.compile(rf"#{{1,6}}\s+{COUNTED.pattern}")
_LABEL = re.compile(
    r"\s*\*\*[^*\n]{1,300}\*\*(?!\s*\|)[:?\s]*(?=[^\sa-zß-ÿ]|$)|\s*([*_]{1,3})[^*_\n]{1,300}[:?]\1(?!\s*\|)\s*"
)
"""Emphasised words that aren't a part of the sentence after them, which has an end or a beginning of its own."""
RULE = re.compile(r"(?=[^\n|]*\|)(?=[^\n-]*-)[|: \t-]*$", re.MULTILINE)
"""What stands under the header of a table."""
FENCE = re.compile(r"[ \t]*(?:`{3,}(?!.*`)|~{3,})[ \t]*(?P<language>[A-Za-z+#]{0,10}[ \t]*$)?")
"""What a block of code is between."""
_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|had|may|must|shall|can|could|will|would|should|does|did|cannot)\b|n['’]t\b", re.I
)
_ASKS = re.compile(r"^\W*(?:what|which|who|whom|whose|when|where|why|how|whether|if|here|there)\b|\?$", re.IGNORECASE)
_BESIDES = re.compile(r"[;—–]|\b(?:but|until|unless)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Sentence:
    """A sentence of a draft; `text` is `draft[start:end]`, `body` is without marks and list bullets.

    `is_header`: it is of the row of a table that names the columns.
    """

    start: int
    end: int
    text: str
    marks: tuple[int, ...]
    is_header: bool = False

    @functools.cached_property
    def body(self) -> str:
        body = self.text
        for opening in (_HASHES, _LIST_ITEM):
            rest = opening.sub("", body)
            body = rest if says_something(rest) else body
        body = re.sub(r"\s+([.,;:!?])", r"\1", MARK.sub("", body))
        return squeeze(body.replace("**", "").replace("`", ""))

    @property
    def is_heading(self) -> bool:
        """It is a heading, a label or a table's header: its capitals are no names."""
        return self.is_header or bool(_HEADING.match(self.text))

    @property
    def is_aside(self) -> bool:
        """It stands beside what is said and says nothing itself: a heading, a question, the opening of a list."""
        return self.is_heading or self.body.endswith("?") or not (self.is_claim or self.is_gap)

    @property
    def asserts(self) -> bool:
        """It has a verb although it stands beside the claims: 'The president may declare war:'."""
        return self.is_aside and bool(_VERB.search(self.body)) and not _ASKS.search(self.body)

    @property
    def is_short(self) -> bool:
        """It has hardly a subject and a verb of its own."""
        return len(self.body.split()) < _FEW_WORDS

    @property
    def said(self) -> str:
        """What it says beside what isn't known: all, but in 'The sources don't say, but it is 40.' only the end."""
        parts = [part for part in _BESIDES.split(self.body) if not (self.is_gap and GAP.search(part))]
        return " ".join(parts)

    @property
    def is_gap(self) -> bool:
        """It says what isn't known, rather than how something is."""
        is_question = self.body.endswith("?") and ":" not in self.body
        return not is_question and bool(GAP.search(self.body) and _ABOUT_SOURCES.search(self.body))

    @property
    def is_claim(self) -> bool:
        """It says how something is: not a heading, a question, the opening of a list, or a statement of a gap."""
        body = self.body
        if self.is_heading or not says_something(body) or body.endswith(("?", ":")):
            return False
        return not (self.is_gap and not self.marks)


def sentences(text: str) -> list[Sentence]:
    """The sentences of a draft, line by line: a list item, a heading, a label and a table's row stand alone.

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
        if len(spans) > 1 and _NUMBERED.fullmatch(text, *spans[0]):
            spans[:2] = [(spans[0][0], spans[1][1])]
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
                found += _parts(text, begun, ended)
            position = ended
    return [_sentence(text, *span) for span in found]


def _parts(text: str, start: int, end: int) -> Iterable[tuple[int, int]]:
    """A sentence's labels, and the rest."""
    for _ in range(_MOST_LABELS):
        item = _LIST_ITEM.match(text[start:end])
        label = _LABEL.match(text, start, end) or (_LABEL.match(text, start + item.end(), end) if item else None)
        if text.startswith("|", start) or not label or not says_something(text[label.end() : end]):
            break
        yield start, label.end()
        start = label.end()
    yield start, end


def _counting(line: str, after: int | None = None) -> list[int]:
    """The numbers of a line that only counts a list's items; with `after`, only if it goes on or begins anew."""
    line = _BULLET.sub("", line).strip()
    numbers = [int(number) for number in re.findall(r"\d+", line)] if COUNTED.fullmatch(line) else []
    return numbers if numbers and (after is None or numbers[0] == after + 1 or (after and numbers[0] == 1)) else []


def _sentence(text: str, start: int, end: int) -> Sentence:
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    piece = piece.strip()
    marks = tuple(dict.fromkeys(map(int, MARK.findall(piece))))
    below = text.find("\n", end) + 1
    return Sentence(start, start + len(piece), piece, marks, is_header=below > 0 and bool(RULE.match(text, below)))


def says_something(text: str) -> bool:
    """Whether there is more to it than citations."""
    return any(map(str.isalnum, MARK.sub("", text)))


def _blocks(text: str) -> Iterable[tuple[int, int]]:
    """Lines, joined where a line only wraps; of what a block of code is between only what isn't its language."""
    begun: int | None = None
    position = 0
    is_code = False
    for line in text.splitlines(keepends=True):
        fence = FENCE.match(line)
        before = "" if begun is None else text[begun:position]
        wraps = line[:1].islower() and not re.search(r"[.!?:;|]\s*$", before) and not _HASHES.match(before)
        if begun is not None and (not wraps or is_code or fence):
            yield begun, position
            begun = None
        is_code ^= bool(fence)
        if fence and fence["language"] is None:
            begun = position + fence.end()
        elif fence or not line.strip():
            begun = None
        elif begun is None:
            begun = position
        position += len(line)
    if begun is not None:
        yield begun, position
