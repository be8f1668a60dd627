"""A short value out of passages: the number, the date or the words that answer a question; None if there is none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.reflex.fitting import counts
from models.reflex.passages import Passage
from models.reflex.quantities import Quantity, find_dates, find_numbers
from models.reflex.question import NUMERIC, Asked, analyse
from models.reflex.ranking import Candidate, Ranker
from models.reflex.words import RELATED, same_word, squeeze, words

NUMBER_PROMPT, DATE_PROMPT, TEXT_PROMPT = (f"The {kind} that answers: " for kind in ("number", "date", "text"))
_PROMPT = re.compile(r"^\W*(?:(?:extract|give|return|find)\s+)?(?:the\s+|an?\s+)?"
                     r"(?P<kind>number|date|text|name|answer|value)s?\s+"
                     r"(?:that answers|answering|for|to|of|in answer to)\b:?\s*", re.IGNORECASE)  # fmt: skip
_SUMMARY = re.compile(r"\b(?:summar|key points|main points|overview|gist)", re.IGNORECASE)
_GENERATIVE = re.compile(
    r"^\W*(?:please\s+)?(?:translate|write|compose|draft|rewrite|paraphrase|invent|imagine|rephrase)\b", re.IGNORECASE
)
_TIME_UNITS = ("year", "month", "week", "day", "hour", "minut", "second")


@dataclass(frozen=True)
class Extracted:
    """A value and the sentence it was taken from. `unit`: of a number, the stem of the word it counts."""

    value: Any
    candidate: Candidate
    unit: str = ""


def complete(prompt: str, texts: Sequence[Passage], data: Any = None) -> Any:
    """The value of a 'model' task without a model: what `prompt` asks for, out of `texts` or `data`."""
    if _GENERATIVE.match(prompt):
        return None
    match = _PROMPT.match(prompt)
    kind = match["kind"].lower() if match else ""
    question = prompt[match.end() :] if match else prompt
    asked = analyse(squeeze(question))
    if data is not None and not texts:
        return data
    if _SUMMARY.search(prompt) and not match:
        return _summary(texts)
    ranker = Ranker(texts)
    if kind == "number" or (kind in ("", "value") and asked.kind in NUMERIC):
        found = number_that_answers(asked, ranker)
    elif kind == "date" or (kind == "" and asked.kind == "date"):
        found = date_that_answers(asked, ranker)
        if found is None and kind == "":
            found = sentence_that_answers(asked, ranker)
    else:
        found = sentence_that_answers(asked, ranker)
    return found.value if found else None


def number_that_answers(asked: Asked, ranker: Ranker) -> Extracted | None:
    """The number in the sentence that answers best and has one of the right kind; one that counts what is asked for,
    if there is any."""
    answering = [candidate for candidate in ranker.rank(asked)[:6] if candidate.answers]
    found = [(number_in(asked, candidate.span.text), candidate) for candidate in answering]
    known = [(number, candidate) for number, candidate in found if number is not None]
    counting = [one for one in known if not asked.unit or counts(one[0], asked.unit, one[1].span.text)]
    for number, candidate in counting if asked.unit else known:
        return Extracted(number.value, candidate, number.unit)
    return None


def number_in(asked: Asked, text: str) -> Quantity | None:
    """The number of `text` that `asked` asks for: of the right unit, and nearest to the words asked about."""
    numbers = [number for number in find_numbers(text) if not _is_asked_about(asked, number)]
    if asked.kind in ("age", "duration") and any(number.unit in _TIME_UNITS for number in numbers):
        numbers = [number for number in numbers if number.unit in _TIME_UNITS]
    if asked.unit:
        numbers = [number for number in numbers if counts(number, asked.unit, text)] or numbers
    strong = [number for number in numbers if not number.is_weak]
    numbers = strong or numbers
    if not numbers:
        return None
    anchors = _anchors(asked, text)
    return min(numbers, key=lambda number: (_distance(number, anchors), number.start))


def date_that_answers(asked: Asked, ranker: Ranker) -> Extracted | None:
    """The date in the best answering sentence that has one: ISO, as exact as the text is."""
    for candidate in ranker.rank(asked)[:6]:
        if not candidate.answers:
            break
        dates = find_dates(candidate.span.text)
        if dates:
            anchors = _anchors(asked, candidate.span.text)
            best = min(dates, key=lambda date: (min((abs(date.start - a) for a in anchors), default=0), date.start))
            return Extracted(best.value, candidate)
    return None


def sentence_that_answers(asked: Asked, ranker: Ranker) -> Extracted | None:
    """The sentence that answers best."""
    ranked = ranker.rank(asked)
    return Extracted(squeeze(ranked[0].span.text), ranked[0]) if ranked and ranked[0].answers else None


def passages_of(value: Any, heading: str = "") -> Iterator[Passage]:
    """Every text in a JSON value, such as the passages that a search returned."""
    for index, (text, place) in enumerate(_texts(value, heading)):
        yield Passage(index, text, place, rank=1.0 / (1 + index))


def _texts(value: Any, heading: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        if value.strip():
            yield value, heading
    elif isinstance(value, Mapping):
        named = next(
            (value[name] for name in ("text", "content", "body", "snippet") if isinstance(value.get(name), str)), None
        )
        if named is not None:
            parts = [str(value[name]) for name in ("title", "place", "source") if isinstance(value.get(name), str)]
            yield named, " ".join([heading, *parts]).strip()
        else:
            for key, item in value.items():
                yield from _texts(item, f"{heading} {key}".strip())
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item, heading)


def _is_asked_about(asked: Asked, number: Quantity) -> bool:
    """A number that the question itself names isn't its answer."""
    return any(number.text.lower() == term.word.text.lower() for term in asked.terms)


def _anchors(asked: Asked, text: str) -> list[int]:
    """Where the words of the question stand in `text`; those implied by its kind ('age') count alone if there."""
    found: dict[str, list[int]] = {}
    for word in words(text):
        for term in asked.terms:
            if same_word(term.stem, word.stem) or word.stem in RELATED.get(term.stem, ()):
                found.setdefault(term.stem, []).append(word.start)
    if asked.kind == "age" and "age" in found:
        return found["age"]
    rare = [places for term, places in found.items() if term != asked.unit and len(places) <= 2]
    return [place for places in (rare or found.values()) for place in places]


def _distance(number: Quantity, anchors: Sequence[int]) -> int:
    return min((max(anchor - number.end, number.start - anchor, 0) for anchor in anchors), default=0)


def _summary(texts: Sequence[Passage]) -> str | None:
    from models.reflex.sentences import split_sentences

    firsts = []
    for passage in texts[:3]:
        spans = [span for span in split_sentences(passage.text) if not span.is_heading]
        firsts += [squeeze(span.text) for span in spans[:1]]
    return " ".join(firsts) or None
