"""How well the words of a question match those of a sentence: the same word, one that stands for it, one near it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from models.reflex.opposites import OPPOSITES
from models.reflex.parts import PARTS, part_asked_for
from models.reflex.passages import Sentence
from models.reflex.question import Asked, Term
from models.reflex.similarity import near_words
from models.reflex.spelling import nearest_spelling
from models.reflex.words import NUMERALS, RELATED, same_word, same_words

FAINT, LIKELY = 0.3, 0.7
"""What a word of the question matches with, at least, to be there at all, and to be there for sure."""
_NEAR = 0.36
_RELATED, _SPELLED = 0.85, 0.9
_KNOWN = 0.81
_NONE = frozenset[str]()
_OF_DURATIONS = frozenset({"term", "serv", "hold", "offic", "last", "period", "take", "stay", "duration", "length"})
"""What is said of every duration, and so tells none apart."""


class Matcher:
    """Matches the terms of one question against sentences.

    `weights`: how much each term counts, by stem; `total`: their sum; `said`: that of
    those which aren't names or numbers. `unknown`: the terms that occur nowhere, in no
    form.
    """

    def __init__(self, asked: Asked, sentences: Sequence[Sentence]) -> None:
        self.terms = asked.terms
        self.part = part_asked_for(asked.text)
        self.names_a_part = any(term.stem in PARTS for term in asked.terms)
        counts: Counter[str] = Counter()
        for sentence in sentences:
            counts.update(sentence.stems | sentence.stems_above)
        self._capitals = frozenset[str]().union(*(sentence.capitals for sentence in sentences))
        self._values = {term.stem: self._values_of(term, counts) for term in asked.terms}
        self._matched: dict[tuple[str, frozenset[str]], float] = {}
        self._add_spelled(counts)
        self._add_near(counts)
        self.unknown = {
            term.stem
            for term in asked.terms
            if not term.implied and max(self._values[term.stem].values(), default=0.0) < _KNOWN
        }
        is_duration = asked.kind == "duration"
        self.weights = {term.stem: self._weight(term, counts, len(sentences), is_duration) for term in asked.terms}
        self.total = sum(self.weights.values())
        self.said = sum(self.weights[term.stem] for term in asked.terms if not term.must) or self.total

    def match(self, term: Term, stems: frozenset[str]) -> float:
        """How well `term` matches the best of `stems`: from 0, not at all, to 1."""
        key = (term.stem, stems)  # asked for again with the sentences after it, and under the same heading
        if key not in self._matched:
            values = self._values[term.stem]
            self._matched[key] = max((value for stem, value in values.items() if stem in stems), default=0.0)
        return self._matched[key]

    def says_the_opposite(self, sentence: Sentence) -> bool:
        """Whether the sentence has the opposite of a word of the question, and nothing that stands for the word."""
        return any(
            OPPOSITES.get(term.stem, _NONE) & sentence.stems and self.match(term, sentence.stems) < _RELATED
            for term in self.terms
        )

    def heading_asks(self, sentence: Sentence) -> bool:
        """Whether the headings have nearly all of the question, so that what stands under them may answer it."""
        matched = sum(self.weights[term.stem] for term in self.terms if self.match(term, sentence.heading) >= 0.8)
        return matched >= 0.8 * self.total

    def _values_of(self, term: Term, vocabulary: Mapping[str, int]) -> dict[str, float]:
        if term.must and term.word.is_capital and term.stem not in self._capitals:
            return {}
        related = RELATED.get(term.stem, frozenset()) & vocabulary.keys()
        values = dict.fromkeys(related if self.names_a_part else related - NUMERALS, _RELATED)
        values |= dict.fromkeys(same_words(term.stem, vocabulary), 1.0)
        return values | dict.fromkeys(vocabulary.keys() & term.compounds, 1.0)

    def _open_terms(self) -> list[Term]:
        """The terms that occur nowhere themselves and aren't names or numbers."""
        return [term for term in self.terms if not term.must and 1.0 not in self._values[term.stem].values()]

    def _add_spelled(self, vocabulary: Iterable[str]) -> None:
        """What a word that is no word may have been meant for: 'senetor'."""
        for term in self.terms:
            is_there = term.implied or 1.0 in self._values[term.stem].values()
            if not is_there and (meant := nearest_spelling(term.word.text, term.stem, vocabulary)):
                self._values[term.stem][meant] = _SPELLED

    def _add_near(self, vocabulary: Iterable[str]) -> None:
        """What means nearly the same, for the words that occur nowhere themselves.

        Where a word does occur, its neighbours in meaning are other things: a senator is no president.
        """
        open_terms = self._open_terms()
        candidates = [stem for stem in vocabulary if len(stem) > 2 and stem.isalpha()]
        near = near_words((term.word.text.lower() for term in open_terms), candidates, _NEAR)
        for term in open_terms:
            for stem, similarity in near.get(term.word.text.lower(), {}).items():
                if stem in term.stem or term.stem in stem:
                    continue  # near by its letters: bitcoin is no coin
                value = min(0.8, 0.45 + (similarity - _NEAR) * 1.2)
                self._values[term.stem][stem] = max(self._values[term.stem].get(stem, 0.0), value)

    def _weight(self, term: Term, counts: Counter[str], total: int, is_duration: bool) -> float:
        frequency = max((counts[stem] for stem in self._values[term.stem] if same_word(stem, term.stem)), default=0)
        rarity = math.log((total + 1) / (frequency + 1)) / math.log(total + 1) if total > 1 else 1.0
        weight = 0.45 + 0.55 * min(1.0, rarity)
        if is_duration and term.stem in _OF_DURATIONS:
            weight *= 0.35
        return weight * (1.4 if term.must else 1.0)
