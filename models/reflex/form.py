"""What the form of a sentence adds or takes as an answer: 'An X is ...' answers 'What is an X?'."""

from __future__ import annotations

import re

from models.reflex.fitting import RECURRING, defines
from models.reflex.passages import Sentence
from models.reflex.question import FACTS, Asked
from models.reflex.words import same_word, squeeze, words

_POINTS_ELSEWHERE = re.compile(
    r"^\W*(?:please\s+)?(?:see|refer to|read|for (?:more|additional|further)|more (?:detailed )?information|"
    r"note that)\b"
    r"|^\W*.{0,60}\b(?:refer to|is available (?:at|from)|can be found (?:at|in))\b",
    re.IGNORECASE,
)
_DEICTIC = re.compile(r"^\W*(?:this|these|those|such|that)\b", re.IGNORECASE)
_BY_NAME = re.compile(r"\bby\s+(?!the\b)[A-Z]\w+")
_LASTS = re.compile(r"\bfor (?:\w+ ){1,2}(?:years|months|weeks|days|hours)\b|\bterm of\b|\blasts?\b", re.IGNORECASE)
_MUST = re.compile(r"\b(?:must|required|shall|have to|has to)\b", re.IGNORECASE)
_CONTRASTS = re.compile(r"^\W*(?:but|and|or|nor|however|provided)\b", re.IGNORECASE)
_TELLS_HOW = re.compile(r"\b(?:shall|must|may|can|should|by \w+ing|use|run|type|with the)\b", re.IGNORECASE)
_PASSIVE = re.compile(r"\b(?:be|been|being|is|are|was|were)\s+(?:\w+ly\s+)?$", re.IGNORECASE)
_DOES = re.compile(r"^\W*(?:(?:and|but|or)\s+)?(?:the|each|every|an?|no)?\s*(?:[\w-]+\s+){1,5}"
                   r"(?:shall|may|must|can|will|has|have)\s+"
                   r"(?:have\s+|then\s+|\w+ly\s+|the\s+|power\s+|to\s+|sole\s+)*$", re.IGNORECASE)  # fmt: skip


def worth_of_form(asked: Asked, sentence: Sentence) -> float:
    """What ranks sentences that say the same: about -0.3 to 0.5. What sends the reader elsewhere answers little."""
    bonus, text = 0.0, sentence.span.text
    if asked.defines and any(defines(name, text) for name in asked.names):
        bonus += 0.25
    if asked.kind == "person":
        bonus += _agent(asked, text)
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
    return bonus


def _agent(asked: Asked, text: str) -> float:
    """For whoever does what is asked: 'The Electors shall elect', rather than 'who shall be elected'."""
    doing = next((w for w in words(text) if any(same_word(term.stem, w.stem) for term in asked.terms[:1])), None)
    if doing is None:
        return 0.0
    before = text[: doing.start]
    if _PASSIVE.search(before):
        return 0.05 if re.search(r"\bby\b", text[doing.end :]) else -0.04
    return 0.08 if _DOES.search(before) else 0.0
