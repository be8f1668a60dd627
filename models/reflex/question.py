"""What a question asks for: its content words and the kind of answer that would do."""

from __future__ import annotations

import functools
import itertools
import re
from dataclasses import dataclass
from typing import Literal

from models.reflex.parts import named_parts
from models.reflex.words import Word, content_words, is_asking_word, is_function_word, paths_in, stem, words

AnswerKind = Literal[
    "age", "duration", "number", "percent", "money", "date", "person", "place", "definition", "reason", "method",
    "yes_no", "any",
]  # fmt: skip
FACTS: frozenset[AnswerKind] = frozenset({"age", "duration", "number", "percent", "money", "date", "person", "place"})
"""Kinds that one sentence answers."""
NUMERIC: frozenset[AnswerKind] = frozenset({"age", "duration", "number", "percent", "money"})

_AUXILIARY = r"^\W*(?:is|are|was|were|do|does|did|can|could|may|must|should|will|would|has|have|had)\b"
_YES_NO = re.compile(_AUXILIARY, re.IGNORECASE)
_WH = re.compile(r"\b(?:who|whom|whose|what|which|when|where|why|how)\b", re.IGNORECASE)
_PATTERNS: tuple[tuple[AnswerKind, str], ...] = (
    ("age", r"\bhow (?:old|young)\b|\b(?:what|which|minimum|required|at what) age\b|\bages? of (?:an?|the)\b"),
    (
        "percent",
        r"\b(?:what|which) (?:percent|percentage|fraction|share|proportion|majority)\b|\bhow many percent\b",
    ),
    (
        "money",
        r"\bhow much (?:money|does .* (?:cost|earn)|is .* (?:worth|paid))"
        r"|\b(?:what|which) (?:is|was) the (?:price|cost)\b",
    ),
    ("number", r"\bhow long (?:must|may|can|should) [\w\s]+ be(?: at (?:least|most))?\W*$"),
    (
        "duration",
        r"\bhow long\b|\bhow many (?:years|months|weeks|days|hours|minutes|seconds)\b"
        r"|\b(?:what is )?the (?:length of the )?(?:terms?|length|duration) of\b|\bterm of office\b",
    ),
    (
        "number",
        r"\bhow (?:many|much|often|far|high|tall|big|large|heavy|fast|deep|wide)\b|\bthe number of\b|\bwhat number\b"
        r"|\bwhat (?:is|was|are) the (?:number|amount|count|size|maximum|minimum|population)\b",
    ),
    ("date", r"\bwhen\b|\b(?:what|which) (?:date|day|year|month|time)\b|\bthe date\b"),
    ("person", r"\bwho\b|\bwhom\b|\bwhose\b|\b(?:what|which) (?:person|man|woman|people)\b"),
    ("place", r"\bwhere\b|\b(?:what|which) (?:place|city|country|file|directory|folder|path|state)\b"),
    ("reason", r"\bwhy\b|\bwhat (?:is|was) the (?:reason|cause)\b|\bfor what reason\b"),
    (
        "definition",
        r"^\W*(?:what|who) (?:is|are|was|were) (?:an?\b|the\b)?\s*[\w\s/'’\"“”`.+-]{2,40}\??\W*$|\bwhat does .* mean\b"
        r"|\bdefine\b|\bdefinition of\b|\bmeaning of\b|\bwhat is meant by\b",
    ),
    ("method", r"\bhow (?:do|does|can|could|should|to|would|is|are|was|were)\b"),
    ("duration", r"\bwie lange\b|\bwie viele (?:jahre|monate|wochen|tage|stunden|minuten|sekunden)\b"),
    ("number", r"\bwie ?viele?\b|\bwie (?:oft|hoch|groß|weit|schwer|schnell|tief|breit)\b"),
    ("date", r"\bwann\b"),
    ("person", r"^\W*wer\b"),
    ("place", r"^\W*wo(?:hin|her)?\b"),
    ("reason", r"\b(?:warum|wieso|weshalb)\b"),
    ("definition", r"^\W*was (?:ist|sind|bedeutet|bedeuten|heißt)\b"),
    ("yes_no", _AUXILIARY),
)
_KINDS = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _PATTERNS)
_OF_BOUNDS = frozenset({"minimum", "maximum", "min", "max", "required", "requirement", "legal", "least"})
"""What is asked of a number, but seldom said with it."""
_LEAST = re.compile(r"\b(?:min(?:imum|imal)?|at least)\b", re.IGNORECASE)
_MOST = re.compile(r"\b(?:max(?:imum|imal)?|at most)\b", re.IGNORECASE)
_NO_LESS = re.compile(rf"{_LEAST.pattern}|\b(?:least|less|fewer|lowest|smallest|under|below|from)\b", re.IGNORECASE)
_NO_MORE = re.compile(
    rf"{_MOST.pattern}|\b(?:most|more|highest|largest|greatest|over|exceed\w*|up to)\b", re.IGNORECASE
)
"""The ends of a range, and all the words that may tell them."""
_SIZE = re.compile(r"^\W*how long (?:is|are|was|were)\b", re.IGNORECASE)
_MODAL = frozenset({"allow", "permit", "forbid", "forbidden", "prohibit", "possible", "legal", "illegal", "oblig"})
"""What a question says of something that a text forbids or allows in other words: 'shall not be'."""
_IMPLIED = (
    (
        re.compile(r"\bwho (?:may|can|could|is able to|is allowed to) (?:become|be|run for|stand for)\b", re.I),
        "eligible",
    ),
    (
        re.compile(r"\b(?:qualifications|requirements) (?:for|of|to be)\b.*\b(?:office|president|member)", re.I),
        "eligible",
    ),
)
"""What a question of that form asks about, though it doesn't say the word."""
_SINGLES = frozenset("first second third last latest oldest youngest largest smallest tallest longest".split())  # noqa: SIM905
"""What tells one of many apart, and so must be in an answer."""
_LIGHT = re.compile(r"\bbreak(?:s|ing)?\b(?=\s+(?:an?\s+|the\s+)?ties?\b)", re.IGNORECASE)
"""Verbs that add nothing to their object."""
_HOLDS = re.compile(
    r"(?<=[\w\"”’'])\s(?:hold|contain|include|store|keep|do)(?=\W*$)|(?<=^was )enthält\b|\benthalten(?=\W*$)",
    re.IGNORECASE,
)
"""What 'What does /opt hold?' asks, and no answer says."""
_WHAT = re.compile(r"^\W*(?:what|was)\b", re.IGNORECASE)
_HEAD = re.compile(
    r"^\W*(?:what|who) (?:is|are|was|were) the (?:[\w-]+ ){0,2}?(?P<head>[\w-]+)(?: of\b|\W*$)", re.IGNORECASE
)
_DEFINED = re.compile(
    r"^\W*(?:what|who) (?:is|are|was|were) (?:an?\s+|the\s+)?(?P<name>[^?]{2,60}?)\??\W*$"
    r"|^\W*what does (?:the (?:word|term) )?(?P<other>[^?]{2,60}?) mean\b",
    re.IGNORECASE,
)
_WHO_IS = re.compile(r"^\W*who (?:is|are|was|were) (?:an?\s+|the\s+)?[\w'’-]+(?:\s[\w'’-]+)?\W*$", re.IGNORECASE)
_JOINED = (" ", " of ", " of the ", " of a ", " for ", " in ")
_SECOND_HALVES = frozenset("name names base zone line size list path book point work space time code word".split())  # noqa: SIM905
"""What is written apart from the word before it or together with it: 'code name', 'codename'."""
_TIME = {"year", "month", "week", "day", "hour", "minut", "second", "centur", "decad"}
_UNIT_ASKED = re.compile(r"\b(?:how many|number of) ((?:[\w-]+ ){0,2}?[\w-]+?)s?\b(?= |\?|$|,)", re.IGNORECASE)


@dataclass(frozen=True)
class Term:
    """A content word of a question. `must`: an answer that leaves it out is about something else.

    `compounds`: stems of the word written as one with its neighbour: 'codename' for 'code name'.
    """

    word: Word
    must: bool
    implied: bool = False
    compounds: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        return self.word.stem


@dataclass(frozen=True)
class Asked:
    """A question, taken apart.

    `unit`: the stem of what is counted ('year', 'senator'), '' if it isn't known. `phrases`: content words that stand
    side by side. `head`: the stem of what is asked for itself: 'capital' of 'the capital of France'. `names`: what a
    definition would be of. `paths`: the paths it names. `bound`: which end of a range is asked for, if one is.
    `is_size`: whether a length would do as well as a duration: 'How long is the bridge?'
    """

    text: str
    kind: AnswerKind
    terms: tuple[Term, ...]
    unit: str = ""
    phrases: tuple[str, ...] = ()
    head: str = ""
    names: tuple[str, ...] = ()
    paths: frozenset[str] = frozenset()
    bound: Literal["", "least", "most"] = ""
    is_size: bool = False

    @property
    def defines(self) -> bool:
        """Whether a definition would answer: 'What is a slicing?', 'Who is the Affirmer?'."""
        return self.kind == "definition" or (self.kind == "person" and bool(_WHO_IS.match(self.text)))

    @property
    def is_fact(self) -> bool:
        return self.kind in FACTS


@functools.lru_cache(maxsize=512)
def analyse(text: str) -> Asked:
    """Take a question apart."""
    kind: AnswerKind = next((kind for kind, pattern in _KINDS if pattern.search(text)), "any")
    if _YES_NO.match(text) and not _WH.search(text):
        kind = "yes_no"
    first = next(iter(words(text)), None)
    capitals = sum(word.is_capital for word in words(text))
    shouting = capitals > max(3, len(words(text)) * 0.6)
    terms = []
    seen: set[str] = set()
    compounds = _compounds(text)
    singles = not named_parts(text)
    said = _LIGHT.sub(lambda match: " " * len(match.group()), text)
    if _WHAT.match(text) and paths_in(text):
        said = _HOLDS.sub(lambda match: " " * len(match.group()), said)
    found = content_words(said)
    if kind == "yes_no":
        found = [word for word in found if word.stem not in _MODAL] if len(found) > 2 else found
    if kind in NUMERIC:
        found = [word for word in found if word.text.lower() not in _OF_BOUNDS] or found
    for word in found:
        if word.stem not in seen:
            seen.add(word.stem)
            named = word.is_capital and not shouting and (first is None or word.start != first.start)
            must = named or any(map(str.isdigit, word.text)) or (singles and word.text.lower() in _SINGLES)
            terms.append(Term(word, must, compounds=compounds.get(word.start, ())))
    if kind == "age" and "age" not in seen:
        terms.append(Term(Word("age", "age", -1, -1), must=False, implied=True))
    for pattern, implied in _IMPLIED:
        if pattern.search(text) and stem(implied) not in seen:
            seen.add(stem(implied))
            terms.append(Term(Word(implied, stem(implied), -1, -1), must=False, implied=True))
    unit = _unit(text, kind)
    if unit and unit not in seen and unit not in _TIME and kind == "number":
        terms.append(Term(Word(unit, unit, -1, -1), must=False, implied=True))
    head = _HEAD.match(text)
    phrases = _phrases(text, terms)
    return Asked(
        text,
        kind,
        tuple(terms),
        unit,
        phrases,
        stem(head["head"]) if head else "",
        _names(text, terms, phrases),
        paths_in(text),
        _bound(text) if kind in NUMERIC else "",
        kind == "duration" and bool(_SIZE.match(text)),
    )


def _bound(text: str) -> Literal["", "least", "most"]:
    least, most = _LEAST.search(text), _MOST.search(text)
    return "" if bool(least) == bool(most) else "least" if least else "most"


def holds_the_other_bound(bound: Literal["", "least", "most"], text: str) -> bool:
    """Whether `text` names only the other end of a range than the one asked for: a maximum, where a minimum is."""
    asked, other = (_NO_LESS, _MOST) if bound == "least" else (_NO_MORE, _LEAST)
    return bool(bound) and bool(other.search(text)) and not asked.search(text)


def _names(text: str, terms: list[Term], phrases: tuple[str, ...]) -> tuple[str, ...]:
    """What is to be defined: the whole of what follows 'What is a', else the words of the question."""
    whole = _DEFINED.match(text)
    named = phrases if len(terms) == 2 and phrases else tuple(term.word.text for term in terms)
    return tuple(dict.fromkeys([*([(whole["name"] or whole["other"]).strip(" \"“”'")] if whole else []), *named]))


def _compounds(text: str) -> dict[int, tuple[str, ...]]:
    """By where a word begins: the stems of that word and a neighbour as one word."""
    found: dict[int, list[str]] = {}
    for one, other in itertools.pairwise(words(text)):
        if other.start - one.end == 1 and other.text.lower() in _SECOND_HALVES and not is_function_word(one):
            for word in (one, other):
                found.setdefault(word.start, []).append(one.text.lower() + stem(other.text))
    return {start: tuple(joined) for start, joined in found.items()}


def topic(text: str) -> str:
    """What a question is about, in a few of its own words: for headings and searches by keywords."""
    kept = [word.text for word in words(text) if not is_function_word(word) and not is_asking_word(word)]
    return " ".join(kept[:8]) or text.strip()


def _phrases(text: str, terms: list[Term]) -> tuple[str, ...]:
    """Pairs of content words that stand side by side: 'debian project', 'power of impeachment'."""
    placed = sorted((term.word for term in terms if term.word.start >= 0), key=lambda word: word.start)
    pairs = [
        (one, other) for one, other in itertools.pairwise(placed) if text[one.end : other.start].lower() in _JOINED
    ]
    return tuple(text[one.start : other.end].lower() for one, other in pairs)


def _unit(text: str, kind: AnswerKind) -> str:
    if kind == "age":
        return "year"
    if kind == "percent":
        return "%"
    match = _UNIT_ASKED.search(text)
    if not match:
        return ""
    named = [word for word in match.group(1).split() if word.lower() not in ("of", "the", "different", "more")]
    return stem(named[0]) if named else ""
