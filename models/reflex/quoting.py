"""Quotes: chooses the sentences that answer a question, and cuts them to what answers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from models.reflex.clauses import best_clauses
from models.reflex.fitting import fits
from models.reflex.part import Part
from models.reflex.parts import part_asked_for
from models.reflex.question import Asked
from models.reflex.ranking import Candidate, Ranker
from models.reflex.sentences import Span, split_sentences
from models.reflex.words import squeeze, stems

_QUOTE_WORDS = 60
_NEARLY_AS_GOOD, _FOLLOWS = 0.95, 0.75
"""How good a second sentence must be, measured by the first: any, and the one that comes right after it."""


class Quoter:
    """Quotes from what `ranker` ranks. `rejected`: sentences that must not be written again."""

    def __init__(self, ranker: Ranker, rejected: Sequence[str]) -> None:
        self.ranker, self.rejected = ranker, rejected

    def answer(self, part: Part, asked: Asked, most_words: int) -> None:
        """Quote the few sentences that answer, in about `most_words` words; nothing if none does."""
        ranked = [candidate for candidate in self.ranker.rank(asked) if self.is_new(candidate, part)]
        if not ranked or not ranked[0].answers:
            return
        budget = part.words + most_words
        best = ranked[0]
        if asked.is_fact and best.fits:
            room = min(_QUOTE_WORDS, max(20, most_words))
            holding = (c for c in ranked[:4] if c.answers and _still_fits(asked, c, room))
            best = next(holding, best)
        self.quote(part, asked, best, budget)
        if asked.is_fact or part_asked_for(asked.text):
            return
        more = 1 if asked.kind in ("definition", "yes_no", "any") else 2
        for candidate in [*_continuation(best, ranked), *ranked[1:4]]:
            is_next = candidate.passage is best.passage and candidate.order == best.order + 1
            good = candidate.answers and candidate.score >= best.score * (_FOLLOWS if is_next else _NEARLY_AS_GOOD)
            good = good or (is_next and best.span.text.endswith(":"))
            fits = part.words + len(candidate.span.text.split()) <= budget
            if more and good and fits and self.is_new(candidate, part):
                self.quote(part, asked, candidate, budget)
                more -= 1

    def quote(self, part: Part, asked: Asked, candidate: Candidate, budget: int) -> None:
        """Quote of one sentence what answers, with the words that open its list, within `budget` words of the part."""
        span = best_clauses(asked, candidate.span, min(_QUOTE_WORDS, max(20, budget - part.words)))
        if span.text.endswith(":") and span.end == candidate.span.end:
            span = _with_list(candidate.passage.text, span, budget - part.words)
        text, place = squeeze(span.text), candidate.passage.heading
        if span.start > candidate.span.start:
            text = "… " + text
        if span.end < candidate.span.end or text.endswith(":"):
            text = text.rstrip(",;:—- ") + " …"
        elif text[-1] in ",;:":
            text = text[:-1] + " …"
        if lead := _lead_in(asked, candidate):
            part.say(candidate.passage.index, f"{lead} …", lead)
        if (name := part_asked_for(asked.text)) and (named := re.search(rf"\b{name}\s+\w+", place, re.IGNORECASE)):
            text = f"{named.group()}: {text}"
        part.say(candidate.passage.index, text, span.text)

    def is_new(self, candidate: Candidate, part: Part) -> bool:
        """Whether the sentence is neither quoted yet nor rejected."""
        if not self.rejected and not part.citations:
            return True
        text = squeeze(candidate.span.text)
        if any(text in bad or (len(bad) > 20 and bad.strip("… .") in text) for bad in self.rejected):
            return False
        return not part.has(text)


def _still_fits(asked: Asked, candidate: Candidate, most_words: int) -> bool:
    """Whether what would be quoted of a sentence holds what is asked for."""
    quoted = best_clauses(asked, candidate.span, most_words)
    return quoted == candidate.span or fits(asked, quoted.text)


def _with_list(text: str, span: Span, most_words: int) -> Span:
    """A sentence that opens a list, with as much of the list as there is room for."""
    end = span.end
    for following in split_sentences(text):
        if following.start < span.end:
            continue
        if len(text[span.start : following.end].split()) > most_words:
            break
        end = following.end
        if following.text.endswith(".") and not following.text.endswith(("etc.", ";.")):
            break
    return Span(span.start, end, text[span.start : end])


def _lead_in(asked: Asked, candidate: Candidate) -> str:
    """The words that open the list which a sentence is an item of, if they have to do with what is asked."""
    from memory.documents.enumerations import lead_ins

    paragraphs = candidate.passage.text.split("\n")
    position = candidate.passage.text.count("\n", 0, candidate.span.start)
    lead = lead_ins(paragraphs)[position]
    own = stems(candidate.span.text)
    has_to_do = asked.kind == "person" or any(term.stem in stems(lead) - own for term in asked.terms)
    return lead if lead and not lead.endswith(":") and has_to_do else ""


def _continuation(best: Candidate, ranked: Sequence[Candidate]) -> list[Candidate]:
    return [c for c in ranked if c.passage is best.passage and c.order == best.order + 1]
