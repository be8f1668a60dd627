"""HTML: the text of the page in reading order, with its headings; no scripts, styles or navigation, nothing hidden."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from memory.documents.content import Block, Content, Unreadable

_SKIPPED = frozenset(
    """
    script style noscript template svg math canvas iframe object nav footer aside form button select textarea
    head
    """.split()  # noqa: SIM905
)
_BLOCKS = frozenset(
    """
    address article blockquote body caption center dd details div dl dt fieldset figcaption figure header hr
    html li main ol p pre section summary table tbody tfoot thead tr ul h1 h2 h3 h4 h5 h6
    """.split()  # noqa: SIM905
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_NOISE = frozenset({"headerlink", "sphinxsidebar", "toctree-wrapper", "related", "toc", "breadcrumbs"})
_NAVIGATION = frozenset({"navigation", "search", "banner", "contentinfo"})
_WHOLE = frozenset({"html", "body"})
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_DAY = re.compile(r"\d{4}-\d\d-\d\d(?!\d)")
_DATES = ("article:modified_time", "article:published_time", "dcterms.date", "dcterms.modified", "date")


def html(data: bytes, text: str) -> Content:
    """The content of an HTML page. Raises Unreadable."""
    from lxml import etree
    from lxml import html as lxml_html

    # A page that names its encoding is decoded by lxml, which refuses text that carries a declaration.
    declared = b"charset" in data[:2048].lower() or data.lstrip().startswith(b"<?xml")
    encoding = None if declared else "utf-8"
    parser = lxml_html.HTMLParser(huge_tree=True, remove_comments=True, remove_pis=True, encoding=encoding)
    try:
        root = lxml_html.document_fromstring(data if declared else text.encode(), parser=parser)
    except etree.ParserError as error:
        raise Unreadable("has no text in it") from error
    return Content(list(_blocks(etree, root)), date=_date(root))


def is_hidden(tag: str, attributes: Mapping[str, Any]) -> bool:
    """Whether an element says of itself that nobody is to see it: a usual place for orders to models.

    Style sheets aren't looked at. A whole page that is hidden is one that a script shows.
    """
    if tag in _WHOLE:
        return False
    style = _COMMENT.sub("", str(attributes.get("style") or "")).lower()
    declared = dict(declaration.replace("!important", "").partition(":")[::2] for declaration in style.split(";"))
    told = {name.strip(): value.strip() for name, value in declared.items()}
    return "hidden" in attributes or told.get("display") == "none" or told.get("visibility") in ("hidden", "collapse")


def _blocks(etree: Any, root: Any) -> Iterator[Block]:
    path: list[tuple[int, str]] = []
    buffer: list[str] = []
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        tag = element.tag if isinstance(element.tag, str) else ""
        if event == "start" and _is_noise(element, tag):
            walk.skip_subtree()
            continue
        if tag in _BLOCKS:
            words = " ".join("".join(buffer).split())
            buffer.clear()
            if event == "end" and tag in _HEADINGS:
                if words:
                    level = _HEADINGS[tag]
                    path = [*(entry for entry in path if entry[0] < level), (level, words)]
            elif words:
                yield Block(words, tuple(title for _, title in path))
        elif tag in ("br", "td", "th"):
            buffer.append(" ")
        if event == "start":
            buffer.append(element.text or "")
        elif not (tag in _HEADINGS and element is root):
            buffer.append(element.tail or "")


def _is_noise(element: Any, tag: str) -> bool:
    if tag in _SKIPPED or is_hidden(tag, element.attrib):
        return True
    if element.get("role") in _NAVIGATION:
        return True
    return tag != "body" and not _NOISE.isdisjoint((element.get("class") or "").split())


def _date(root: Any) -> str | None:
    found = {
        (meta.get("property") or meta.get("name") or "").lower(): meta.get("content") for meta in root.iter("meta")
    }
    return next((day[0] for name in _DATES if (day := _DAY.match(found.get(name) or ""))), None)
