"""The noun phrases of a question: what it is about, and what may stand in their place."""

from __future__ import annotations

import re
from dataclasses import dataclass

from models.reflex.words import FUNCTION_WORDS

VERBS = frozenset(
    """
    be been have has had do get go need serve serves hold holds become take make use used vote sign contain come
    work happen receive run live elect elected chosen chose appointed remove removed stay last say differ know
    own built created written made found installed build create write find install start begin end pay cost
    weigh eat apply govern meet declare pass veto keep give grant put set allow allowed propose ratify mean
    refer include represent join leave report update upgrade support provide depend buy bought sell sold lose lost win
    won born die send sent lend lent borrow given taken told kept paid led met shown known grown risen fallen begun
    broken driven drawn hidden stolen spoken
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Phrase:
    """A noun phrase and where it stands. `determiner`: 'a', 'the', 'each', 'every' or ''."""

    start: int
    end: int
    text: str
    determiner: str


def noun_phrases(text: str) -> list[Phrase]:
    """The noun phrases of a question's part after its auxiliary, in order."""
    found: list[Phrase] = []
    position = 0
    for match in re.finditer(r"[^\s,;?]+", text):
        if match.start() < position:
            continue
        word = match.group().lower()
        if determiner_of(word):
            end = end_of_phrase(text, match.end() + 1)
            if end > match.end():
                found.append(Phrase(match.start(), end, text[match.start() : end], determiner_of(word)))
                position = end
        elif word not in FUNCTION_WORDS and word not in VERBS:
            end = end_of_phrase(text, match.start())
            found.append(Phrase(match.start(), end, text[match.start() : end], ""))
            position = end
    inner = [p for p in found if re.search(r"\bof\s+$", text[: p.start], re.IGNORECASE)]
    return inner + [p for p in found if p not in inner]


def end_of_phrase(text: str, start: int) -> int:
    """Where the phrase that begins at `start` ends."""
    end, before = start, ""
    for count, match in enumerate(re.finditer(r"[^\s,;?]+", text[start:])):
        word = match.group().lower()
        is_determiner = count == 0 and bool(determiner_of(word))
        is_participle = word.endswith("ed") and match.group().islower() and count > 0 and not determiner_of(before)
        if count > 4 or is_participle or ((word in FUNCTION_WORDS or word in VERBS) and not is_determiner):
            break
        end, before = start + match.end(), word
    return end


def determiner_of(word: str) -> str:
    """The determiner that a word is, "an" being "a"; \'\' if it is none."""
    word = word.lower()
    return "a" if word in ("a", "an") else word if word in ("the", "each", "every") else ""
