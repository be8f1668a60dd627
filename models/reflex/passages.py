"""Passages as sentences, each with what is known of it: its words, its headings, the parts of the document it is in."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from models.reflex.parts import named_parts
from models.reflex.quantities import find_dates
from models.reflex.sentences import Span, split_sentences
from models.reflex.words import Word, is_function_word, paths_in, words
from models.reflex.words import stem as stem_of

_SHORT = 10


@dataclass(frozen=True)
class Passage:
    """A text that may answer, by its index in what was searched. `heading`: where it stands; `source`: its name."""

    index: int
    text: str
    heading: str = ""
    rank: float = 0.0
    source: str = ""


@dataclass(frozen=True)
class Sentence:
    """A sentence of a passage. `order`: how many come before it under its heading.

    `stems`, `heading`, `source`: the stems of its own words, of the headings above it, of the name of its source.
    `title`: the stems of the nearest heading. `opens`: it stands where the text under its headings begins.
    """

    passage: Passage
    span: Span
    order: int
    stems: frozenset[str]
    heading: frozenset[str]
    capitals: frozenset[str]
    paths: frozenset[str]
    is_title: bool = False
    title: frozenset[str] = frozenset()
    parts: frozenset[tuple[str, int]] = frozenset()
    source: frozenset[str] = frozenset()
    opens: bool = True

    @property
    def stems_above(self) -> frozenset[str]:
        """What is known about the sentence without reading it: its headings, and the name of its source."""
        return self.heading | self.source


def sentences_of(passages: Sequence[Passage]) -> list[Sentence]:
    """The sentences of all the passages, in order."""
    first: dict[str, int] = {}
    places = [_place(passage.heading) for passage in passages]
    for title, line in places:
        first[title] = min(first.get(title, line), line)
    return [
        sentence
        for passage, (title, line) in zip(passages, places, strict=True)
        for sentence in _sentences(passage, opens=line <= first[title])
    ]


def before(sentences: Sequence[Sentence], position: int) -> list[Sentence]:
    """The two sentences before, of the same passage, nearest first."""
    passage = sentences[position].passage
    return [
        s
        for s in reversed(sentences[max(0, position - 2) : position])
        if s.passage is passage and not s.span.is_heading
    ]


def date_before(passage: Passage, span: Span) -> Span | None:
    """The short sentence before `span` that dates it: 'Ratified August 18, 1920.'"""
    earlier = [s for s in split_sentences(passage.text) if s.end <= span.start][-3:]
    dated = [
        s for s in earlier if len(s.text.split()) <= _SHORT and any(len(d.value) == 10 for d in find_dates(s.text))
    ]
    return dated[-1] if dated else None


def _sentences(passage: Passage, *, opens: bool) -> list[Sentence]:
    headings, _ = _place(passage.heading)
    title = frozenset(word.stem for word in words(headings.rpartition(", ")[2]) if word.stem.isalpha())
    parts = named_parts(passage.heading)
    source = frozenset(word.stem for word in words(passage.source))
    return [Sentence(passage, *read, title, parts, source, opens) for read in _read(passage.text, passage.heading)]


_Read = tuple[Span, int, frozenset[str], frozenset[str], frozenset[str], frozenset[str], bool]


@functools.lru_cache(maxsize=512)
def _read(text: str, heading: str) -> tuple[_Read, ...]:
    """What is known of each sentence of a text: the members of Sentence after the passage.

    A run reads the same passages for several questions, and once more when it writes.
    """
    found: list[_Read] = []
    under, order = heading, 0
    for span in split_sentences(text):
        is_title = span.is_heading or span.text.rstrip("\"'”’)").endswith("?")
        found_words, heading_words = words(span.text), words(under)
        stems = frozenset(word.stem for word in found_words if not is_function_word(word)) | _halves(found_words)
        capitals = frozenset(word.stem for word in (*found_words, *heading_words) if word.is_capital)
        above = frozenset(word.stem for word in heading_words)
        found.append((span, order, stems, above, capitals, paths_in(f"{heading} {span.text}"), is_title))
        under, order = (f"{heading} {span.text}", 0) if is_title else (under, order + 1)
    return tuple(found)


def _place(heading: str) -> tuple[str, int]:
    """The headings and the line of a place: 'Chapter 8, 8.1.1. dpkg, line 12 faq.txt'."""
    match = re.search(r",? line (\d+)\b.*$", heading)
    return (heading[: match.start()], int(match[1])) if match else (heading, 0)


def _halves(found: Sequence[Word]) -> frozenset[str]:
    """The stems of the parts of words with hyphens: 'vice' and 'president' of 'Vice-President'."""
    return frozenset(stem_of(part) for word in found if "-" in word.text for part in word.text.split("-") if part)
