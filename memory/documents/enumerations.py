"""Lists whose items go on with one sentence: 'The Congress shall have Power' belongs to 'To declare War' too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

ITEM = re.compile(r"\s*(?:[-*+•·‣◦–]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)]|\([ivx]+\))\s+\S")
"""Begins an item of a list with marks."""
_FIRST_WORD = re.compile(r"[A-Z][a-z]+\b")
_LAST_SENTENCE = re.compile(r"(?:^|(?<=[.!?;])\s+)(?P<text>[^.!?;]*(?:[.!?;](?=\S)[^.!?;]*)*:)$")
_LEAST_WORDS, _MOST_WORDS = 2, 30


def lead_ins(paragraphs: Sequence[str]) -> list[str]:
    """For each of successive paragraphs the beginning of the list that it is a later item of; '' for all others.

    A list begins with a paragraph that ends in a colon, before items with marks; with one that isn't closed at all,
    before items that end in semicolons; or with one that ends in a semicolon and has its first item in it. Items
    without marks begin with the same word.
    """
    found: list[str] = []
    lead, word, is_open = "", "", False
    for index, text in enumerate(paragraphs):
        begins = _FIRST_WORD.match(text)
        if is_open and (begins and begins.group() == word if word else ITEM.match(text)):
            found.append(lead)
            continue
        found.append("")
        following = paragraphs[index + 1] if index + 1 < len(paragraphs) else ""
        lead, word = _opening(text, following)
        is_open = bool(lead)
    return found


def _opening(text: str, following: str) -> tuple[str, str]:
    """The lead-in of the list that `text` opens, and the word its items begin with ('' if they have marks)."""
    text = text.rstrip()
    if text.endswith(":") and ITEM.match(following):
        match = _LAST_SENTENCE.search(text)
        return _bounded([match["text"].strip()] if match else []), ""
    word = _FIRST_WORD.match(following)
    if word and following.rstrip().endswith(";") and text[-1:].isalpha():
        return _bounded([text]), word.group()
    if text.endswith(";") and word:
        cut = re.search(rf"\s{word.group()}\b", text)
        return _bounded([text[: cut.start()]] if cut and ";" not in text[: cut.start()] else []), word.group()
    return "", ""


def _bounded(leads: Iterable[str]) -> str:
    return next((lead for lead in leads if _LEAST_WORDS <= len(lead.split()) <= _MOST_WORDS), "")
