"""Which sentences of the evidence answer a question, and whether any does."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from models.reflex.fitting import fits
from models.reflex.form import worth_of_form
from models.reflex.matching import FAINT, LIKELY, Matcher
from models.reflex.parts import named_parts
from models.reflex.passages import Passage, Sentence, before, date_before, sentences_of
from models.reflex.quantities import find_dates
from models.reflex.question import NUMERIC, Asked, Term
from models.reflex.sentences import Span

ANSWERS = 0.63
"""The least merit of a sentence that answers. Tuned on the dev half of `python -m evals.reflex_answers`."""
_BY_HEADING, _BY_ASKING_HEADING, _BY_PRONOUN, _BY_REFERENCE, _BY_NEIGHBOUR = 0.7, 0.92, 0.9, 0.65, 0.3
_ELSEWHERE = 0.6
"""What a sentence keeps of its score that isn't in the part of the document that the question names."""
_OTHER_PATH = 0.7
"""What a sentence keeps of its score that names none of the paths that the question names."""
_UNKNOWN = 0.66
"""What a word of the question that occurs nowhere, in no form, leaves of every score: all of it that has
half of the question's weight or more, less of it that has less."""
_OPPOSITE = 0.4
"""What a sentence keeps of its score that tells of the opposite of what is asked: it isn't its answer."""
_SHARE = 2.5
_WITHOUT = {"age": 0.5, "duration": 0.5, "number": 0.5, "percent": 0.5, "money": 0.5, "date": 0.55}
"""What a sentence without the kind of thing asked for keeps of its score; 0.8 for other kinds."""
_LONG = 15
_OF_HEADS = frozenset({"definition", "person"})
"""Kinds whose answer is about the very thing that is asked for: a capital, a president."""
_PRONOUN_FIRST = re.compile(r"^\W*(?:he|she|it|they)\b", re.IGNORECASE)
_NAME_FIRST = re.compile(
    r"^\W*(?:[A-Z][\w.’'-]+(?:\s+[A-Z][\w.’'-]+)+|[Tt]he\s+(?:[a-z]+\s+)?[A-Z]\w+(?:\s+[a-z]+)?)\s+[a-z]"
)
"""How a sentence begins that says itself whom or what it is about."""
_REFERS_BACK = re.compile(
    r"\b(?:he|she|it|they|his|her|its|their|him|them|this|that|these|those|such|said|same)\b|^(?:the|each|every|both)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Candidate:
    """A sentence of a passage.

    `score`, from 0 to about 1.3, ranks it; `merit` is the score without what is due to its form alone, and decides
    whether it answers; `coverage`: the share of the question it has; `fits`: it holds the kind of answer asked for,
    without which a number asked for isn't given.
    """

    passage: Passage
    span: Span
    order: int
    score: float
    coverage: float
    fits: bool
    merit: float
    must_fit: bool = False

    @property
    def answers(self) -> bool:
        return self.merit >= ANSWERS and (self.fits or not self.must_fit)


class Ranker:
    """Ranks the sentences of one set of passages, once for each question that is asked of them."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._sentences = sentences_of(passages)
        self._ranked: dict[Asked, list[Candidate]] = {}

    def rank(self, asked: Asked) -> list[Candidate]:
        """The sentences, best answer first; those that answer have `answers`."""
        if asked not in self._ranked:
            self._ranked[asked] = _ranked(asked, self._sentences)
        return self._ranked[asked]


def _ranked(asked: Asked, sentences: Sequence[Sentence]) -> list[Candidate]:
    if not asked.terms or all(sentence.is_title for sentence in sentences):
        return []
    matcher = Matcher(asked, sentences)
    parts = named_parts(asked.text)
    named = {s.passage.index for s in sentences if parts and parts <= s.parts}
    found = [
        _candidate(
            asked,
            matcher,
            sentence,
            before(sentences, position),
            is_elsewhere=bool(named) and sentence.passage.index not in named,
        )
        for position, sentence in enumerate(sentences)
        if not sentence.is_title or _may_be_more(asked, sentence)
    ]
    return sorted(found, key=lambda candidate: (-candidate.score, candidate.passage.index, candidate.span.start))


def _may_be_more(asked: Asked, sentence: Sentence) -> bool:
    """Whether what looks like a heading may answer: 'Version 2, June 1991', 'Ratified July 9, 1868'."""
    return asked.kind == "date" and any(len(date.value) > 4 for date in find_dates(sentence.span.text))


def _candidate(
    asked: Asked, matcher: Matcher, sentence: Sentence, before: Sequence[Sentence], *, is_elsewhere: bool
) -> Candidate:
    text = sentence.span.text
    heading_asks = matcher.heading_asks(sentence)
    if not _PRONOUN_FIRST.match(text):
        before = [earlier for earlier in before if not matcher.says_the_opposite(earlier)]
    shares = _Shares.of(asked, matcher, sentence, before, heading_asks=heading_asks)
    holds = fits(asked, text) or (asked.kind == "date" and bool(date_before(sentence.passage, sentence.span)))
    score = shares.covered * (0.55 if shares.is_missing_some else 1.0) * _UNKNOWN**shares.unknown
    score *= 1.0 if holds else _WITHOUT.get(asked.kind, 0.8)
    form = worth_of_form(asked, sentence)
    score += 0.1 * shares.own + 0.03 * sentence.passage.rank + form
    if shares.own == 0 and not heading_asks:
        score *= 0.85
    if is_elsewhere:
        score *= _ELSEWHERE
    if asked.paths and not asked.paths & sentence.paths:
        score *= _OTHER_PATH
    count = len(sentence.stems)
    is_scrap = count < 3 and len(text.split()) < 3
    score *= 0.7 if is_scrap and not heading_asks else 1.0
    score -= (0.05 if asked.is_fact else 0.02) * max(0.0, math.log(max(count, 1) / _LONG))
    score += 0.08 / (1 + sentence.order) if heading_asks and sentence.opens else 0.0
    if asked.kind != "yes_no" and matcher.says_the_opposite(sentence):
        score *= _OPPOSITE
    merit = score - max(0.0, form - 0.04)
    return Candidate(
        sentence.passage, sentence.span, sentence.order, score, shares.covered, holds, merit, asked.kind in NUMERIC
    )


@dataclass(frozen=True)
class _Shares:
    """What a sentence has of a question, by weight, from 0 to 1.

    `covered`: with its headings and what stands before it; `own`: by itself. `unknown`: how many of the words that
    occur nowhere it leaves out. `is_missing_some`: it leaves out a word that an answer must have.
    """

    covered: float
    own: float
    unknown: float
    is_missing_some: bool

    @classmethod
    def of(
        cls, asked: Asked, matcher: Matcher, sentence: Sentence, before: Sequence[Sentence], *, heading_asks: bool
    ) -> _Shares:
        text = sentence.span.text
        share_before = _BY_REFERENCE if _REFERS_BACK.search(text) else _BY_NEIGHBOUR
        share_of_heading = max(_BY_HEADING, _BY_ASKING_HEADING - 0.04 * sentence.order) if heading_asks else _BY_HEADING
        begins_with_pronoun = bool(_PRONOUN_FIRST.match(text))
        named = sentence if not begins_with_pronoun else next(iter(before), sentence)
        is_about_another = bool(_NAME_FIRST.match(named.span.text))
        covered = own = unknown = 0.0
        is_missing_some = False
        for term in matcher.terms:
            by_heading = share_of_heading
            here = matcher.match(term, sentence.stems)
            if matcher.part and term.word.text.lower().startswith(matcher.part):
                here = by_heading = 1.0 if matcher.match(term, sentence.heading) else 0.0
            is_bare_number = term.word.text.isdigit() and not matcher.names_a_part
            elsewhere = 0.0 if is_bare_number else by_heading * matcher.match(term, sentence.stems_above)
            for distance, earlier in enumerate(before):
                share = _BY_PRONOUN if distance == 0 and begins_with_pronoun else share_before
                share *= 1.0 if distance == 0 else 0.7
                elsewhere = max(elsewhere, share * matcher.match(term, earlier.stems))
            if is_about_another and term.must and matcher.match(term, named.stems) < FAINT:
                elsewhere = 0.0
            value = max(here, elsewhere)
            own += matcher.weights[term.stem] * here
            covered += matcher.weights[term.stem] * value
            is_missing_some = is_missing_some or (value < FAINT and _must_be_there(asked, term))
            if term.stem in matcher.unknown and value < LIKELY:
                share = min(1.0, _SHARE * matcher.weights[term.stem] / matcher.said)
                unknown += share * (1.0 if value < FAINT else 0.5)
        return cls(covered / matcher.total, own / matcher.total, unknown, is_missing_some)


def _must_be_there(asked: Asked, term: Term) -> bool:
    return term.must or (asked.kind in _OF_HEADS and term.stem == asked.head)
