"""Whether the words of a sentence say what its quotations say: subject, predicate, polarity, who does what to whom."""

from __future__ import annotations

import re
from collections.abc import Sequence

from models.reflex.sentences import split_sentences
from models.reflex.similarity import near_words
from models.reflex.words import Word, is_asking_word, is_function_word, squeeze, words
from nodes import facts
from nodes.clauses import is_held, is_number, nearest_to, stems_of, subject_of
from nodes.paraphrase import FRAMING, HEADINGS, OPPOSITES, SYMBOLS
from nodes.turning import NEGATION, turned

_NEAR = 0.5
_PER_CENT = re.compile(r"\bper cent\b", re.IGNORECASE)
_IMPLICIT = re.compile(
    r"^\W*(?:(?i:and|but|or|nor|also|then|so|yet|however,?)\s+)?"
    r"(?:(?i:he|she|it|they|you|we|i|this|these|those|such|there|which|who|one|to)\b|[a-z])"
)
"""How a sentence or a part of one begins that has no subject of its own."""
_PREFIXES = ("un", "non", "in", "im", "dis", "down", "up", "anti", "under", "over", "mis", "de", "re")


def faults(
    body: str,
    quotes: Sequence[str],
    pieces: Sequence[str] = (),
    *,
    labels: Sequence[str] = (),
    goal: str = "",
    others: Sequence[str] = (),
) -> list[tuple[str, str]]:
    """What a sentence says that its evidence doesn't, as pairs of a kind and the words: ('word', 'authors').

    `quotes`: what the sentence cites, as a reader sees it; `pieces`: the evidence these are from, in which a subject
    may be named earlier; `labels`: their places and sources; `others`: the rest of the run's evidence, whose words
    aren't this sentence's to take.
    Kinds: 'subject', 'word', 'negation', 'opposite', 'roles'. It compares English with English.
    """
    return unheld(body, quotes, pieces, labels=labels, goal=goal, others=others) or turned(body, quotes)


def unheld(
    body: str,
    quotes: Sequence[str],
    pieces: Sequence[str] = (),
    *,
    labels: Sequence[str] = (),
    goal: str = "",
    others: Sequence[str] = (),
) -> list[tuple[str, str]]:
    """The first two kinds of `faults` alone."""
    body = _PER_CENT.sub("percent", facts.plain(body))
    symbols = frozenset(filter(None, map(SYMBOLS.get, "".join(quotes))))
    said = [word for word in _telling(body) if word.stem not in symbols]
    quoted, asked, elsewhere = stems_of([*quotes, *labels]), stems_of([goal]), stems_of(others)
    nearest = nearest_to(body, quotes)
    meant = _meant(nearest, pieces)
    about = meant | stems_of([nearest, *labels])
    near = _near(said, quoted)
    subject = {word.start for word in subject_of(body)}
    missing: list[tuple[str, str]] = []
    is_about_it = not subject
    for word in said:
        is_subject = word.start in subject
        if is_held(word.stem, quoted | meant) or word.stem in near:
            is_about_it |= is_subject and (is_held(word.stem, about) or word.stem in near)
        elif is_held(word.stem, asked) and not is_held(word.stem, elsewhere):
            is_about_it |= is_subject and not meant
        elif not is_subject and _frames(word):
            continue
        else:
            missing.append(("subject" if is_subject else "word", word.text))
    if not missing and not is_about_it:
        missing = [("subject", next(word.text for word in said if word.start in subject))]
    return missing


def untold(text: str, known: Sequence[str]) -> list[str]:
    """The words of a heading, a label, a question or the like that `known` doesn't have and that frame no answer."""
    said, stems = _telling(_PER_CENT.sub("percent", facts.plain(text))), stems_of(known)
    missing = [word for word in said if not (is_held(word.stem, stems) or _frames(word) or word.stem in HEADINGS)]
    near = _near(missing, stems)
    return [word.text for word in missing if word.stem not in near]


def _telling(text: str) -> list[Word]:
    """The words of `text` that must be somewhere: all but numbers, negations and what holds a sentence together."""
    return [
        word
        for word in words(text)
        if not is_function_word(word) and not is_number(word) and not NEGATION.fullmatch(word.text)
    ]


def _frames(word: Word) -> bool:
    return word.stem in FRAMING or word.text.lower() in FRAMING or is_asking_word(word)


def _meant(quote: str, pieces: Sequence[str]) -> frozenset[str]:
    """The stems of what a quotation is about that stands before it in its piece of evidence.

    Where it has no subject of its own (a pronoun, an item of a list, a part of a sentence): the last sentence that
    has one; where its subject is no name, as in 'Revenue rose', what the two sentences before are about.
    """
    quote = squeeze(quote)
    for piece in pieces:
        before: list[str] = []
        for span in split_sentences(piece):
            text = squeeze(span.text)
            if quote in text or text in quote:
                if _IMPLICIT.match(quote):
                    return stems_of([next((one for one in [text, *reversed(before)] if not _IMPLICIT.match(one)), "")])
                has_name = any(word.is_capital and word.start for word in subject_of(quote))
                return frozenset() if has_name else stems_of(before[-2:])
            before.append(text)
    return frozenset()


def _near(said: Sequence[Word], known: frozenset[str]) -> set[str]:
    """The stems that a word of `known` is near to in meaning, and not the opposite of."""
    wanted = [word for word in said if not is_held(word.stem, known)]
    found: set[str] = set()
    near = near_words([word.text.lower() for word in wanted], known, _NEAR)
    for word in wanted:
        alike = near[word.text.lower()]
        if any(not _are_opposite(word.stem, other) for other in alike):
            found.add(word.stem)
    return found


def _are_opposite(one: str, other: str) -> bool:
    if any((one in a and other in b) or (one in b and other in a) for a, b in OPPOSITES):
        return True
    bare = [_bare(one), _bare(other)]
    return bare[0] == bare[1] or one == bare[1] or other == bare[0]


def _bare(word: str) -> str:
    return next((word[len(p) :] for p in _PREFIXES if word.startswith(p) and len(word) - len(p) >= 4), word)
