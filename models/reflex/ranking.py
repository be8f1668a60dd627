"""Which sentences of the evidence answer a question, and whether any does."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.reflex.quantities import find_dates, find_numbers
from models.reflex.question import NUMERIC, Asked, Term
from models.reflex.sentences import Span, split_clauses, split_sentences
from models.reflex.similarity import near_words
from models.reflex.words import RELATED, is_function_word, same_word, words

ANSWERS = 0.6
"""The least score of a sentence that answers. Tuned on tests/models/test_reflex_answers.py."""
_NEAR = 0.36
_RELATED = 0.85
_BY_HEADING, _BY_REFERENCE, _BY_NEIGHBOUR = 0.7, 0.65, 0.3
_LONG = 45
_REFERS_BACK = re.compile(
    r"\b(?:he|she|it|they|his|her|its|their|him|them|this|that|these|those|such|said|same)\b|^(?:the|each|every|both)\b",
    re.IGNORECASE,
)
_TIME_WORDS = re.compile(
    r"\b(?:january|february|march|april|june|july|august|september|october|november|december|(?:mon|tues|wednes|thurs|"
    r"fri|satur|sun)day|noon|midnight|daily|weekly|monthly|yearly|annually|(?:once|twice|every|each|within|after|before|"
    r"until|during|in)\s+(?:\w+\s+){0,3}(?:year|month|week|day|hour|session|release|term)s?|whenever|when|immediately)\b",
    re.IGNORECASE,
)
_TIME_UNITS = {"year", "month", "week", "day", "hour", "minut", "second", "centur", "decad"}
_PLACE_WORDS = re.compile(
    r"\b(?:in|at|on|from|under|within|into|near)\s+(?:the\s+|an?\s+)?[A-Z/~\w]|/\w+/|https?://", re.UNICODE
)
_REASON_WORDS = re.compile(r"\b(?:because|since|so that|in order|therefore|due to|reason|as a result|to (?:avoid|ensure|allow|"
                           r"prevent|make|be)|for|means that|thus)\b", re.IGNORECASE)  # fmt: skip
_PERSONS = re.compile(
    r"\b(?:persons?|people|members?|users?|everyone|anyone|president|congress|senate|house|court|team|group|project|"
    r"\w+(?:ers?|ors?|ists?|ents?|ants?|ians?))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Passage:
    """A text that may answer, by its index in what was searched. `heading`: where it stands, as text."""

    index: int
    text: str
    heading: str = ""
    rank: float = 0.0


@dataclass(frozen=True)
class Candidate:
    """A sentence of a passage. `score`: 0 to about 1; `fits`: it holds the kind of answer asked for."""

    passage: Passage
    span: Span
    order: int
    score: float
    coverage: float
    fits: bool

    @property
    def answers(self) -> bool:
        return self.score >= ANSWERS


@dataclass(frozen=True)
class _Sentence:
    passage: Passage
    span: Span
    order: int
    stems: frozenset[str]
    heading: frozenset[str]


def rank(asked: Asked, passages: Sequence[Passage]) -> list[Candidate]:
    """The sentences of `passages`, best answer first; those that answer have `answers`."""
    sentences = [sentence for passage in passages for sentence in _sentences(passage)]
    if not sentences or not asked.terms:
        return []
    matcher = _Matcher(asked.terms, sentences)
    found = [
        matcher.candidate(asked, sentence, before=_before(sentences, position))
        for position, sentence in enumerate(sentences)
        if not sentence.span.is_heading and not sentence.span.text.rstrip("\"'”’)").endswith("?")
    ]
    return sorted(found, key=lambda candidate: (-candidate.score, candidate.passage.index, candidate.span.start))


def best_clauses(asked: Asked, span: Span, most_words: int) -> Span:
    """The part of a long sentence that says most about what is asked, whole clauses of at most `most_words` words."""
    clauses = split_clauses(span)
    if len(span.text.split()) <= most_words or len(clauses) < 2:
        return span
    wanted = {term.stem for term in asked.terms}
    hits = [
        len(_overlap(wanted, {word.stem for word in words(clause.text)})) + fits(asked, clause.text)
        for clause in clauses
    ]
    best: tuple[float, int, int] = (-1.0, 0, 0)
    for first in range(len(clauses)):
        length = 0
        for last in range(first, len(clauses)):
            length += len(clauses[last].text.split())
            if length > most_words and last > first:
                break
            value = sum(hits[first : last + 1]) - 0.01 * length
            if value > best[0]:
                best = (value, first, last)
    start, end = clauses[best[1]].start, clauses[best[2]].end
    return Span(start, end, span.text[start - span.start : end - span.start])


def fits(asked: Asked, text: str) -> bool:
    """Whether `text` holds the kind of thing that is asked for: a number, a date, a person, ..."""
    kind = asked.kind
    if kind in NUMERIC:
        numbers = [number for number in find_numbers(text) if not number.is_weak or asked.unit == number.unit]
        if kind in ("age", "duration"):
            return any(number.unit in _TIME_UNITS or number.unit == "" for number in numbers)
        if kind == "percent":
            return any(number.unit == "%" or isinstance(number.value, float) for number in numbers) or "ajority" in text
        return bool(numbers) or (
            asked.unit == "" and bool(re.search(r"\bat least|no\b|\bonce\b|\btwice\b|\bevery\b", text))
        )
    if kind == "date":
        return bool(find_dates(text) or _TIME_WORDS.search(text))
    if kind == "person":
        later = text[1:]
        return bool(re.search(r"(?<![.!?]\s)\b[A-Z][a-z]+", later) or _PERSONS.search(text))
    if kind == "place":
        return bool(_PLACE_WORDS.search(text))
    if kind == "reason":
        return bool(_REASON_WORDS.search(text))
    return True


class _Matcher:
    """Matches the terms of one question against sentences."""

    def __init__(self, terms: Sequence[Term], sentences: Sequence[_Sentence]) -> None:
        self.terms = terms
        counts: Counter[str] = Counter()
        for sentence in sentences:
            counts.update(sentence.stems)
        vocabulary = set(counts).union(*(sentence.heading for sentence in sentences))
        self.values = {term.stem: self._values(term, vocabulary) for term in terms}
        self._add_near(vocabulary)
        self.weights = {term.stem: self._weight(term, counts, len(sentences)) for term in terms}
        self.total = sum(self.weights.values())

    def candidate(self, asked: Asked, sentence: _Sentence, before: Sequence[_Sentence]) -> Candidate:
        refers_back = bool(_REFERS_BACK.search(sentence.span.text))
        covered = own = 0.0
        missing = False
        for term in self.terms:
            here = self._match(term, sentence.stems)
            elsewhere = _BY_HEADING * self._match(term, sentence.heading)
            for distance, earlier in enumerate(before):
                share = (_BY_REFERENCE if refers_back else _BY_NEIGHBOUR) * (1.0 if distance == 0 else 0.7)
                elsewhere = max(elsewhere, share * self._match(term, earlier.stems))
            value = max(here, elsewhere)
            own += self.weights[term.stem] * here
            covered += self.weights[term.stem] * value
            missing = missing or (term.must and value < 0.3)
        coverage, own_coverage = covered / self.total, own / self.total
        holds = fits(asked, sentence.span.text)
        score = coverage * (0.55 if missing else 1.0) * (1.0 if holds else 0.6 if asked.kind in NUMERIC else 0.8)
        score += 0.05 * own_coverage + 0.03 * sentence.passage.rank + self._form(asked, sentence)
        if own == 0:
            score *= 0.85
        count = len(sentence.stems)
        score *= 1.0 if count >= 5 else 0.7
        score -= 0.04 * max(0.0, math.log(max(count, 1) / _LONG)) if count > _LONG else 0.0
        return Candidate(sentence.passage, sentence.span, sentence.order, score, coverage, holds)

    def _form(self, asked: Asked, sentence: _Sentence) -> float:
        """A bonus for a sentence whose form is that of an answer: 'An X is ...' to 'What is an X?'."""
        bonus = 0.06 if sentence.order == 0 and self._heading_asks(sentence) else 0.0
        if asked.kind == "definition":
            names = "|".join(re.escape(term.word.text) for term in self.terms)
            pattern = rf"^\W*(?:an?\s+|the\s+)?(?:[\w/-]+\s+)?(?:{names})\b.{{0,40}}?\b(?:is|are|means?|refers?|denotes?|was|were)\b"
            if re.search(pattern, sentence.span.text, re.IGNORECASE | re.DOTALL):
                bonus += 0.12
        return bonus

    def _heading_asks(self, sentence: _Sentence) -> bool:
        matched = sum(self.weights[term.stem] for term in self.terms if self._match(term, sentence.heading) >= 0.8)
        return matched >= 0.8 * self.total

    def _match(self, term: Term, stems: frozenset[str]) -> float:
        values = self.values[term.stem]
        return max((values[stem] for stem in stems & values.keys()), default=0.0)

    @staticmethod
    def _values(term: Term, vocabulary: Iterable[str]) -> dict[str, float]:
        related = RELATED.get(term.stem, frozenset())
        values = {}
        for stem in vocabulary:
            if same_word(term.stem, stem):
                values[stem] = 1.0
            elif stem in related:
                values[stem] = _RELATED
        return values

    def _add_near(self, vocabulary: Iterable[str]) -> None:
        """What means nearly the same, for the terms that aren't names or numbers."""
        open_terms = [term for term in self.terms if not term.must]
        candidates = [stem for stem in vocabulary if len(stem) > 2 and stem.isalpha()]
        near = near_words((term.word.text.lower() for term in open_terms), candidates, _NEAR)
        for term in open_terms:
            for stem, similarity in near.get(term.word.text.lower(), {}).items():
                value = min(0.8, 0.45 + (similarity - _NEAR) * 1.2)
                self.values[term.stem][stem] = max(self.values[term.stem].get(stem, 0.0), value)

    def _weight(self, term: Term, counts: Counter[str], total: int) -> float:
        frequency = max((counts[stem] for stem in self.values[term.stem] if same_word(stem, term.stem)), default=0)
        rarity = math.log((total + 1) / (frequency + 1)) / math.log(total + 1) if total > 1 else 1.0
        weight = 0.6 + 0.4 * min(1.0, rarity)
        return weight * (1.4 if term.must else 1.0)


def _overlap(wanted: set[str], found: set[str]) -> set[str]:
    return {term for term in wanted if any(same_word(term, stem) or stem in RELATED.get(term, ()) for stem in found)}


def _sentences(passage: Passage) -> list[_Sentence]:
    heading = passage.heading
    found: list[_Sentence] = []
    order = 0
    for span in split_sentences(passage.text):
        if span.is_heading:
            heading, order = f"{passage.heading} {span.text}", 0
        stems = frozenset(word.stem for word in words(span.text) if not is_function_word(word))
        found.append(_Sentence(passage, span, order, stems, frozenset(word.stem for word in words(heading))))
        order += not span.is_heading
    return found


def _before(sentences: Sequence[_Sentence], position: int) -> list[_Sentence]:
    """The two sentences before, of the same passage, nearest first."""
    passage = sentences[position].passage
    return [
        s
        for s in reversed(sentences[max(0, position - 2) : position])
        if s.passage is passage and not s.span.is_heading
    ]
