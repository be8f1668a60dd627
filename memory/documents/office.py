"""PDF by pypdf, Word by python-docx."""

from __future__ import annotations

import io
import logging
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from memory.documents import plain
from memory.documents.content import Block, Content, Unreadable

_LARGEST_UNPACKED = 200 * 1024 * 1024
_MOST_PAGES = 2000
_HIDDEN = './/w:r[w:rPr/w:vanish[not(@w:val) or @w:val = "1" or @w:val = "true" or @w:val = "on"]]'
_TEMPLATE = "2013-12-23"
"""When the template was made that python-docx makes documents of, and copies the dates of."""
_HYPHENATED = re.compile(r"(?<=[a-zà-ÿ])-\n\s*(?=[a-zà-ÿ])")


def pdf(data: bytes) -> Content:
    """The text of a PDF, page by page, under the titles of its outline. Raises Unreadable."""
    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it reports every oddity of a file it can read
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted and not reader.decrypt(""):
        raise Unreadable("is encrypted; save a copy without the password")
    notes = []
    if len(reader.pages) > _MOST_PAGES:
        notes.append(f"only the first {_MOST_PAGES} of its {len(reader.pages)} pages are indexed")
    content = Content(list(_pages(reader)), date=_day(reader), notes=notes)
    if not content.blocks:
        raise Unreadable("has no text in it; if it is scanned, run text recognition (OCR) on it first")
    return content


def _pages(reader: Any) -> Iterator[Block]:
    outline = _outline(reader)
    headings: tuple[str, ...] = ()
    for number, page in enumerate(reader.pages[:_MOST_PAGES], start=1):
        expected = outline.get(number, [])
        text = _HYPHENATED.sub("", page.extract_text() or "")
        pending: list[tuple[int, str]] = []
        for line in text.splitlines():
            words = _letters(line)
            entry = next((path for path in expected if words and _letters(path[-1]) in (words, words.lstrip())), None)
            if entry:
                yield from _page_blocks(pending, headings, number)
                pending, headings = [], entry
                expected = expected[expected.index(entry) + 1 :]
            elif not line.strip().isdigit():
                pending.append((number, line))
        yield from _page_blocks(pending, headings, number)
        if expected:
            headings = expected[-1]


def _page_blocks(lines: list[tuple[int, str]], headings: tuple[str, ...], page: int) -> Iterator[Block]:
    """Blocks of a page: its lines joined, cut where a line ends a sentence well before the margin."""
    text = "\n".join(line for _, line in lines)
    for block in plain.blocks(text):
        own = headings or block.headings
        yield Block(block.text, own if headings else own[-1:], position=f"page {page}")


def _outline(reader: Any) -> dict[int, list[tuple[str, ...]]]:
    """Page number -> the paths of titles that begin on it. A broken outline counts as none."""
    found: dict[int, list[tuple[str, ...]]] = {}

    def walk(entries: list[Any], path: tuple[str, ...]) -> None:
        title = path
        for entry in entries:
            if isinstance(entry, list):
                if len(path) < 8:
                    walk(entry, title)
                continue
            number = reader.get_destination_page_number(entry)
            title = (*path, " ".join(str(entry.title).split()))
            if number is not None and number >= 0:
                found.setdefault(number + 1, []).append(title)

    try:
        walk(reader.outline, ())
    except Exception:
        return {}
    return found


def _letters(text: str) -> str:
    return re.sub(r"^[\W\d_]+|\W+", "", text).casefold()


def _day(reader: Any) -> str | None:
    try:
        moment = reader.metadata and (reader.metadata.modification_date or reader.metadata.creation_date)
        return moment.date().isoformat() if moment else None
    except Exception:
        return None


def docx(data: bytes) -> Content:
    """The paragraphs and table rows of a Word document, under its headings. Raises Unreadable."""
    from docx import Document
    from docx.table import Table

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(member.file_size for member in archive.infolist()) > _LARGEST_UNPACKED:
            raise Unreadable(f"unpacks to more than {_LARGEST_UNPACKED >> 20} MB")
    document = Document(io.BytesIO(data))
    for hidden in document.element.body.xpath(_HIDDEN):
        hidden.getparent().remove(hidden)
    blocks: list[Block] = []
    path: list[tuple[int, str]] = []
    for item in document.iter_inner_content():
        headings = tuple(title for _, title in path)
        if isinstance(item, Table):
            blocks += [Block(row, headings) for row in _rows(item)]
            continue
        words = " ".join(item.text.split())
        if not words:
            continue
        level = _level(item.style.name if item.style is not None else "")
        if level is None:
            blocks.append(Block(words, headings))
        else:
            path = [*(entry for entry in path if entry[0] < level), (level, words)]
    return Content(blocks, date=_written(document.part.package))


def _written(package: Any) -> str | None:
    """The day a Word document was last changed, or made; None if all that is known is when its template was."""
    from docx.opc.constants import RELATIONSHIP_TYPE

    try:
        properties = package.part_related_by(RELATIONSHIP_TYPE.CORE_PROPERTIES).core_properties
    except KeyError:  # asked in the usual way, python-docx makes up properties of today
        return None
    days = [moment.date().isoformat() for moment in (properties.modified, properties.created) if moment]
    return next((day for day in days if day != _TEMPLATE), None)


def _level(style: str | None) -> int | None:
    if style == "Title":
        return 0
    found = re.fullmatch(r"[Hh]eading (\d)", style or "")
    return int(found[1]) if found else None


def _rows(table: Any) -> Iterator[str]:
    for row in table.rows:
        cells = dict.fromkeys(" ".join(cell.text.split()) for cell in row.cells)  # merged cells repeat
        text = " ".join(filter(None, cells))
        if text:
            yield text
