"""A sentence beside the evidence it cites: whose words are held there, what it is about, what is nearest to it."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence

from models.reflex.sentences import split_sentences
from models.reflex.words import RELATED, Word, content_words, is_function_word, same_word, stem, words
from nodes import facts
from nodes.paraphrase import SYNONYMS

_AUXILIARY = re.compile(
    r"^(?:is|are|was|were|be|been|has|have|had|may|must|shall|can|could|will|would|should|do|does|did|cannot"
    r"|(?:is|are|was|were|has|have|had|must|ca|could|wo|would|should|do|does|did)n['’]t)$",
    re.IGNORECASE,
)
_PRONOUN = re.compile(r"^(?:he|she|it|they|you|we|one|this|these|those|there|nobody|anyone|everyone|who|what)$", re.I)
_OPENING = re.compile(
    r"^(?:\W*(?:if|when|while|in|at|by|on|for|to|as|under|according|besides|after|before|during|with|unlike|although"
    r"|because|since|from|of)\b[^,]{1,120},\s+|\W*(?:yes|no|however|also|thus|besides|therefore|so|then|and|but),?\s+)+",
    re.IGNORECASE,
)


def is_number(word: Word) -> bool:
    """Whether it is a number, in digits or as a word."""
    return word.text[0].isdigit() or bool(facts.numbers(word.text))


@functools.lru_cache(maxsize=512)
def stems_of_text(text: str) -> frozenset[str]:
    """The stems of all words of a text, of the parts of compounds, and the initials of its names."""
    flat = facts.plain(text)
    found = {stem(piece) for word in words(flat) for piece in (word.text, *re.split(r"[-_.'’]", word.text)) if piece}
    capitals = [name for name in facts.names(flat) if len(name.words) > 1]
    found |= {"".join(part[0] for part in name.words).lower() for name in capitals}
    return frozenset(found)


def stems_of(texts: Iterable[str]) -> frozenset[str]:
    """The same of several texts."""
    return frozenset().union(*(stems_of_text(text) for text in texts))


@functools.lru_cache(maxsize=8192)
def _may_be(word: str) -> frozenset[str]:
    """The stems that may stand for a stem."""
    return frozenset({word}).union(RELATED.get(word, frozenset()), *(group for group in SYNONYMS if word in group))


def is_held(word: str, known: frozenset[str]) -> bool:
    """Whether the stem `word`, each part of it, or what may stand for it is among the stems `known`."""
    if word in known or word.replace(".", "") in known:
        return True
    return all(_is_one_held(stem(part), known) for part in re.split(r"[-_.'’]", word) if part)


def _is_one_held(word: str, known: frozenset[str]) -> bool:
    if _may_be(word) & known:
        return True
    return len(word) >= 5 and any(same_word(word, other) for other in known if other[:4] == word[:4])


def _main(body: str) -> str:
    """A sentence without what goes before its subject, if there is a verb left."""
    rest = _OPENING.sub("", body, count=1)
    return rest if len(rest.split()) >= 3 else body


def subject_of(body: str) -> list[Word]:
    """The content words of a sentence's subject: those before its first auxiliary, else the first."""
    main = _main(body)
    offset = len(body) - len(main)
    tokens = list(words(main))
    first = next((n for n, word in enumerate(tokens) if _AUXILIARY.match(word.text)), None)
    before = tokens[:first]
    if tokens and _PRONOUN.match(tokens[0].text):
        return []
    content = [word for word in before if not is_function_word(word) and not is_number(word)]
    content = content[:1] if first is None else content
    return [Word(word.text, word.stem, word.start + offset, word.end + offset) for word in content]


def _sentences(quotes: Sequence[str]) -> list[str]:
    return [span.text for quote in quotes for span in split_sentences(quote)] or list(quotes)


def overlap(body: str, text: str) -> int:
    """How many content words of `body` are held in `text`."""
    known = stems_of_text(text)
    return sum(is_held(word.stem, known) for word in content_words(body))


def nearest_to(body: str, quotes: Sequence[str]) -> str:
    """The quoted sentence, or the part of it between semicolons, that has most to do with `body`."""
    return max(_sentences(quotes), key=lambda text: overlap(body, text), default="")
