"""The answer to one question in the making: sentences with their marks, and what they cite."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from models.reflex.words import squeeze
from state.result import Citation, Evidence


@dataclass
class Part:
    """The answer to one question out of `evidence`.

    `lines`: sentences with their marks; `gap`: what is missing; `nothing`: what stands in the place of an answer.
    """

    question: str
    evidence: Sequence[Evidence]
    lines: list[str] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    gap: str = ""
    nothing: str = "I found no answer to this."

    @property
    def words(self) -> int:
        return sum(len(line.split()) for line in self.lines)

    def say(self, index: int, text: str, quote: str) -> None:
        """Add a sentence that rests on `quote`, in the evidence of that index."""
        item = self.evidence[index]
        closed = re.match(r"^(.*?)([.!?]?)$", text, re.DOTALL)
        body, end = (closed[1].rstrip(), closed[2]) if closed else (text, "")
        if body.endswith("…"):
            self.lines.append(f"{body[:-1].rstrip()} [{index + 1}] …")
        else:
            self.lines.append(f"{body} [{index + 1}]{end or '.'}")
        self.citations.append(
            Citation(
                number=index + 1,
                quote=quote,
                source=item.source,
                place=item.place,
                task=item.task,
                url=item.url,
                date=item.date,
            )
        )

    def has(self, text: str) -> bool:
        """Whether `text` is quoted already, or a part of what is."""
        text = squeeze(text)
        quotes = [squeeze(citation.quote) for citation in self.citations]
        return any(quote in text or text in quote for quote in quotes)
