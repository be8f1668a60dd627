"""HTML and SVG put together from parts, so that no text of a run can act as markup."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import urlsplit

from state.text import printable

_BOLD = re.compile(r"\*\*(?=\S)([^*\n]+)(?<=\S)\*\*")


class Markup(str):
    """Markup that is finished: whatever else is put into an element is text, and escaped."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return str(self)


def escaped(text: object) -> Markup:
    """`text` as it is to be read: nothing in it acts, hides or reorders."""
    return Markup(html.escape(printable(str(text))))


def element(name: str, *children: object, **attributes: Any) -> Markup:
    """One element. Children that aren't Markup are escaped; None is left out, as a child and as an attribute.

    `_` in an attribute's name stands for `-`, one at its end for nothing: `stroke_width=1`, `class_="x"`.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escaped(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = "".join(child if isinstance(child, Markup) else escaped(child) for child in children if child is not None)
    return Markup(f"<{name}{given}>{inside}</{name}>")


def prose(text: str) -> Markup:
    """An answer's text: paragraphs, line breaks and **bold**; everything else is as it is written."""
    paragraphs = [part for part in re.split(r"\n{2,}", printable(text).strip()) if part]
    return Markup("".join(element("p", _emphasised(part), style="margin:0 0 .6em") for part in paragraphs))


def link(url: str | None, text: str) -> Markup:
    """`text`, as a link if `url` is a web address; any other scheme could act."""
    if url and urlsplit(url).scheme in ("http", "https"):
        return element("a", text, href=url, rel="noopener noreferrer", target="_blank")
    return escaped(text)


def cut(text: object, length: int) -> str:
    """`text` on one line, of at most `length` characters."""
    line = " ".join(printable(str(text)).split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def _emphasised(text: str) -> Markup:
    marked = _BOLD.sub(r"<b>\1</b>", escaped(text))
    return Markup(marked.replace("\n", "<br>"))
