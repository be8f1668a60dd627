"""fetch_page: the readable text of a web page."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from memory.documents.markup import is_hidden
from state.result import Evidence
from tools.registry import ToolFailure, ToolOutput, ToolSpec, tool
from tools.safe_http import HttpResponse, SafeHttp, raise_for_status

MAX_TEXT = 200_000
"""Characters of a page's text that are kept."""
_CHUNK = 1_000
_MAX_PAGE_BYTES = 4_000_000
_HTML = {"text/html", "application/xhtml+xml", ""}
_PLAIN = {"application/json", "application/xml", "application/rss+xml", "application/atom+xml", "application/ld+json"}


class _Page(NamedTuple):
    title: str
    date: str | None
    text: str


def fetch_page(*, allow: Collection[str] = (), http: SafeHttp | None = None) -> ToolSpec:
    """The tool `fetch_page`. `allow` names non-public hosts it may read, as in AddressRules; `http` is the client."""
    client = http or SafeHttp(allow=allow, max_bytes=_MAX_PAGE_BYTES)

    @tool(risk="read", trusted=False, timeout=45.0, open_world=True)
    async def fetch_page(url: str) -> ToolOutput:
        """Read a web page: its title, date and main text, without menus and advertisements.

        Returns {"url", "title", "date", "text"}; `url` is where redirects led, `date` is YYYY-MM-DD or null.
        Only public http and https addresses can be read.
        """
        response = await client.get(url, {"Accept": "text/html,application/xhtml+xml,text/plain;q=0.9,*/*;q=0.5"})
        raise_for_status(response, response.url)
        page = await asyncio.to_thread(_read, response)
        if not page.text:
            raise ToolFailure(f"{response.url} holds no readable text; it may need a browser with scripts")
        value: dict[str, Any] = {"url": response.url, "title": page.title, "date": page.date, "text": page.text}
        return ToolOutput(value, list(_evidence(page, response.url)))

    return fetch_page


def _read(response: HttpResponse) -> _Page:
    """The text of a response. Parses, so it must not run on the event loop."""
    kind = response.content_type
    if kind in _HTML:
        page = _main_text(response) or _all_text(response)
    elif kind.startswith("text/") or kind in _PLAIN or kind.endswith(("+json", "+xml")):
        page = _Page("", None, response.text)
    else:
        raise ToolFailure(f"{response.url} is {kind}, not a page with text; fetch_page reads HTML and plain text")
    return page._replace(text=page.text[:MAX_TEXT].replace("\0", "").strip())


def _main_text(response: HttpResponse) -> _Page | None:
    import trafilatura

    try:
        found: Any = trafilatura.bare_extraction(
            _shown(trafilatura.load_html(_html(response))),
            url=response.url,
            with_metadata=True,
            include_comments=False,
            include_tables=True,
        )
    except Exception:
        # A page that the extractor stumbles over still has text.
        return None
    if found is None or not (found.text or "").strip():
        return None
    return _Page(str(found.title or ""), found.date or None, str(found.text))


def _shown(page: Any) -> Any:
    """A page's tree without what its own markup hides."""
    for element in [one for one in page.iter() if isinstance(one.tag, str) and is_hidden(one.tag, one.attrib)]:
        element.drop_tree()
    return page


def _all_text(response: HttpResponse) -> _Page:
    """All visible text, for pages that have no main part."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(_html(response), "lxml")
    title = " ".join(soup.title.get_text(" ").split()) if soup.title else ""
    for hidden in soup(["script", "style", "noscript", "template", "head", "svg"]):
        hidden.decompose()
    for hidden in soup(lambda element: is_hidden(element.name, element.attrs)):
        hidden.extract()
    lines = (" ".join(line.split()) for line in soup.get_text("\n").splitlines())
    return _Page(title, None, "\n".join(line for line in lines if line))


def _html(response: HttpResponse) -> str | bytes:
    """The body as text if the server named its encoding; else as bytes, for the parser to find it in the page."""
    return response.text if "charset=" in response.headers.get("content-type", "").lower() else response.body


def _evidence(page: _Page, url: str) -> Iterator[Evidence]:
    source = page.title or urlsplit(url).hostname or url
    for place, text in _chunks(page.text):
        yield Evidence(text=text, source=source, place=place, url=url, date=page.date, trusted=False)


def _chunks(text: str) -> Iterator[tuple[str, str]]:
    """The text in pieces of whole paragraphs, with their place: 'paragraph 3' or 'paragraphs 3-5'."""
    paragraphs = [line.strip() for line in text.splitlines() if line.strip()]
    first, held = 1, list[str]()
    for number, paragraph in enumerate(paragraphs, start=1):
        if held and sum(map(len, held)) + len(paragraph) > _CHUNK:
            yield _place(first, number - 1), "\n".join(held)
            first, held = number, []
        held.append(paragraph)
    if held:
        yield _place(first, len(paragraphs)), "\n".join(held)


def _place(first: int, last: int) -> str:
    return f"paragraph {first}" if first == last else f"paragraphs {first}-{last}"
