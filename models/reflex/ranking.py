"""Which sentences of the evidence answer a question, and whether any does."""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.reflex.quantities import Quantity, find_dates, find_numbers
from models.reflex.question import NUMERIC, Asked, Term
from models.reflex.sentences import Span, split_clauses, split_sentences
from models.reflex.similarity import near_words
from models.reflex.words import NUMERALS, RELATED, is_function_word, same_word, squeeze, words

ANSWERS = 0.63
"""The least merit of a sentence that answers. Tuned on tests/models/test_reflex_answers.py."""
_NEAR = 0.36
_RELATED = 0.85
_BY_HEADING, _BY_ASKING_HEADING, _BY_PRONOUN, _BY_REFERENCE, _BY_NEIGHBOUR = 0.7, 0.92, 0.9, 0.65, 0.3
_UNKNOWN = 0.66
"""What a word of the question that occurs nowhere, in no form, leaves of every score."""
_WITHOUT = {"age": 0.5, "duration": 0.5, "number": 0.5, "percent": 0.5, "money": 0.5, "date": 0.55}
"""What a sentence without the kind of thing asked for keeps of its score; 0.8 for other kinds."""
_LONG = 15
_PRONOUN_FIRST = re.compile(r"^\W*(?:he|she|it|they)\b", re.IGNORECASE)
_POINTS_ELSEWHERE = re.compile(
    r"^\W*(?:please\s+)?(?:see|refer to|read|for (?:more|additional|further)|more (?:detailed )?information|"
    r"note that)\b"
    r"|^\W*.{0,60}\b(?:refer to|is available (?:at|from)|can be found (?:at|in))\b",
    re.IGNORECASE,
)
_BOUNDED = re.compile(r"\b(?:more|less|fewer|longer|later|other) than\b|\bexceeding\b", re.IGNORECASE)
_DEICTIC = re.compile(r"^\W*(?:this|these|those|such|that)\b", re.IGNORECASE)
_BY_NAME = re.compile(r"\bby\s+(?!the\b)[A-Z]\w+")
_LASTS = re.compile(r"\bfor (?:\w+ ){1,2}(?:years|months|weeks|days|hours)\b|\bterm of\b|\blasts?\b", re.IGNORECASE)
_RECURRING = re.compile(
    r"\bevery (?:other |second |third |fourth |fifth |sixth |tenth )?(?:year|month|week|day|hour|session|term)"
    r"|\bannual|\bfor life\b|\bgood behavio",
    re.IGNORECASE,
)
_OF_DURATIONS = frozenset({"term", "serv", "hold", "offic", "last", "period", "take", "stay", "duration", "length"})
"""What is said of every duration, and so tells none apart."""
_PARTS = frozenset(
    {
        "articl",
        "section",
        "amend",
        "chapter",
        "part",
        "titl",
        "rul",
        "clau",
        "appendix",
        "figur",
        "tabl",
        "page",
        "step",
    }
)
_CONDITIONAL = re.compile(r"^\W*(?:if|in case|when|whenever|unless|except|suppose|should)\b", re.IGNORECASE)
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
_REASON_WORDS = re.compile(r"\b(?:because|since|so that|in order|therefore|due to|reason|as a result|"
                           r"to (?:avoid|ensure|"
                           r"allow|"
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
    """A sentence of a passage.

    `score`, from 0 to about 1.3, ranks it; `merit` is the score without what is due to its form alone, and decides
    whether it answers; `coverage`: the share of the question it has; `fits`: it holds the kind of answer asked for.
    """

    passage: Passage
    span: Span
    order: int
    score: float
    coverage: float
    fits: bool
    merit: float

    @property
    def answers(self) -> bool:
        return self.merit >= ANSWERS


@dataclass(frozen=True)
class _Sentence:
    passage: Passage
    span: Span
    order: int
    stems: frozenset[str]
    heading: frozenset[str]
    capitals: frozenset[str]
    is_title: bool = False


def rank(asked: Asked, passages: Sequence[Passage]) -> list[Candidate]:
    """The sentences of `passages`, best answer first; those that answer have `answers`."""
    sentences = [sentence for passage in passages for sentence in _sentences(passage)]
    if not asked.terms or all(sentence.is_title for sentence in sentences):
        return []
    matcher = _Matcher(asked.terms, sentences, asked.kind == "duration")
    found = [
        matcher.candidate(asked, sentence, before=_before(sentences, position))
        for position, sentence in enumerate(sentences)
        if not sentence.is_title
    ]
    return sorted(found, key=lambda candidate: (-candidate.score, candidate.passage.index, candidate.span.start))


def best_clauses(asked: Asked, span: Span, most_words: int) -> Span:
    """The part of a long sentence that says most about what is asked: whole clauses, of about `most_words` words.

    Parts divided by semicolons and colons come first; one that is still too long is divided at its commas.
    """
    for clauses in (split_clauses(span, strong=True), split_clauses(span)):
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


def fits(asked: Asked, text: str) -> bool:
    """Whether `text` holds the kind of thing that is asked for: a number, a date, a person, ..."""
    kind = asked.kind
    if kind in NUMERIC:
        return _fits_number(asked, text)
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


def defines(name: str, text: str) -> bool:
    """Whether `text` begins as a definition of `name` does: 'A virtual package is ...'."""
    subject = rf"^\W*(?:an?\s+|the\s+)?(?:[\w/-]+\s+)?{re.escape(name)}\b[\w/\s\"”’'()-]{{0,30}}?"
    pattern = rf"{subject}\b(?:is|are|means?|refers?|denotes?)\b"
    if re.search(pattern + r"(?!\s+(?:always|also|not|being|available|used|removed|installed))", text, re.IGNORECASE):
        return True
    return bool(
        re.search(rf"\b(?:called|known as|named)\s+(?:an?\s+|the\s+)?\W?{re.escape(name)}\b", text, re.IGNORECASE)
    )


def counts(number: Quantity, unit: str, text: str) -> bool:
    """Whether `number` counts what `unit` stands for: '59100 software packages'."""
    if same_word(number.unit, unit) or number.unit in RELATED.get(unit, ()):
        return True
    following = [word.stem for word in words(text[number.end : number.end + 60])[:4]]
    return any(same_word(unit, stem) or stem in RELATED.get(unit, ()) for stem in following)


def _fits_number(asked: Asked, text: str) -> bool:
    numbers = [number for number in find_numbers(text) if not number.is_weak or counts(number, asked.unit, text)]
    if asked.kind in ("age", "duration"):
        timed = any(number.unit in _TIME_UNITS for number in numbers)
        return timed or (asked.kind == "duration" and bool(_RECURRING.search(text)))
    if asked.kind == "percent":
        return any(number.unit == "%" or isinstance(number.value, float) for number in numbers) or "ajority" in text
    if asked.unit:
        return any(counts(number, asked.unit, text) for number in numbers)
    return bool(numbers) or bool(re.search(r"\bat least|no\b|\bonce\b|\btwice\b|\bevery\b", text))


class _Matcher:
    """Matches the terms of one question against sentences."""

    def __init__(self, terms: Sequence[Term], sentences: Sequence[_Sentence], duration: bool) -> None:
        self.terms = terms
        counts: Counter[str] = Counter()
        for sentence in sentences:
            counts.update(sentence.stems | sentence.heading)
        vocabulary = set(counts)
        self.duration = duration
        self.names_a_part = any(term.stem in _PARTS for term in terms)
        self.capitals = {stem for sentence in sentences for stem in sentence.capitals}
        self.values = {term.stem: self._values(term, vocabulary) for term in terms}
        self._add_near(vocabulary)
        self.unknown = {
            term.stem for term in terms if not term.implied and max(self.values[term.stem].values(), default=0.0) < 0.81
        }
        self.weights = {term.stem: self._weight(term, counts, len(sentences)) for term in terms}
        self.total = sum(self.weights.values())

    def candidate(self, asked: Asked, sentence: _Sentence, before: Sequence[_Sentence]) -> Candidate:
        text = sentence.span.text
        share_before = _BY_REFERENCE if _REFERS_BACK.search(text) else _BY_NEIGHBOUR
        heading_asks = self._heading_asks(sentence)
        by_heading = max(_BY_HEADING, _BY_ASKING_HEADING - 0.04 * sentence.order) if heading_asks else _BY_HEADING
        covered = own = 0.0
        missing, unknown = False, 0
        for term in self.terms:
            here = self._match(term, sentence.stems)
            is_bare_number = term.word.text.isdigit() and not self.names_a_part
            elsewhere = 0.0 if is_bare_number else by_heading * self._match(term, sentence.heading)
            for distance, earlier in enumerate(before):
                share = _BY_PRONOUN if distance == 0 and _PRONOUN_FIRST.match(text) else share_before
                share *= 1.0 if distance == 0 else 0.7
                elsewhere = max(elsewhere, share * self._match(term, earlier.stems))
            value = max(here, elsewhere)
            own += self.weights[term.stem] * here
            covered += self.weights[term.stem] * value
            missing = missing or (term.must and value < 0.3)
            unknown += term.stem in self.unknown and value < 0.3
        coverage, own_coverage = covered / self.total, own / self.total
        holds = fits(asked, text)
        score = coverage * (0.55 if missing else 1.0) * _UNKNOWN**unknown
        score *= 1.0 if holds else _WITHOUT.get(asked.kind, 0.8)
        form = self._form(asked, text)
        score += 0.1 * own_coverage + 0.03 * sentence.passage.rank + form
        if own == 0 and not heading_asks:
            score *= 0.85
        count = len(sentence.stems)
        score *= 1.0 if count >= 3 or heading_asks else 0.7
        score -= (0.05 if asked.is_fact else 0.02) * max(0.0, math.log(max(count, 1) / _LONG))
        score += 0.08 / (1 + sentence.order) if heading_asks else 0.0
        merit = score - max(0.0, form - 0.04)
        return Candidate(sentence.passage, sentence.span, sentence.order, score, coverage, holds, merit)

    def _form(self, asked: Asked, text: str) -> float:
        """For the form: 'An X is ...' answers 'What is an X?'; what sends the reader elsewhere answers little."""
        bonus = 0.0
        if asked.kind == "definition" and any(defines(term.word.text, text) for term in self.terms):
            bonus += 0.25
        lowered = squeeze(text).lower()
        bonus += 0.04 * sum(phrase in lowered for phrase in asked.phrases)
        if asked.kind == "person" and _BY_NAME.search(text):
            bonus += 0.05
        if _POINTS_ELSEWHERE.match(text):
            bonus -= 0.15
        if _DEICTIC.match(text):
            bonus -= 0.08
        if asked.kind == "duration" and (_RECURRING.search(text) or _LASTS.search(text)):
            bonus += 0.08
        if asked.kind in NUMERIC and _BOUNDED.search(text):
            bonus -= 0.1
        if asked.is_fact and _CONDITIONAL.match(text) and not _CONDITIONAL.search(asked.text):
            bonus -= 0.05
        return bonus

    def _heading_asks(self, sentence: _Sentence) -> bool:
        matched = sum(self.weights[term.stem] for term in self.terms if self._match(term, sentence.heading) >= 0.8)
        return matched >= 0.8 * self.total

    def _match(self, term: Term, stems: frozenset[str]) -> float:
        values = self.values[term.stem]
        return max((values[stem] for stem in stems & values.keys()), default=0.0)

    def _values(self, term: Term, vocabulary: Iterable[str]) -> dict[str, float]:
        related = RELATED.get(term.stem, frozenset())
        values: dict[str, float] = {}
        if term.must and term.word.is_capital and term.stem not in self.capitals:
            return values
        for stem in vocabulary:
            if same_word(term.stem, stem):
                values[stem] = 1.0
            elif stem in related and (self.names_a_part or stem not in NUMERALS):
                values[stem] = _RELATED
        return values

    def _add_near(self, vocabulary: Iterable[str]) -> None:
        """What means nearly the same, for the words that occur nowhere themselves and aren't names or numbers.

        Where a word does occur, its neighbours in meaning are other things: a senator is no president.
        """
        open_terms = [term for term in self.terms if not term.must and 1.0 not in self.values[term.stem].values()]
        candidates = [stem for stem in vocabulary if len(stem) > 2 and stem.isalpha()]
        near = near_words((term.word.text.lower() for term in open_terms), candidates, _NEAR)
        for term in open_terms:
            for stem, similarity in near.get(term.word.text.lower(), {}).items():
                if stem in term.stem or term.stem in stem:
                    continue  # near by its letters: bitcoin is no coin
                value = min(0.8, 0.45 + (similarity - _NEAR) * 1.2)
                self.values[term.stem][stem] = max(self.values[term.stem].get(stem, 0.0), value)

    def _weight(self, term: Term, counts: Counter[str], total: int) -> float:
        frequency = max((counts[stem] for stem in self.values[term.stem] if same_word(stem, term.stem)), default=0)
        rarity = math.log((total + 1) / (frequency + 1)) / math.log(total + 1) if total > 1 else 1.0
        weight = 0.45 + 0.55 * min(1.0, rarity)
        if self.duration and term.stem in _OF_DURATIONS:
            weight *= 0.35
        return weight * (1.4 if term.must else 1.0)


def _overlap(wanted: set[str], found: set[str]) -> set[str]:
    return {term for term in wanted if any(same_word(term, stem) or stem in RELATED.get(term, ()) for stem in found)}


def _sentences(passage: Passage) -> list[_Sentence]:
    return [_Sentence(passage, *read) for read in _read(passage.text, passage.heading)]


_Read = tuple[Span, int, frozenset[str], frozenset[str], frozenset[str], bool]


@functools.lru_cache(maxsize=512)
def _read(text: str, heading: str) -> tuple[_Read, ...]:
    """What is known of each sentence of a text: the members of _Sentence after the passage.

    A run reads the same passages for several questions, and once more when it writes.
    """
    found: list[_Read] = []
    under, order = heading, 0
    for span in split_sentences(text):
        is_title = span.is_heading or span.text.rstrip("\"'”’)").endswith("?")
        if is_title:
            under, order = f"{heading} {span.text}", 0
        found_words, heading_words = words(span.text), words(under)
        stems = frozenset(word.stem for word in found_words if not is_function_word(word))
        capitals = frozenset(word.stem for word in (*found_words, *heading_words) if word.is_capital)
        found.append((span, order, stems, frozenset(word.stem for word in heading_words), capitals, is_title))
        order += not is_title
    return tuple(found)


def _before(sentences: Sequence[_Sentence], position: int) -> list[_Sentence]:
    """The two sentences before, of the same passage, nearest first."""
    passage = sentences[position].passage
    return [
        s
        for s in reversed(sentences[max(0, position - 2) : position])
        if s.passage is passage and not s.span.is_heading
    ]
