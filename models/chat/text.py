"""Reading what a model wrote: its JSON wherever it put it, its text without the thinking aloud."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

_OPEN, _CLOSE = "<think>", "</think>"
_THINKING = re.compile(r"\s*<think>.*?(</think>\s*|\Z)", re.DOTALL)
_FENCED = re.compile(r"```[\w-]*\s*\n?(.*?)(?:```|\Z)", re.DOTALL)
_TRAILING_COMMA = re.compile(r",\s*([}\]])")
_BREAK = re.compile(r"(?<=[.!?])\s+|\n+")
_NUMBER = re.compile(r"\d+")
_SAME, _ALIKE, _LONG = 4, 30, 500
_LONGEST_JSON = 200_000
_MOST_STARTS = 50


class NoJson(ValueError):
    """There is no JSON in a text. The message is for the model that wrote it."""


def without_thinking(text: str) -> str:
    """`text` without the `<think>` block that reasoning models of small servers put before their answer."""
    return _THINKING.sub("", text, count=1) if text.lstrip().startswith(_OPEN) else text


class Unthinking:
    """Passes a stream of text on, without a leading `<think>` block. `close` passes on what was held back."""

    def __init__(self, on_text: Callable[[str], None]) -> None:
        self._on_text = on_text
        self._held: str | None = ""

    def __call__(self, text: str) -> None:
        if self._held is None:
            if text:
                self._on_text(text)
            return
        self._held += text
        start = self._held.lstrip()
        if _OPEN.startswith(start[: len(_OPEN)]):  # may be thinking, or become it
            if not start.startswith(_OPEN) or _CLOSE not in start:
                return
            start = start.partition(_CLOSE)[2].lstrip()
            if not start:  # the white space after it isn't the answer's
                self._held = ""
                return
        self._held = None
        self._on_text(start)

    def close(self) -> None:
        """The stream is over."""
        held, self._held = without_thinking(self._held or ""), None
        if held.strip():
            self._on_text(held)


def shape(text: str) -> str:
    """`text` with its numbers masked and its white space made one."""
    return _NUMBER.sub("#", " ".join(text.split()))


class Circles:
    """Notices that a stream of text goes in circles, as weak models' do: call it with each piece."""

    def __init__(self) -> None:
        self._piece = ""
        self._seen: Counter[str] = Counter()

    def __call__(self, text: str) -> bool:
        """Whether the text has said the same thing, or things that differ only in their numbers, too often."""
        *pieces, self._piece = _BREAK.split(self._piece + text)
        for piece in pieces:
            said, form = " ".join(piece.split()), shape(piece)
            self._seen.update({said, form} if said else ())
            if (len(said) > 20 and self._seen[said] >= _SAME) or self._seen[form] >= _ALIKE:
                return True
        return len(self._piece) > _LONG and self._piece.count(self._piece[-40:]) >= _SAME


def read_json(text: str) -> Any:
    """The JSON value in `text`: bare, fenced, or with prose around it; the largest if there are several.

    Forgives trailing commas and Python's quotes. Raises NoJson.
    """
    text = text[:_LONGEST_JSON].strip()
    for candidate in (text, *(match.strip() for match in _FENCED.findall(text))):
        try:
            return _loads(candidate)
        except ValueError:
            continue
    found = _largest(text)
    if found is None:
        found = _largest(_TRAILING_COMMA.sub(r"\1", text))
    if found is None:
        raise NoJson("it is not JSON" + (", or was cut off before its end" if "{" in text else ""))
    return found


def _loads(text: str) -> Any:
    for variant in dict.fromkeys((text, _TRAILING_COMMA.sub(r"\1", text))):
        try:
            value = json.loads(variant, parse_constant=lambda _: None, strict=False)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict | list):
            return value
    if text[:1] in "{[" and len(text) < 20_000:
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            raise NoJson("it is not JSON") from None
        return json.loads(json.dumps(value, default=str))
    raise NoJson("it is not JSON")


def _largest(text: str) -> Any:
    decoder = json.JSONDecoder(parse_constant=lambda _: None, strict=False)
    best: tuple[int, Any] | None = None
    position, starts = 0, 0
    while starts < _MOST_STARTS and (start := re.compile(r"[{\[]").search(text, position)):
        starts += 1
        try:
            value, end = decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            position = start.end()
            continue
        if (isinstance(value, dict) or not best) and (best is None or end - start.start() > best[0]) and value:
            best = (end - start.start(), value)
        position = end
    return best[1] if best else None
