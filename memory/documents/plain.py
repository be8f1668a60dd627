"""Text, Markdown and reStructuredText: headings found, hard-wrapped lines joined to flowing paragraphs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from memory.documents.content import Block

_UNDERLINE = re.compile(r"([=\-~^*#+\"'`:.<>_])\1{2,}\s*$")
_ATX = re.compile(r"(#{1,6})\s+(.+?)\s*#*\s*$")
_FENCE = re.compile(r"\s*(```|~~~)")
_LABEL = re.compile(r"\.\. _[^:]+:\s*$")
_BULLET = re.compile(r"\s*(?:[-*+•·‣◦]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)]|\[\d+\]|\d+(?:\.\d+)+\.?)\s+\S")
_KEYWORD = re.compile(
    r"(part|book|title|chapter|article|amendment|annex|appendix|section|clause|§)\.?\s*(\d+|[IVXLCDM]+|[A-Z])\b\.?(.{0,60})$",
    re.I,
)
_NUMBERED = re.compile(r"\s*(\d+(?:\.\d+)*)\.?\s+([A-Z/\"'(].{0,70})$")
_SECTION = re.compile(r"(\d+(?:\.\d+)+)\.?\s+(?=\S*[A-Za-z])")
"""Begins a numbered heading, which may be a question, and go on over several lines: '12.5. How do I ...'."""
_MOST_LINES, _LONGEST_SECTION = 4, 240
_KEYWORD_LEVEL = {"part": 1, "book": 1, "title": 1, "section": 3, "clause": 4, "§": 3}
_TITLE, _PLAIN_LEVEL = 0, 2
_MOST_TITLE_WORDS = 9
_LONGEST_HEADING = 75
_SMALL_WORDS = frozenset({"from", "into", "over", "upon", "with", "your", "their", "about", "between", "this", "that"})
"""Longer words that titles leave in small letters."""
_SENTENCE_CLOSE = (".", "!", "?", ":", "。")


def blocks(text: str, *, markdown: bool = False) -> list[Block]:
    """The paragraphs of a text file, each with its headings and the lines it came from.

    Where nothing stands below any heading, the lines that look like headings are the text.
    """
    lines = text.splitlines()
    if found := list(_Reader(lines, markdown=markdown).read()):
        return found
    alone = [joined([(number, line)]) for number, line in enumerate(lines, 1) if line.strip()]
    return [Block(words, lines=starts) for words, starts in alone if not _UNDERLINE.match(words)]


def joined(lines: Sequence[tuple[int, str]]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Hard-wrapped lines, given with their numbers, as one flowing text and where in it each line begins."""
    text, starts = "", []
    for number, line in lines:
        piece = " ".join(line.split())
        if text and not _is_split_word(text, piece):
            text += " "
        starts.append((len(text), number))
        text += piece
    return text, tuple(starts)


def _is_split_word(text: str, following: str) -> bool:
    """Whether a line was broken after the hyphen of a compound: 'well-' 'known'."""
    return len(text) > 1 and text[-1] == "-" and text[-2].isalpha() and following[:1].isalpha()


def _is_title(line: str, *, apart: bool) -> bool:
    """Whether a line that stands alone reads like a title. `apart`: more than one blank line is above it."""
    words = line.split()
    if not line[0].isupper() or len(words) > _MOST_TITLE_WORDS:
        return False
    return all(word[0].isupper() for word in words if len(word) > 3 and word not in _SMALL_WORDS) or (
        apart and len(words) <= 4
    )


class _Headings:
    """The path of headings from the title down to here."""

    def __init__(self) -> None:
        self._path: list[tuple[int, str]] = []

    def enter(self, level: int, title: str) -> None:
        while self._path and self._path[-1][0] >= level:
            self._path.pop()
        self._path.append((level, title))

    @property
    def path(self) -> tuple[str, ...]:
        return tuple(title for _, title in self._path)


class _Reader:
    def __init__(self, lines: list[str], *, markdown: bool) -> None:
        self._lines = lines
        self._markdown = markdown
        self._headings = _Headings()
        self._levels: dict[str, int] = {"=": 1, "-": 2} if markdown else {}
        self._marked = markdown or self._count_underlined() >= 2

    def read(self) -> Iterator[Block]:
        index = self._after_front_matter()
        paragraph: list[tuple[int, str]] = []
        while index < len(self._lines):
            line = self._lines[index]
            heading = self._heading(index) if not paragraph or (self._markdown and _ATX.match(line)) else None
            if heading:
                yield from self._flush(paragraph)
                level, title, index = heading
                self._headings.enter(level, title)
                continue
            if self._markdown and _FENCE.match(line):
                yield from self._flush(paragraph)
                end = self._end_of_fence(index)
                code = [(n + 1, self._lines[n]) for n in range(index + 1, end) if self._lines[n].strip()]
                yield from self._flush(code)
                index = end + 1
                continue
            if not line.strip():
                yield from self._flush(paragraph)
            elif not (_UNDERLINE.match(line.strip()) or _LABEL.match(line)):
                if paragraph and self._is_new_block(paragraph, line):
                    yield from self._flush(paragraph)
                paragraph.append((index + 1, line))
            index += 1
        yield from self._flush(paragraph)

    def _flush(self, paragraph: list[tuple[int, str]]) -> Iterator[Block]:
        if paragraph:
            text, lines = joined(paragraph)
            paragraph.clear()
            yield Block(text, self._headings.path, lines=lines)

    def _end_of_fence(self, start: int) -> int:
        end = start + 1
        while end < len(self._lines) and not _FENCE.match(self._lines[end]):
            end += 1
        return end

    def _after_front_matter(self) -> int:
        if self._markdown and self._lines and self._lines[0].strip() == "---":
            for index, line in enumerate(self._lines[1:200], start=1):
                if line.strip() in ("---", "..."):
                    return index + 1
        return 0

    def _is_new_block(self, paragraph: list[tuple[int, str]], line: str) -> bool:
        before = paragraph[-1][1]
        if line.lstrip().startswith("|"):
            return True
        closed = before.rstrip().endswith(_SENTENCE_CLOSE)
        if _BULLET.match(line) and (closed or _BULLET.match(paragraph[0][1])):
            return True
        return closed and len(before.rstrip()) < 50  # a line ended on purpose, well before the margin

    def _heading(self, index: int) -> tuple[int, str, int] | None:
        """(level, title, index of the line after it) if a heading begins at `index`."""
        line = self._lines[index].strip()
        if not line:
            return None
        if self._markdown and (atx := _ATX.match(line)):
            return len(atx[1]), atx[2], index + 1
        below = self._line(index + 1)
        if self._markdown and (_FENCE.match(line) or _FENCE.match(below)):
            return None
        over = _UNDERLINE.match(line)
        if over and below and self._line(index + 2) == line:
            return self._level(over[1] + "over"), below, index + 3
        if (under := _UNDERLINE.match(below)) and len(below) >= 0.6 * len(line) and not over:
            return self._level(under[1]), line, index + 2
        return None if self._marked else (self._section(index) or self._unmarked(index, line))

    def _section(self, index: int) -> tuple[int, str, int] | None:
        """A heading with a number of several parts, up to the empty line after it."""
        number = _SECTION.match(self._lines[index])
        if not number or (index and self._line(index - 1)):
            return None
        end = index + 1
        while self._line(end) and end - index <= _MOST_LINES:
            if self._lines[end][0].isspace() or _BULLET.match(self._lines[end]):
                return None
            end += 1
        title = " ".join(" ".join(self._lines[index:end]).split())
        if end - index > _MOST_LINES or len(title) > _LONGEST_SECTION or title.endswith((".", ",", ";", ":", "-")):
            return None
        return number[1].count(".") + _PLAIN_LEVEL, title, end

    def _unmarked(self, index: int, line: str) -> tuple[int, str, int] | None:
        """A heading that shows only by standing alone: 'Article I', '3.2. Scope', 'Preamble'."""
        if len(line) > _LONGEST_HEADING or self._line(index + 1) or (index and self._line(index - 1)):
            return None
        if keyword := _KEYWORD.match(line):
            if not line.endswith((",", ";")):
                return _KEYWORD_LEVEL.get(keyword[1].lower(), _PLAIN_LEVEL), line, index + 1
        elif self._is_closed_title(index, line):
            return _PLAIN_LEVEL, line, index + 1
        elif line.endswith((".", ",", ";", ":", "!", "?", "-")) or (_BULLET.match(line) and not _NUMBERED.match(line)):
            return None
        elif numbered := _NUMBERED.match(line):
            return numbered[1].count(".") + _PLAIN_LEVEL, line, index + 1
        elif not self._headings.path and not any(map(str.strip, self._lines[:index])):
            return _TITLE, line, index + 1
        elif not self._lines[index][:1].isspace() and _is_title(line, apart=index > 1 and not self._line(index - 2)):
            return _PLAIN_LEVEL, line, index + 1
        return None

    def _is_closed_title(self, index: int, line: str) -> bool:
        """Whether a line is a heading with a number and a full stop: '6. Conveying Non-Source Forms.'"""
        numbered = _NUMBERED.match(line)
        if not numbered or not line.endswith(".") or not _is_title(numbered[2], apart=False):
            return False
        following = next((text for text in self._lines[index + 1 :] if text.strip()), "")
        return bool(following) and not _BULLET.match(following)

    def _line(self, index: int) -> str:
        return self._lines[index].strip() if index < len(self._lines) else ""

    def _level(self, mark: str) -> int:
        return self._levels.setdefault(mark, len(self._levels) + 1)

    def _count_underlined(self) -> int:
        return sum(
            1
            for above, line in zip(self._lines, self._lines[1:], strict=False)
            if above.strip() and _UNDERLINE.match(line) and not _UNDERLINE.match(above)
        )
