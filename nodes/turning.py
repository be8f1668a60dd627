"""Whether a sentence turns round what its quotations say: its negation, its opposites, who does what to whom."""

from __future__ import annotations

import re
from collections.abc import Sequence

from models.reflex.words import content_words, squeeze, words
from nodes.clauses import is_number, nearest_to, overlap, stems_of, stems_of_text, subject_of
from nodes.paraphrase import FRAMING, OPPOSITES

NEGATION = re.compile(r"\b(?:not|no|cannot|never|nothing|none|nobody|neither|nor|without)\b|n['’]t\b", re.IGNORECASE)
_DENYING = (
    r"forb\w+|prohibit\w*|ban(?:s|ned)?|bar(?:s|red)?|disallow\w*|outlaw\w*|abolish\w*|unless|except\w*|only|until"
    r"|limit\w*|without|lacks?|lacking|exempt\w*|refus\w+|den(?:y|ies|ied)|prevent\w*|instead|rather|less|fewer"
    r"|younger|under|invalid|un\w+able|ineligible|reject\w*"
)
_DENIAL = re.compile(rf"\b(?:{_DENYING})\b", re.IGNORECASE)
_TURNING = re.compile(rf"\b(?:{_DENYING}|but|both|free|alone|sole\w*|protect\w*|guarantee\w*)\b", re.IGNORECASE)
"""What may say without a negation what another says with one."""
_TWICE = re.compile(
    r"\b(?:unless|until|without)\b|\bwho\b.{1,40}\bnot\b|\bbut (?:by|with)\b", re.IGNORECASE | re.DOTALL
)
"""Denies what is denied: 'no person who shall not', 'no vote unless'."""
_EXCEPTION = re.compile(r"\bexcept\b(?:\s+\S+){1,6}", re.IGNORECASE)
_PASSIVE = re.compile(
    r"\b(?:is|are|was|were|be|been|being)\s+(?:\w+ly\s+)?\w+(?:ed|en|wn|ld|nt|de|ught)\b", re.IGNORECASE
)
_PART = re.compile(r"\b(?:when|if|while|whenever|whereas|after|before)\b|[,;:]")
_EQUATES = re.compile(r"\b(?:is|are|was|were)\b", re.IGNORECASE)
_AT_MOST = re.compile(
    r"\b(?:at most|at the most|no more than|not more than|no older|older than|up to|maximum|younger|under the age)\b",
    re.IGNORECASE,
)
_BOUND_ABOVE = re.compile(
    r"\b(?:most|exceed\w*|more|maximum|limit\w*|under|less|within|up to|below|fewer|younger|until|older|over|above)\b",
    re.IGNORECASE,
)


def turned(body: str, quotes: Sequence[str]) -> list[tuple[str, str]]:
    """How it does, as pairs of a kind and the words: 'negation', 'opposite' or 'roles'."""
    return (
        _turned_round(body, quotes) or _opposite(body, quotes) or _swapped(body, quotes) or _on_themselves(body, quotes)
    )


def _clauses(text: str) -> list[str]:
    return [piece for piece in re.split(r"(?<=[;:.])\s+|,\s+(?=(?:and|but|nor|or)\b)", text) if piece.strip()]


def _turned_round(body: str, quotes: Sequence[str]) -> list[tuple[str, str]]:
    nearest, everything = squeeze(nearest_to(body, quotes)), " ".join(quotes)
    clause = max(_clauses(nearest), key=lambda text: overlap(body, text), default=nearest)
    denied = NEGATION.search(body)
    if denied:
        is_denied_there = NEGATION.search(everything) or _DENIAL.search(everything)
        return [] if is_denied_there else [("negation", denied.group())]
    turning = {word.lower() for word in _TURNING.findall(body)} - {word.lower() for word in _TURNING.findall(nearest)}
    there = [word for word in NEGATION.findall(clause) if word.lower() != "nor"]
    twice = _TWICE.search(nearest)
    if turning or len(there) != 1 or (twice and twice.group().lower() not in body.lower()):
        return []
    exception = _EXCEPTION.search(nearest)
    is_exception = exception is not None and overlap(body, exception.group()) > 0
    return [] if is_exception else [("negation", there[0])]


def _opposite(body: str, quotes: Sequence[str]) -> list[tuple[str, str]]:
    bounded = _AT_MOST.search(body)
    if bounded and not any(_BOUND_ABOVE.search(quote) for quote in quotes):
        return [("opposite", bounded.group())]
    quoted = stems_of(quotes)
    for word in words(body):
        forms = {word.stem, word.text.lower()}
        for one, other in OPPOSITES:
            for mine, theirs in ((one, other), (other, one)):
                if forms & mine and not mine & quoted and theirs & quoted and not theirs & stems_of_text(body):
                    return [("opposite", word.text)]
    return []


def _swapped(body: str, quotes: Sequence[str]) -> list[tuple[str, str]]:
    """Whether two who are both quoted change places: the one does here what the other does there."""
    nearest = squeeze(nearest_to(body, quotes))
    there = [(part, *_subject_and_rest(part)) for part in _PART.split(nearest)]
    everybody, everywhere = stems_of_text(body), stems_of_text(nearest)
    for part in _PART.split(body):
        subject, rest = _subject_and_rest(part)
        alike = [(len(rest & other[2]), other) for other in there if other[1] and rest & other[2]]
        if not subject or not alike:
            continue
        _, (text, doers, _) = max(alike, key=lambda pair: pair[0])
        is_same_voice = bool(_PASSIVE.search(part)) == bool(_PASSIVE.search(text))
        if is_same_voice and not subject & doers and doers <= everybody and subject <= everywhere:
            return [("roles", next(word.text for word in words(part) if word.stem in subject))]
    return []


def _on_themselves(body: str, quotes: Sequence[str]) -> list[tuple[str, str]]:
    """Whether one does to themselves ('the President presides over the trial of the President') what the quotation,
    which names them once, says of somebody else."""
    if _EQUATES.search(body):
        return []
    said = [word.text.lower() for word in words(body)]
    there = [word.text.lower() for word in words(nearest_to(body, quotes))]
    doers = [word for word in subject_of(body) if said.count(word.text.lower()) > 1]
    return [("roles", word.text) for word in doers if there.count(word.text.lower()) == 1][:1]


def _subject_and_rest(part: str) -> tuple[frozenset[str], frozenset[str]]:
    """The stems of a clause's subject, and of the rest of it, without numbers and what only frames."""
    subject = frozenset(word.stem for word in subject_of(part))
    telling = frozenset(word.stem for word in content_words(part) if not is_number(word)) - FRAMING
    return subject & telling, telling - subject
