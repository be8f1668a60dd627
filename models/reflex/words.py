"""Words: tokens, a light stemmer, what carries no meaning of its own, and which words stand for each other."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass

_TOKEN = re.compile(r"\w+(?:[.'’+_-]\w+)*\+*", re.UNICODE)

FUNCTION_WORDS = frozenset(
    [
        "a",
        "an",
        "the",
        "and",
        "or",
        "nor",
        "but",
        "if",
        "then",
        "than",
        "so",
        "as",
        "at",
        "by",
        "for",
        "from",
        "in",
        "into",
        "of",
        "off",
        "on",
        "onto",
        "out",
        "over",
        "per",
        "to",
        "under",
        "up",
        "upon",
        "via",
        "with",
        "within",
        "without",
        "about",
        "against",
        "among",
        "around",
        "before",
        "after",
        "between",
        "during",
        "through",
        "until",
        "till",
        "since",
        "while",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "am",
        "do",
        "does",
        "did",
        "done",
        "doing",
        "have",
        "has",
        "had",
        "having",
        "can",
        "could",
        "may",
        "might",
        "must",
        "shall",
        "should",
        "will",
        "would",
        "ought",
        "i",
        "me",
        "my",
        "mine",
        "we",
        "us",
        "our",
        "ours",
        "you",
        "your",
        "yours",
        "he",
        "him",
        "his",
        "she",
        "her",
        "hers",
        "it",
        "its",
        "they",
        "them",
        "their",
        "theirs",
        "this",
        "that",
        "these",
        "those",
        "there",
        "here",
        "who",
        "whom",
        "whose",
        "which",
        "what",
        "when",
        "where",
        "why",
        "how",
        "not",
        "no",
        "yes",
        "also",
        "too",
        "very",
        "just",
        "only",
        "any",
        "some",
        "each",
        "every",
        "all",
        "both",
        "either",
        "neither",
        "such",
        "same",
        "other",
        "another",
        "more",
        "most",
        "much",
        "many",
        "few",
        "less",
        "least",
        "own",
        "please",
        "tell",
        "let's",
        "let",
        "s",
        "t",
        "don't",
        "doesn't",
        "isn't",
        "aren't",
        "can't",
        "won't",
        "it's",
        "what's",
        "who's",
        "where's",
        "when's",
        "how's",
        "there's",
        "re",
        "ve",
        "ll",
        "d",
        "m",
        "ok",
        "okay",
        "well",
        "according",
        "whether",
    ]
)
"""Words that hold a sentence together and say nothing on their own."""

ASKING_WORDS = frozenset(
    [
        "say",
        "says",
        "said",
        "tell",
        "tells",
        "explain",
        "explained",
        "describe",
        "described",
        "define",
        "defined",
        "show",
        "give",
        "list",
        "find",
        "know",
        "mention",
        "mentioned",
        "state",
        "stated",
        "write",
        "written",
        "read",
        "document",
        "documents",
        "doc",
        "docs",
        "text",
        "texts",
        "file",
        "files",
        "passage",
        "passages",
        "manual",
        "book",
        "article",
        "paper",
        "source",
        "sources",
        "information",
        "info",
        "detail",
        "details",
        "answer",
        "question",
        "number",
        "name",
        "amount",
        "value",
        "kind",
        "kinds",
        "sort",
        "sorts",
        "type",
        "types",
        "way",
        "ways",
        "thing",
        "things",
        "example",
        "examples",
        "mean",
        "means",
        "meant",
        "meaning",
        "called",
        "call",
        "need",
        "needs",
        "needed",
        "require",
        "required",
        "requires",
        "use",
        "used",
        "uses",
        "using",
        "get",
        "gets",
        "got",
        "make",
        "makes",
        "made",
        "take",
        "takes",
        "happen",
        "happens",
        "happened",
        "exist",
        "exists",
        "become",
        "becomes",
        "work",
        "works",
        "come",
        "comes",
        "go",
        "goes",
        "different",
        "difference",
        "person",
        "someone",
        "something",
        "anyone",
        "people",
        "exactly",
        "currently",
        "now",
        "today",
        "compare",
        "comparison",
        "versus",
        "vs",
        "long",
        "old",
        "often",
        "far",
        "big",
        "large",
        "tall",
        "high",
        "much",
        "short",
        "quickly",
        "briefly",
        "brief",
        "words",
        "word",
        "sentence",
        "summary",
        "purpose",
        "about",
        "exact",
        "total",
    ]
)
"""Words about the asking rather than about what is asked; they weigh little."""

_IRREGULAR = {
    "chosen": "choose", "chose": "choose", "chuse": "choose", "chusing": "choose", "chuses": "choose",
    "choosing": "choose", "held": "hold", "written": "write", "wrote": "write", "writing": "write", "paid": "pay",
    "men": "man", "women": "woman", "children": "child", "feet": "foot", "taken": "take", "took": "take",
    "given": "give", "gave": "give", "made": "make", "making": "make", "sent": "send", "kept": "keep", "ran": "run",
    "running": "run", "began": "begin", "begun": "begin", "sold": "sell", "bought": "buy", "found": "find",
    "built": "build", "lost": "lose", "won": "win", "winning": "win", "led": "lead", "left": "leave", "met": "meet",
    "told": "tell", "sworn": "swear", "grew": "grow", "grown": "grow", "knew": "know", "known": "know",
    "died": "die", "dies": "die", "dying": "die", "dead": "die", "death": "die", "tries": "try", "tried": "try",
    "trial": "try", "trials": "try", "dealt": "deal", "broke": "break", "broken": "break", "aged": "age",
    "ages": "age", "indices": "index", "criteria": "criterion", "encreased": "increase", "removal": "remove",
}  # fmt: skip
_SUFFIXES = (
    ("ational", "ate"), ("ization", "ize"), ("isation", "ize"), ("fulness", "ful"), ("iveness", "ive"),
    ("ements", ""), ("ement", ""), ("ments", ""), ("ment", ""), ("ations", "ate"), ("ation", "ate"),
    ("itions", "it"), ("ition", "it"), ("tions", "t"), ("tion", "t"), ("sions", "s"), ("sion", "s"),
    ("ising", "ize"), ("ised", "ize"), ("ise", "ize"), ("nesses", ""), ("ness", ""), ("ities", ""), ("ity", ""),
    ("ively", "ive"), ("ably", "able"), ("ically", "ic"), ("ally", "al"), ("ingly", ""), ("edly", ""), ("ly", ""),
    ("ings", ""), ("ing", ""), ("ied", "y"), ("ies", "y"), ("eed", "eed"), ("ed", ""), ("sses", "ss"),
    ("shes", "sh"), ("ches", "ch"), ("xes", "x"), ("ss", "ss"), ("us", "us"), ("is", "is"), ("s", ""),
)  # fmt: skip

_GROUPS = (
    "old age", "long term duration period", "salary pay wage compensate compensation remuneration emolument",
    "choose elect appoint select pick nominate", "remove impeach oust dismiss", "create establish found make",
    "allow permit may entitle", "forbid prohibit ban disallow", "begin start commence", "end finish terminate expire",
    "buy purchase", "sell distribute redistribute", "marry spouse wife husband", "fix repair", "delete remove purge erase", "author maintainer creator", "help support assist",
    "slave servitude slavery", "alcohol liquor intoxicate", "female woman sex", "male man sex", "guilty convict",
    "religion religious", "gun arm weapon firearm", "soldier troop army", "press newspaper", "ratify ratification",
    "veto objection disapprove return", "leader head chief commander", "citizen resident inhabitant",
    "requirement qualification eligible", "big large size", "join become", "error bug", "install setup",
    "license licence", "color colour", "kernel linux", "price cost", "country nation", "mpg mile", "minimum least",
    "maximum most exceed", "majority quorum", "often frequent every", "rich wealthy", "amend amendment",
    "swear oath", "temp temperature", "max maximum", "min minimum", "usa america american",  "abolish eliminate prohibit repeal", "time twice once", "serve term hold", "ask request", "vote suffrage ballot",
    "copyright author inventor writing",
)  # fmt: skip


@dataclass(frozen=True)
class Word:
    """A token with its place in the text. `stem` is lower case."""

    text: str
    stem: str
    start: int
    end: int

    @property
    def is_capital(self) -> bool:
        return self.text[:1].isupper()


def words(text: str) -> list[Word]:
    """The tokens of `text`, in order."""
    return [Word(m.group(), stem(m.group()), m.start(), m.end()) for m in _TOKEN.finditer(text)]


@functools.lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The stem of an English word, lower case: 'Years' -> 'year', 'elected' -> 'elect'. Others stay as they are."""
    word = word.lower().replace("’", "'")
    word = word[:-2] if word.endswith("'s") else word.rstrip("'")
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 3 or not word.isascii() or not word.isalpha():
        return word
    for suffix, replacement in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            word = word[: len(word) - len(suffix)] + replacement
            if suffix in ("ing", "ed", "ings") and word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


def stems(text: str) -> set[str]:
    """The stems of all the words of `text`."""
    return {stem(m.group()) for m in _TOKEN.finditer(text)}


_FUNCTION_STEMS = frozenset(stem(word) for word in FUNCTION_WORDS) | FUNCTION_WORDS
_ASKING_STEMS = frozenset(stem(word) for word in ASKING_WORDS) | ASKING_WORDS


def is_function_word(word: Word) -> bool:
    return word.text.lower() in FUNCTION_WORDS or (word.stem in _FUNCTION_STEMS and len(word.stem) <= 3)


def is_asking_word(word: Word) -> bool:
    return word.text.lower() in ASKING_WORDS or word.stem in _ASKING_STEMS


def content_words(text: str) -> list[Word]:
    """The words of `text` that mean something; those about the asking only when there are no others."""
    meaningful = [word for word in words(text) if not is_function_word(word)]
    return [word for word in meaningful if not is_asking_word(word)] or meaningful


def _related() -> dict[str, frozenset[str]]:
    related: dict[str, set[str]] = {}
    for group in _GROUPS:
        members = {stem(word) for word in group.split()}
        for member in members:
            related.setdefault(member, set()).update(members - {member})
    return {word: frozenset(others) for word, others in related.items()}


RELATED = _related()
"""By stem: the stems that may stand for it."""

RELATED_WORDS = {
    member: frozenset(word for word in group.split() if stem(word) != member)
    for group in _GROUPS
    for member in map(stem, group.split())
}
"""By stem: the words that may stand for it."""


def same_word(one: str, other: str) -> bool:
    """Whether two stems are one word: equal, or a long common beginning ('senat', 'senator')."""
    if one == other:
        return True
    shorter, longer = sorted((one, other), key=len)
    return len(shorter) >= 5 and longer.startswith(shorter) and len(longer) - len(shorter) <= 3


def squeeze(text: str) -> str:
    """`text` on one line, with single spaces."""
    return " ".join(text.split())


def joined(parts: Iterable[str], last: str = "and") -> str:
    """'a', 'a and b', 'a, b and c'."""
    items = list(parts)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else ""
