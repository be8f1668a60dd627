"""The parts a document is made of, between reading a file and storing it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from memory.documents.enumerations import lead_ins


class DocumentsError(Exception):
    """Documents can't be indexed or searched at all. The message says what to do next."""


class Unreadable(Exception):
    """One file can't be read. The message is the reason, and goes into the report."""


@dataclass(frozen=True)
class Block:
    """A paragraph, list item, table row or the like, its white space collapsed.

    `headings`: from the document's title down to the nearest heading. `position`: 'page 3', 'row 7'.
    `lines`: (offset in `text`, line number) where each line of the source begins, for text files.
    `alone`: it makes a chunk of its own, as a row of a table does.
    """

    text: str
    headings: tuple[str, ...] = ()
    position: str = ""
    lines: tuple[tuple[int, int], ...] = ()
    alone: bool = False

    def line_at(self, offset: int) -> int | None:
        """The line of the source that the character at `offset` stands on."""
        found = None
        for start, line in self.lines:
            if start > offset:
                break
            found = line
        return found


@dataclass(frozen=True)
class Content:
    """What was read from one file. `notes`: what was left out, and why."""

    blocks: list[Block]
    date: str | None = None
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Chunk:
    """A passage as it is stored and found: `text` is verbatim, its paragraphs separated by newlines.

    A passage that goes on with a list has the words that open the list as its first paragraph.
    """

    text: str
    place: str
    headings: str


_SENTENCE_END = re.compile(r"""(?<=[.!?;])["'”’)\]]*\s+|(?<=[。！？])|\n""")
_LEAST, _MOST, _MOST_CHARACTERS = 80, 200, 2400
_LONGEST_HEADING, _LONGEST_PLACE, _LONGEST_ENTRY = 80, 72, 240


def chunks(content: Content) -> list[Chunk]:
    """Passages of about 80 to 200 words, cut between paragraphs, else sentences, never across headings."""
    return list(_chunks(content.blocks))


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """The sentences of `text` with their offsets; one that is too long is cut between words, or anywhere."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    start = 0
    for end in [*ends, len(text)]:
        while end - start > _MOST_CHARACTERS:
            cut = text.rfind(" ", start + 1, start + _MOST_CHARACTERS) + 1 or start + _MOST_CHARACTERS
            yield start, text[start:cut]
            start = cut
        if end > start:
            yield start, text[start:end]
            start = end


def _chunks(blocks: list[Block]) -> Iterator[Chunk]:
    titles = {_bare(title) for title in {title for block in blocks for title in block.headings}}
    pending: list[tuple[Block, int, str]] = []
    words, lead = 0, ""
    for block, opening in zip(blocks, _lead_ins(blocks), strict=True):
        if len(block.text) <= _LONGEST_ENTRY and _bare(block.text) in titles:
            continue  # an entry of a table of contents
        for offset, piece in _pieces(block.text):
            size = len(piece.split())
            same = pending and pending[0][0].headings == block.headings and pending[0][0].position == block.position
            if pending and (block.alone or not same or words >= _LEAST or words + size > _MOST):
                yield _chunk(pending, lead)
                pending, words = [], 0
            if not pending:
                lead = opening
            pending.append((block, offset, piece))
            words += max(size, len(piece) * _MOST // _MOST_CHARACTERS)
    if pending:
        yield _chunk(pending, lead)


def _lead_ins(blocks: list[Block]) -> Iterator[str]:
    """By block: the words that open the list it goes on with. No list goes on under another heading."""
    for _, run in itertools.groupby(blocks, key=lambda block: (block.headings, block.position)):
        yield from lead_ins([block.text for block in run])


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """`text` cut into pieces of at most 200 words, each with its offset."""
    if len(text) <= _MOST_CHARACTERS and text.count(" ") < _MOST:
        yield 0, text
        return
    start = end = words = 0
    for offset, sentence in sentences(text):
        size = max(len(sentence.split()), len(sentence) * _MOST // _MOST_CHARACTERS)
        if words and words + size > _MOST:
            yield start, text[start:end].strip()
            start, words = offset, 0
        words += size
        end = offset + len(sentence)
    if end > start:
        yield start, text[start:end].strip()


def _chunk(parts: list[tuple[Block, int, str]], lead: str = "") -> Chunk:
    first, offset, _ = parts[0]
    return Chunk(
        text="\n".join([*([lead] if lead else []), *(piece for _, _, piece in parts)]),
        place=_place(first, offset),
        headings=" > ".join(heading[:_LONGEST_HEADING] for heading in first.headings),
    )


def _place(block: Block, offset: int) -> str:
    """Where a passage stands: 'Article I, Section 3, line 88', 'page 3', 'section "Scope"', 'row 7'."""
    shown = [heading[:_LONGEST_HEADING] for heading in block.headings[1:][-2:] or block.headings[-1:]]
    if len(shown) == 2 and len(", ".join(shown)) > _LONGEST_PLACE:
        shown = shown[1:]
    line = block.line_at(offset)
    if line is not None:
        return ", ".join([*shown, f"line {line}"])
    if block.position:
        return block.position
    return "section " + " > ".join(f'"{heading}"' for heading in shown) if shown else ""


def _bare(text: str) -> str:
    """`text` without the bullet, number and dotted leader it may have in a table of contents."""
    return re.sub(r"^[\W\d_]+|(?:[\s.]*\d+)?\W*$", "", text).casefold() or text
