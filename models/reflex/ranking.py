"""Which sentences of the evidence answer a question, and whether any does."""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.reflex.fitting import RECURRING, defines, fits
from models.reflex.parts import PARTS, named_parts, part_asked_for
from models.reflex.quantities import find_dates
from models.reflex.question import FACTS, NUMERIC, Asked, Term
from models.reflex.sentences import Span, split_clauses, split_sentences
from models.reflex.similarity import near_words
from models.reflex.words import NUMERALS, RELATED, Word, is_function_word, same_word, squeeze, words
from models.reflex.words import stem as stem_of

ANSWERS = 0.63
"""The least merit of a sentence that answers. Tuned on tests/models/test_reflex_answers.py."""
_NEAR = 0.36
_RELATED = 0.85
_BY_HEADING, _BY_ASKING_HEADING, _BY_PRONOUN, _BY_REFERENCE, _BY_NEIGHBOUR = 0.7, 0.92, 0.9, 0.65, 0.3
_FAINT, _LIKELY = 0.3, 0.7
"""What a word of the question matches with, at least, to be there at all, and to be there for sure."""
_ELSEWHERE = 0.6
"""What a sentence keeps of its score that isn't in the part of the document that the question names."""
_UNKNOWN = 0.66
"""What a word of the question that occurs nowhere, in no form, leaves of every score."""
_WITHOUT = {"age": 0.5, "duration": 0.5, "number": 0.5, "percent": 0.5, "money": 0.5, "date": 0.55}
"""What a sentence without the kind of thing asked for keeps of its score; 0.8 for other kinds."""
_LONG, _SHORT = 15, 10
_PRONOUN_FIRST = re.compile(r"^\W*(?:he|she|it|they)\b", re.IGNORECASE)
_POINTS_ELSEWHERE = re.compile(
    r"^\W*(?:please\s+)?(?:see|refer to|read|for (?:more|additional|further)|more (?:detailed )?information|"
    r"note that)\b"
    r"|^\W*.{0,60}\b(?:refer to|is available (?:at|from)|can be found (?:at|in))\b",
    re.IGNORECASE,
)
_BOUNDED = re.compile(r"\b(?:more|less|fewer|longer|later|other) than\b(?!\s+\d{3})|\bexceeding\b", re.IGNORECASE)
_DEICTIC = re.compile(r"^\W*(?:this|these|those|such|that)\b", re.IGNORECASE)
_BY_NAME = re.compile(r"\bby\s+(?!the\b)[A-Z]\w+")
_LASTS = re.compile(r"\bfor (?:\w+ ){1,2}(?:years|months|weeks|days|hours)\b|\bterm of\b|\blasts?\b", re.IGNORECASE)
_OF_DURATIONS = frozenset({"term", "serv", "hold", "offic", "last", "period", "take", "stay", "duration", "length"})
"""What is said of every duration, and so tells none apart."""
_MUST = re.compile(r"\b(?:must|required|shall|have to|has to)\b", re.IGNORECASE)
_OF_HEADS = frozenset({"definition", "person"})
"""Kinds whose answer is about the very thing that is asked for: a capital, a president."""
_CONTRASTS = re.compile(r"^\W*(?:but|and|or|nor|however|provided)\b", re.IGNORECASE)
_TELLS_HOW = re.compile(r"\b(?:shall|must|may|can|should|by \w+ing|use|run|type|with the)\b", re.IGNORECASE)
_THIS_IS = re.compile(r"^\W*(?:this|it|these|they)\s+(?:is|are)\b", re.IGNORECASE)
_PASSIVE = re.compile(r"\b(?:be|been|being|is|are|was|were)\s+(?:\w+ly\s+)?$", re.IGNORECASE)
_DOES = re.compile(r"^\W*(?:(?:and|but|or)\s+)?(?:the|each|every|an?|no)?\s*(?:[\w-]+\s+){1,5}"
                   r"(?:shall|may|must|can|will|has|have)\s+"
                   r"(?:have\s+|then\s+|\w+ly\s+|the\s+|power\s+|to\s+|sole\s+)*$", re.IGNORECASE)  # fmt: skip
_CONDITIONAL = re.compile(r"^\W*(?:if|in case|when|whenever|unless|except|suppose|should)\b", re.IGNORECASE)
_REFERS_BACK = re.compile(
    r"\b(?:he|she|it|they|his|her|its|their|him|them|this|that|these|those|such|said|same)\b|^(?:the|each|every|both)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Passage:
    """A text that may answer, by its index in what was searched. `heading`: where it stands; `source`: its name."""

    index: int
    text: str
    heading: str = ""
    rank: float = 0.0
    source: str = ""


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
    title: frozenset[str] = frozenset()
    parts: frozenset[tuple[str, int]] = frozenset()
    source: frozenset[str] = frozenset()
    opens: bool = True

    @property
    def stems_above(self) -> frozenset[str]:
        """What is known about the sentence without reading it: its headings, and the name of its source."""
        return self.heading | self.source


def rank(asked: Asked, passages: Sequence[Passage]) -> list[Candidate]:
    """The sentences of `passages`, best answer first; those that answer have `answers`."""
    first: dict[str, int] = {}
    places = [_place(passage.heading) for passage in passages]
    for title, line in places:
        first[title] = min(first.get(title, line), line)
    sentences = [
        sentence
        for passage, (title, line) in zip(passages, places, strict=True)
        for sentence in _sentences(passage, opens=line <= first[title])
    ]
    if not asked.terms or all(sentence.is_title for sentence in sentences):
        return []
    matcher = _Matcher(asked, sentences)
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


def date_before(passage: Passage, span: Span) -> Span | None:
    """The short sentence before `span` that dates it: 'Ratified August 18, 1920.'"""
    earlier = [s for s in split_sentences(passage.text) if s.end <= span.start][-3:]
    dated = [
        s for s in earlier if len(s.text.split()) <= _SHORT and any(len(d.value) == 10 for d in find_dates(s.text))
    ]
    return dated[-1] if dated else None


class _Matcher:
    """Matches the terms of one question against sentences."""

    def __init__(self, asked: Asked, sentences: Sequence[_Sentence]) -> None:
        self.terms = terms = asked.terms
        self.part = part_asked_for(asked.text)
        self.names = asked.phrases if len(terms) == 2 and asked.phrases else [term.word.text for term in terms]
        parts = named_parts(asked.text)
        self.named = {s.passage.index for s in sentences if parts and parts <= s.parts}
        counts: Counter[str] = Counter()
        for sentence in sentences:
            counts.update(sentence.stems | sentence.stems_above)
        vocabulary = set(counts)
        self.duration = asked.kind == "duration"
        self.names_a_part = any(term.stem in PARTS for term in terms)
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
        missing, unknown = False, 0.0
        for term in self.terms:
            here = self._match(term, sentence.stems)
            if self.part and term.word.text.lower().startswith(self.part):
                here = by_heading = 1.0 if self._match(term, sentence.heading) else 0.0
            is_bare_number = term.word.text.isdigit() and not self.names_a_part
            elsewhere = 0.0 if is_bare_number else by_heading * self._match(term, sentence.stems_above)
            for distance, earlier in enumerate(before):
                share = _BY_PRONOUN if distance == 0 and _PRONOUN_FIRST.match(text) else share_before
                share *= 1.0 if distance == 0 else 0.7
                elsewhere = max(elsewhere, share * self._match(term, earlier.stems))
            value = max(here, elsewhere)
            own += self.weights[term.stem] * here
            covered += self.weights[term.stem] * value
            missing = missing or (
                value < _FAINT and (term.must or (asked.kind in _OF_HEADS and term.stem == asked.head))
            )
            if term.stem in self.unknown:
                unknown += 1.0 if value < _FAINT else 0.5 if value < _LIKELY else 0.0
        coverage, own_coverage = covered / self.total, own / self.total
        holds = fits(asked, text) or (asked.kind == "date" and bool(date_before(sentence.passage, sentence.span)))
        score = coverage * (0.55 if missing else 1.0) * _UNKNOWN**unknown
        score *= 1.0 if holds else _WITHOUT.get(asked.kind, 0.8)
        form = self._form(asked, sentence)
        score += 0.1 * own_coverage + 0.03 * sentence.passage.rank + form
        if own == 0 and not heading_asks:
            score *= 0.85
        if self.named and sentence.passage.index not in self.named:
            score *= _ELSEWHERE
        count = len(sentence.stems)
        score *= 1.0 if count >= 3 or heading_asks else 0.7
        score -= (0.05 if asked.is_fact else 0.02) * max(0.0, math.log(max(count, 1) / _LONG))
        score += 0.08 / (1 + sentence.order) if heading_asks and sentence.opens else 0.0
        merit = score - max(0.0, form - 0.04)
        return Candidate(sentence.passage, sentence.span, sentence.order, score, coverage, holds, merit)

    def _form(self, asked: Asked, sentence: _Sentence) -> float:
        """For the form: 'An X is ...' answers 'What is an X?'; what sends the reader elsewhere answers little."""
        bonus, text = 0.0, sentence.span.text
        if asked.kind == "definition" and (
            self._defines_heading(sentence) or any(defines(name, text) for name in self.names)
        ):
            bonus += 0.25
        if asked.kind == "person":
            bonus += self._agent(asked, text)
        if asked.kind == "method" and _TELLS_HOW.search(text) and not _DEICTIC.match(text):
            bonus += 0.06
        lowered = squeeze(text).lower()
        bonus += 0.04 * sum(phrase in lowered for phrase in asked.phrases)
        if asked.kind == "person" and _BY_NAME.search(text):
            bonus += 0.05
        if _POINTS_ELSEWHERE.match(text):
            bonus -= 0.15
        if _DEICTIC.match(text):
            bonus -= 0.08
        if asked.kind not in FACTS and _MUST.search(asked.text) and _MUST.search(text):
            bonus += 0.04
        if _CONTRASTS.match(text):
            bonus -= 0.06
        if asked.kind == "duration" and (RECURRING.search(text) or _LASTS.search(text)):
            bonus += 0.08
        if asked.kind in NUMERIC and _BOUNDED.search(text):
            bonus -= 0.1
        if asked.is_fact and _CONDITIONAL.match(text) and not _CONDITIONAL.search(asked.text):
            bonus -= 0.05
        return bonus

    def _defines_heading(self, sentence: _Sentence) -> bool:
        """'This is the main tool' under the heading 'dpkg'."""
        if sentence.order or not _THIS_IS.match(sentence.span.text):
            return False
        return bool(sentence.title) and sentence.title == {term.stem for term in self.terms}

    def _agent(self, asked: Asked, text: str) -> float:
        """For whoever does what is asked: 'The Electors shall elect', rather than 'who shall be elected'."""
        found = words(text)
        doing = next((w for w in found if any(same_word(term.stem, w.stem) for term in self.terms[:1])), None)
        if doing is None or not asked.terms:
            return 0.0
        before = text[: doing.start]
        if _PASSIVE.search(before):
            return 0.05 if re.search(r"\bby\b", text[doing.end :]) else -0.04
        return 0.08 if _DOES.search(before) else 0.0

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
            if same_word(term.stem, stem) or stem in term.compounds:
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


def _sentences(passage: Passage, *, opens: bool) -> list[_Sentence]:
    headings, _ = _place(passage.heading)
    title = frozenset(word.stem for word in words(headings.rpartition(", ")[2]) if word.stem.isalpha())
    parts = named_parts(passage.heading)
    source = frozenset(word.stem for word in words(passage.source))
    return [_Sentence(passage, *read, title, parts, source, opens) for read in _read(passage.text, passage.heading)]


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
        stems = frozenset(word.stem for word in found_words if not is_function_word(word)) | _halves(found_words)
        capitals = frozenset(word.stem for word in (*found_words, *heading_words) if word.is_capital)
        found.append((span, order, stems, frozenset(word.stem for word in heading_words), capitals, is_title))
        order += not is_title
    return tuple(found)


def _place(heading: str) -> tuple[str, int]:
    """The headings and the line of a place: 'Chapter 8, 8.1.1. dpkg, line 12 faq.txt'."""
    match = re.search(r",? line (\d+)\b.*$", heading)
    return (heading[: match.start()], int(match[1])) if match else (heading, 0)


def _halves(found: Sequence[Word]) -> frozenset[str]:
    """The stems of the parts of words with hyphens: 'vice' and 'president' of 'Vice-President'."""
    return frozenset(stem_of(part) for word in found if "-" in word.text for part in word.text.split("-") if part)


def _before(sentences: Sequence[_Sentence], position: int) -> list[_Sentence]:
    """The two sentences before, of the same passage, nearest first."""
    passage = sentences[position].passage
    return [
        s
        for s in reversed(sentences[max(0, position - 2) : position])
        if s.passage is passage and not s.span.is_heading
    ]
