"""A model's text as a draft of the answer."""

from __future__ import annotations

import re
from collections import defaultdict

from models.chat.calls import Reply
from models.chat.text import shape
from state.verdict import Draft

NOT_FOUND = "The sources at hand don't answer this."
_MISSING = re.compile(r"^\W*missing\s*:\**\s*(.+)$", re.IGNORECASE | re.MULTILINE)
_MARKS = re.compile(r"[\[【]\s*(?:sources?\s*)?(\d{1,3}(?:\s*[,;]\s*(?:sources?\s*)?\d{1,3})*)\s*[\]】]", re.IGNORECASE)
_WHOLE = re.compile(r"[.!?](?:\s*\[\d+\])*(?=\s|$)|\](?=\n|$)")
_PIECES = re.compile(r"(?<=[.!?\]])(?=\s)|(?<=\n)")
_ALIKE = 10


def draft_of(reply: Reply) -> Draft | None:
    """What a model wrote, as a draft: marks in the form [1][2], what it says is missing as gaps, the sentence it was
    cut off in and what it said again and again left out. None if nothing remains."""
    text = _whole_sentences(reply.text) if reply.cut else reply.text
    gaps = [gap.strip() for gap in _MISSING.findall(text)]
    gaps = [gap for gap in gaps if gap.lower().rstrip(".") not in ("none", "nothing", "n/a", "-")]
    body = _MISSING.sub("", text).replace("[n]", "")
    body = _MARKS.sub(lambda match: "".join(f"[{number}]" for number in re.findall(r"\d+", match.group(1))), body)
    body = _without_loops(body, alike=reply.circling).strip()
    if re.search(r"\w", _MARKS.sub("", body)):
        return Draft(text=body, gaps=gaps)
    return Draft(text=NOT_FOUND, gaps=gaps) if gaps else None


def _whole_sentences(text: str) -> str:
    """`text` without the sentence it breaks off in, if any is whole."""
    ends = [match.end() for match in _WHOLE.finditer(text)]
    return text[: ends[-1]] if ends else text


def _without_loops(text: str, *, alike: bool) -> str:
    """`text` without repetitions; `alike`: nor sentences of which many differ in their numbers only."""
    pieces = _PIECES.split(text)
    variants: defaultdict[str, set[str]] = defaultdict(set)
    for piece in pieces:
        variants[shape(piece)].add(" ".join(piece.split()))
    seen: set[str] = set()
    kept = []
    for piece in pieces:
        said = " ".join(piece.split())
        repeated = len(said) > 20 and said in seen
        counting = alike and len(variants[shape(piece)]) >= _ALIKE
        if not repeated and not counting:
            kept.append(piece)
        seen.add(said)
    return "".join(kept)
