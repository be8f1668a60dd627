"""A goal as its single questions, each standing on its own: ellipses filled, pronouns and follow-ups resolved."""

from __future__ import annotations

import re
from collections.abc import Sequence

from models.reflex.phrases import VERBS, Phrase, determiner_of, end_of_phrase, noun_phrases
from models.reflex.sentences import split_sentences
from models.reflex.words import FUNCTION_WORDS, squeeze

_WH = (
    r"(?:how (?:old|long|many|much|often|far|big|large|high|tall|heavy|fast)|what|which|who|whom|whose|when|where|why|"
    r"how)"
)
_AUX = (
    r"(?:is|are|was|were|am|do|does|did|can|could|may|might|must|shall|should|will|would|has|have|had|isn't|aren't|"
    r"doesn't|don't|didn't|can't)"
)
_TELL = r"(?:calculate|compute|compare|explain|describe|summari[sz]e|tell me)"
_BEFORE_QUESTION = re.compile(
    rf"(?:\s*[,;]\s*(?:and\s+|but\s+|or\s+)?(?:also\s+|then\s+)?|\s+(?:and|but)\s+(?:also\s+|then\s+)?)"
    rf"(?=(?:{_WH}|{_TELL})\b)",
    re.IGNORECASE,
)
_BEFORE_CHOICE = re.compile(rf"\s*,?\s+and\s+(?={_AUX}\s)", re.IGNORECASE)
_BEFORE_SIDE = re.compile(
    r"\s*,\s*and\s+(?=(?:(?:of|for|in)\s+)?(?:an?|the)\s+[\w-]+(?:\s+[\w-]+){0,2}\s*\??$)"
    r"|\s+and\s+(?=(?:of|for)\s+(?:an?|the)\s+[\w-]+(?:\s+[\w-]+){0,2}\s*\??$)",
    re.IGNORECASE,
)
"""Before another thing that the same is asked of: '..., and of a representative?'"""
_OF_BOTH = re.compile(
    r"\b(?:between|compar\w+|differ\w*|sum|total|average|mean|ratio|product|both|versus|vs|older|younger|longer|larger|"
    r"than|more)\b",
    re.IGNORECASE,
)
_DO = frozenset({"do", "does", "did"})
_PLACED = re.compile(r"\s+(in|of|at|on|for|from)\s+", re.IGNORECASE)
_BARE_WH = re.compile(rf"^((?:(?:by|for|from|to|with|in|at|since|until)\s+)?{_WH})\W*$", re.IGNORECASE)
_HOW_MANY_BACK = re.compile(r"^how many (?:are|were) (?:there|they|these|those)\W*$", re.IGNORECASE)
_LISTED = re.compile(
    r"^(?:which|what|(?P<list>list|show(?: me)?|name))\s+(?:all\s+)?(?:(?:of\s+)?the\s+)?(?P<rest>\w+s\b.*)$",
    re.IGNORECASE,
)
_SUPERLATIVE = re.compile(
    r"^(?:which (?:is|are|has|have) )?the\s+"
    r"(?P<extreme>(?:most|least|fewest)(?P<adjective>\s+\w+)?|\w+est)(?:\s+ones?)?$",
    re.IGNORECASE,
)
_EXTREME_OF = {
    False: re.compile(r"\b(?:most|least|fewest)\b", re.IGNORECASE),
    True: re.compile(r"\b(?:(?:most|least)\s+\w+|\w{3,}est)\b", re.IGNORECASE),
}
"""What takes the place of an extreme: 'the fewest' that of 'most', 'the most expensive' that of 'cheapest'."""
_TWO_OF = re.compile(
    r"^what (?P<be>is|are|was|were)\s+(?P<one>the\s+[\w-]+)\s*,?\s+and\s+(?P<other>the\s+[\w-]+)\s+(?P<of>of\s+.+)$",
    re.IGNORECASE,
)
"""Two things that are asked of one: 'the height and the weight of the tower'."""
_LEADING = re.compile(r"^(?:(?:and|but|so|then|also|or|ok(?:ay)?|well|now|please)\b[,\s]*)+", re.IGNORECASE)
_FOLLOW_UP = re.compile(r"^(?:what|how) about\s+|^same (?:question )?for\s+", re.IGNORECASE)
_HAS_VERB = re.compile(rf"\b{_AUX}\b", re.IGNORECASE)
_WH_START = re.compile(rf"^{_WH}\b", re.IGNORECASE)
_TELLS = re.compile(rf"^{_TELL}\b", re.IGNORECASE)
_SUBJECT = re.compile(
    rf"^(?P<wh>{_WH}(?:\s+(?!{_AUX}\b)[\w-]+){{0,4}}?)\s+(?P<aux>{_AUX})\s+(?P<rest>.+)$", re.IGNORECASE
)
_PREPOSITION = re.compile(r"^(for|in|of|on|by|per|at|with|from|about|under|to|during|since)\s+(.+)$", re.IGNORECASE)
_DETERMINER = re.compile(r"^(a|an|the|each|every|this|that|its|his|their)\s+", re.IGNORECASE)
_PRONOUN = re.compile(
    r"\b(it|its|they|them|their|theirs|he|him|his|she|her|this one|that one|both|those|these)\b", re.IGNORECASE
)
_THINGS = re.compile(r"\b(it|its|they|them|their)\b", re.IGNORECASE)
_PERSONS = re.compile(r"\b(he|him|his|she|her)\b", re.IGNORECASE)
_IS_NAME = re.compile(r"[A-Z]\w*$")
_PLURAL = ("they", "them", "their")
_WHO_DOES = re.compile(r"^who\s+\w+\s+(?=\w)", re.IGNORECASE)
_COUNTED = re.compile(rf"^(?:how many|which|what)\s+(?P<things>(?:\w+\s+){{0,2}}?\w+s)\s+{_AUX}\s", re.IGNORECASE)
_ALONE = re.compile(
    r"^(?:(?:please|can you|could you)\s+)*(?:compare|explain|describe|summari[sz]e|define|translate|show|"
    r"tell me about|"
    r"tell me more about|list|find|calculate|what is|what are|who is|who are|what does|why is|how does|more about|"
    r"what about|how about)\s+(?:it|them|this|that|those|these|both|him|her|the two)(?:\s+(?:mean|work|do|all))?\W*$",
    re.IGNORECASE,
)
_COMPARES_BACK = re.compile(
    r"^\W*(?:and\s+)?(?:which|who|what)(?:\s+one)?(?:\s+of\s+(?:the two|them|these|those|both))?\s+"
    r"(?:is|are|has|have|was|must be|lasts|serves|takes|costs)\s+(?:the\s+)?"
    r"(?P<word>older|younger|longer|shorter|larger|bigger|greater|higher|lower|smaller|more|less|fewer|taller|heavier|"
    r"cheaper|dearer)(?:\s+(?:one|of the two))?\W*$",
    re.IGNORECASE,
)
_ASKS = re.compile(
    rf"^\W*(?:{_WH}|{_AUX}|{_TELL}|comparison|summary|define|list|name|show me|give me|find)\b|^[\W\d]+$",
    re.IGNORECASE,
)
_EXTREME = re.compile(r"\b(?:most|least|(?!interest|request|latest news)\w{3,}est|maximum|minimum)\b", re.IGNORECASE)
_OTHER_EXTREME = re.compile(
    r"^(?:which|what|who)(?:\s+one)?\s+(?:has|have|is|was|are|were)\s+the\s+(?P<extreme>most|least|\w+est)\W*$",
    re.IGNORECASE,
)


def questions_of(goal: str) -> list[str]:
    """The questions of a goal in its order, each as its own sentence."""
    pieces: list[str] = []
    for span in split_sentences(goal):
        pieces += _split(squeeze(span.text))
    questions: list[str] = []
    for piece in pieces:
        text = _LEADING.sub("", piece).strip(" ,;")
        if not text:
            continue
        if questions:
            text = resolve(text, questions)
        questions.append(_as_sentence(text))
    return questions


def is_question(goal: str) -> bool:
    """Whether a goal asks something, rather than names what is to be done."""
    return "?" in goal or any(_ASKS.match(_LEADING.sub("", squeeze(span.text))) for span in split_sentences(goal))


def resolve(text: str, earlier: Sequence[str]) -> str:
    """A question that leans on earlier ones, made to stand on its own; unchanged if it doesn't lean, or can't be."""
    stripped = _LEADING.sub("", text).strip()
    fragment = _FOLLOW_UP.sub("", stripped).rstrip("?!. ").strip()
    model = next((question for question in reversed(earlier) if not leans_back(question)), None)
    if model is None or not fragment:
        return text
    if (other := _OTHER_EXTREME.match(stripped)) and (extreme := _EXTREME.search(model)):
        return _as_sentence(model[: extreme.start()] + other["extreme"] + model[extreme.end() :])
    if _HOW_MANY_BACK.match(stripped) and (listed := _LISTED.match(model.rstrip("?. "))):
        are = "" if _HAS_VERB.search(listed["rest"]) or not listed["list"] else " are there"
        return _as_sentence(f"How many {listed['rest']}{are}?")
    asked = _SUBJECT.match(model.rstrip("?. "))
    if (bare := _BARE_WH.match(stripped)) and asked and re.fullmatch(_WH, asked["wh"], re.IGNORECASE):
        return _as_sentence(f"{bare[1]} {asked['aux']} {asked['rest']}?")
    is_follow_up = fragment != stripped.rstrip("?!. ").strip()
    if is_follow_up or (not _HAS_VERB.search(fragment) and _is_fragment(fragment)):
        return _fill(fragment, model) or text
    pronoun = _THINGS.search(stripped) or _PERSONS.search(stripped)
    phrase = _topic_phrase(model, is_plural=pronoun[1].lower() in _PLURAL) if pronoun else None
    if pronoun and phrase and (_THINGS.match(pronoun.group()) or _IS_NAME.search(phrase)):
        return _replace_pronoun(stripped, pronoun, phrase)
    return text


def leans_back(question: str) -> bool:
    """'What is the difference?', 'Which is longer?': it is about the answers to the questions before."""
    return compares_back(question) is not None or bool(
        re.match(
            r"^\W*(?:and\s+)?how (?:many|much)(?:\s+\w+)? (?:is|are|does) (?:that|this|it|they|those)(?: make)?\s+"
            r"(?:in all|in total|altogether|together|all together)\W*$"
            r"|^\W*(?:(?:what(?:'s| is| are)|and|calculate|give me|tell me|compute)\s+)*(?:the|their)?\s*"
            r"(?:difference|sum|total|ratio|average|product|mean)s?"
            r"(?:\s+(?:between|of)\s+(?:them|the two|both|these|those)"
            r"(?:\s+\w+)?)?(?:\s+in\s+\w+)?\W*$",
            question,
            re.IGNORECASE,
        )
    )


def compares_back(question: str) -> str | None:
    """The comparative of 'Which is longer?', about the answers to the questions before; None for other questions."""
    match = _COMPARES_BACK.match(question)
    return match["word"].lower() if match else None


def is_unclear(goal: str) -> str | None:
    """The word that points at nothing, if the goal can't be understood without a conversation: 'Compare it'."""
    match = _ALONE.match(_LEADING.sub("", goal.strip()))
    return _PRONOUN.search(goal + " it").group().lower() if match else None  # type: ignore[union-attr]


def _split(sentence: str) -> list[str]:
    cuts = [match for match in _BEFORE_QUESTION.finditer(sentence) if _may_cut(sentence[: match.start()])]
    if not cuts and re.match(rf"^{_AUX}\s", sentence, re.IGNORECASE):
        cuts = [match for match in _BEFORE_CHOICE.finditer(sentence) if len(sentence[: match.start()].split()) >= 3]
    if not cuts and _WH_START.match(sentence) and not _OF_BOTH.search(sentence):
        sides = list(_BEFORE_SIDE.finditer(sentence))
        cuts = [match for match in sides if "," not in sentence[: match.start()]]
    if not cuts and (two := _TWO_OF.match(sentence)):
        be = {"are": "is", "were": "was"}.get(two["be"].lower(), two["be"])
        return [f"What {be} {thing} {two['of']}" for thing in (two["one"], two["other"])]
    pieces, position = [], 0
    for cut in cuts:
        pieces.append(sentence[position : cut.start()])
        position = cut.end()
    return [*pieces, sentence[position:]]


def _may_cut(before: str) -> bool:
    last = re.split(r"[,;]", before)[-1].split()
    return len(before.split()) >= 3 and not (len(last) == 1 and _WH_START.match(last[0]))


def _is_fragment(text: str) -> bool:
    tokens = text.lower().split()
    if _TELLS.match(text):
        return False
    if asked := _WH_START.match(text):
        rest = text[asked.end() :].strip()
        is_open = asked.group().lower() in ("who", "what", "which", "whom", "whose")
        if is_open and not (_DETERMINER.match(rest) or _PREPOSITION.match(rest)):
            return False
        return len(tokens) <= 7 and not any(token in VERBS for token in tokens)
    return len(tokens) <= 6 and bool(_PREPOSITION.match(text) or _DETERMINER.match(text) or len(tokens) <= 3)


def _fill(fragment: str, model: str) -> str | None:
    """`model` with its slot taken by `fragment`: 'for a representative' into 'How old must a senator be?'."""
    question = model.rstrip("?. ")
    if fragment.isdigit() and (numbers := [m for m in re.finditer(r"\b\d+\b", question) if len(m[0]) == len(fragment)]):
        return _as_sentence(question[: numbers[-1].start()] + fragment + question[numbers[-1].end() :])
    if (other := _SUPERLATIVE.match(fragment)) and (extreme := _EXTREME_OF[bool(other["adjective"])].search(question)):
        return _as_sentence(question[: extreme.start()] + other["extreme"] + question[extreme.end() :])
    if fragment.split()[0].lower() in FUNCTION_WORDS:
        fragment = fragment[0].lower() + fragment[1:]
    asked = _WH_START.match(fragment)
    if asked:
        rest = fragment[asked.end() :].strip()
        parsed = _SUBJECT.match(question)
        if not rest or not parsed:
            return None
        if parsed["wh"].lower().startswith(asked.group().lower()):
            unit = parsed["wh"][len(asked.group()) :].strip()
            if unit and rest.lower().startswith(unit.lower()):
                rest = rest[len(unit) :].strip()
            return _fill(rest, model)
        subject = noun_phrases(parsed["rest"])
        tail = parsed["rest"][subject[0].end :] if subject else ""
        return _as_sentence(f"{asked.group()} {parsed['aux']} {rest}{tail}")
    preposition = _PREPOSITION.match(fragment)
    if preposition:
        same = list(re.finditer(rf"\b{preposition[1]}\s+", question, re.IGNORECASE))
        if same:
            start = same[-1].end()
            return _as_sentence(question[:start] + preposition[2] + question[end_of_phrase(question, start) :])
        if preposition[1].lower() not in ("for", "about", "of", "with"):
            return _as_sentence(f"{question} {fragment}")
        fragment = preposition[2]
    parsed = _SUBJECT.match(question)
    offset = parsed.start("rest") if parsed else 0
    phrases = _phrases(parsed) if parsed else noun_phrases(question)
    determiner = _DETERMINER.match(fragment)
    kind = determiner_of(determiner[1] if determiner else "")
    phrase = next((p for p in phrases if p.determiner == kind), None) or (phrases[-1] if phrases else None)
    names = [p for p in phrases if p.text[0].isupper()]
    if not determiner and fragment[0].isupper() and names:
        phrase = names[-1]
    if phrase is None:
        return None
    if not determiner and phrase.determiner == "a":
        fragment = f"{'an' if fragment[0].lower() in 'aeiou' else 'a'} {fragment}"
    if not determiner and phrase.determiner == "the" and fragment[0].islower():
        fragment = f"the {fragment}"
    end = offset + phrase.end
    where, left = _PLACED.search(fragment), _PLACED.match(question[end:])
    if where and left and where[1].lower() == left[1].lower():  # 'the factory in Lyon' by 'the office in Bonn'
        end = end_of_phrase(question, end + left.end())
    return _as_sentence(question[: offset + phrase.start] + fragment + question[end:])


def _phrases(asked: re.Match[str]) -> list[Phrase]:
    """The noun phrases after the auxiliary. Its verb is none: 'When did the shop open?'"""
    rest = asked["rest"]
    phrases = noun_phrases(rest)
    last = phrases[-1] if phrases else None
    if last and len(phrases) == 1 and last.end == len(rest) and asked["aux"].lower() in _DO:
        subject, _, verb = last.text.rpartition(" ")
        if subject and not determiner_of(subject) and not asked["wh"].lower().endswith(verb):
            return [Phrase(last.start, last.start + len(subject), subject, last.determiner)]
    return phrases


def _topic_phrase(question: str, *, is_plural: bool = False) -> str | None:
    """What the question before is about, to stand for 'it'; for 'they' the things it counts, if it does."""
    if is_plural and (counted := _COUNTED.match(question)):
        return counted["things"]
    whole = question.rstrip("?. ")
    parsed = _SUBJECT.match(whole)
    if not parsed and (does := _WHO_DOES.match(whole)):
        return whole[does.end() :]
    phrases = _phrases(parsed) if parsed else noun_phrases(whole)
    return phrases[0].text if phrases else None


def _replace_pronoun(text: str, pronoun: re.Match[str], phrase: str) -> str:
    word, after = pronoun.group().lower(), text[pronoun.end() :]
    is_owner = word in ("its", "their", "his") or (word == "her" and re.match(r"\s+\w", after))
    return text[: pronoun.start()] + (f"{phrase}'s" if is_owner else phrase) + after


def _as_sentence(text: str) -> str:
    text = squeeze(text).strip(" ,;")
    if not text:
        return text
    text = text[0].upper() + text[1:]
    is_question = _WH_START.match(text) or re.match(rf"^{_AUX}\s", text, re.IGNORECASE)
    return text if text[-1] in ".?!" else text + ("?" if is_question else ".")
