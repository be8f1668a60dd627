"""The part of a long sentence that answers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from models.reflex.fitting import fits
from models.reflex.question import Asked
from models.reflex.sentences import Span, split_clauses
from models.reflex.words import RELATED, same_word, words

_PRONOUN = re.compile(r"\W*(?:(?:and|but|or|nor)\s+)?(?:he|she|it|they)\b", re.IGNORECASE)
"""How a clause begins that has the subject of its sentence."""
_AUXILIARY = re.compile(r"\b(?:shall|may|must|can|will|is|are|was|were|has|have|had)\b", re.IGNORECASE)


def best_clauses(asked: Asked, span: Span, most_words: int) -> Span:
    """The part of a long sentence that says most about what is asked: whole clauses, of about `most_words` words.

    Parts divided by semicolons and colons come first; one that is still too long is divided at its commas.
    """
    for division in ({"strong": True}, {}, {"fine": True}):
        clauses = split_clauses(span, **division)
        if len(span.text.split()) <= most_words or len(clauses) < 2:
            continue
        first, last = _best_run(asked, clauses, most_words)
        if first and sum(len(clause.text.split()) for clause in clauses[: last + 1]) <= most_words:
            first = 0
        start, end = clauses[first].start, clauses[last].end
        span = Span(start, end, span.text[start - span.start : end - span.start])
    return span


def _best_run(asked: Asked, clauses: Sequence[Span], most_words: int) -> tuple[int, int]:
    """First and last of the successive clauses that together say most, the fewer words the better."""
    wanted = {term.stem for term in asked.terms}
    musts = {term.stem for term in asked.terms if term.must}
    found = [_overlap(wanted, {word.stem for word in words(clause.text)}) for clause in clauses]
    subject = _overlap(wanted, {word.stem for word in words(_AUXILIARY.split(clauses[0].text, maxsplit=1)[0])})
    found = [own | subject if _PRONOUN.match(clause.text) else own for own, clause in zip(found, clauses, strict=True)]
    holds = [fits(asked, clause.text) for clause in clauses]
    best: tuple[float, int, int] = (-1.0, 0, 0)
    for first in range(len(clauses)):
        length, covered = 0, set[str]()
        for last in range(first, len(clauses)):
            length += len(clauses[last].text.split())
            if length > most_words and last > first:
                break
            covered |= found[last]
            value = (
                len(covered)
                + len(covered & musts)
                + 1.5 * any(holds[first : last + 1])
                - 0.005 * length
                - (0.5 if length < 8 else 0.0)
            )
            if value > best[0]:
                best = (value, first, last)
    return best[1], best[2]


def _overlap(wanted: set[str], found: set[str]) -> set[str]:
    return {term for term in wanted if any(same_word(term, stem) or stem in RELATED.get(term, ()) for stem in found)}
