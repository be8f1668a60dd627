"""From a file to its content: the right converter for each kind, with bounds on everything."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Callable
from pathlib import Path

from memory.documents import plain
from memory.documents.content import Content, Unreadable

LARGEST_FILE = 50 * 1024 * 1024
"""Bytes; larger files, or files that unpack to more, are left out with a reason."""

_SAMPLE = 64 * 1024
_FENCE_OR_COMMENT = re.compile(r"^ *(```|~~~).*?(?:^ *\1|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL | re.MULTILINE)
"""In Markdown: code, which is shown as it stands, or a comment, which isn't."""


def _text(data: bytes) -> Content:
    return Content(plain.blocks(decoded(data)))


def _markdown(data: bytes) -> Content:
    shown = _FENCE_OR_COMMENT.sub(lambda found: found[0] if found[1] else "\n" * found[0].count("\n"), decoded(data))
    return Content(plain.blocks(shown, markdown=True))


def _html(data: bytes) -> Content:
    from memory.documents import markup

    return markup.html(data, decoded(data))


def _pdf(data: bytes) -> Content:
    from memory.documents import office

    return office.pdf(data)


def _docx(data: bytes) -> Content:
    from memory.documents import office

    return office.docx(data)


def _table(delimiter: str | None) -> Callable[[bytes], Content]:
    def convert(data: bytes) -> Content:
        from memory.documents import tables

        return tables.separated(decoded(data), delimiter)

    return convert


def _json(data: bytes) -> Content:
    from memory.documents import tables

    return tables.json_rows(decoded(data))


CONVERTERS: dict[str, Callable[[bytes], Content]] = {
    ".txt": _text, ".text": _text, ".rst": _text, ".log": _text, ".md": _markdown, ".markdown": _markdown,
    ".html": _html, ".htm": _html, ".xhtml": _html, ".pdf": _pdf, ".docx": _docx,
    ".csv": _table(None), ".tsv": _table("\t"), ".json": _json,
}  # fmt: skip


def kind(path: Path) -> str | None:
    """The suffix that decides how `path` is read, '.gz' put aside; None if no converter knows it."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] == ".gz":
        suffixes.pop()
    return suffixes[-1] if suffixes and suffixes[-1] in CONVERTERS else None


def is_prose(path: Path) -> bool:
    """Whether a file is text as it stands, rather than something that must be converted."""
    return path.suffix.lower() != ".gz" and CONVERTERS.get(kind(path) or "", _text) in (_text, _markdown)


def load(path: Path) -> bytes:
    """The bytes of a file. Raises Unreadable with the reason: too large, not a file, no permission."""
    try:
        if not path.is_file():
            raise Unreadable("is not a regular file")
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise Unreadable(f"is too large: {size >> 20} MB, the limit is {LARGEST_FILE >> 20} MB; split it")
        return path.read_bytes()
    except OSError as error:
        raise Unreadable(f"can't be read: {error.strerror or error}") from error


def convert(path: Path, data: bytes) -> Content:
    """The content of a file, from its bytes. Raises Unreadable with the reason."""
    if path.suffix.lower() == ".gz":
        data = _unpacked(data)
    if not data.strip():
        raise Unreadable("is empty")
    try:
        content = CONVERTERS.get(kind(path) or "", _text)(data)
    except Unreadable:
        raise
    except Exception as error:  # whatever a converter raises on a broken file concerns this file only
        raise Unreadable(f"is damaged or not what its name says: {type(error).__name__}: {error}"[:300]) from error
    if not content.blocks:
        raise Unreadable("has no text in it")
    return content


def decoded(data: bytes) -> str:
    """Text in whatever encoding it is: byte order mark, UTF-8, else detected. Raises Unreadable."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if b"\0" in data[:_SAMPLE]:
        raise Unreadable("is binary, not text")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = _detected(data)
    controls = sum(1 for character in text[:_SAMPLE] if character < " " and character not in "\t\n\r\f\x1b\x08")
    if controls > len(text[:_SAMPLE]) / 50:
        raise Unreadable("is binary, not text")
    return text.replace("\0", "")


def _detected(data: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_SAMPLE]).best()
    if best is None:
        raise Unreadable("is binary, or text in an unknown encoding; save it as UTF-8")
    return data.decode(best.encoding, "replace")


def _unpacked(data: bytes) -> bytes:
    try:
        with gzip.open(io.BytesIO(data)) as stream:
            unpacked = stream.read(LARGEST_FILE + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise Unreadable(f"can't be unpacked: {error}") from error
    if len(unpacked) > LARGEST_FILE:
        raise Unreadable(f"unpacks to more than {LARGEST_FILE >> 20} MB")
    return unpacked
