"""From a goal to an Intent: the kind of request, its questions, or a reply when there is nothing to look up."""

from __future__ import annotations

import re
from collections.abc import Sequence

from langchain_core.messages import AnyMessage

from models.reflex import handing_on
from models.reflex.arithmetic import calculation_of
from models.reflex.goals import is_unclear, leans_back, questions_of, resolve
from models.reflex.routing import is_about_files
from models.reflex.vocabulary import ACTIONS
from models.reflex.words import squeeze
from state.intent import Intent, IntentKind

ABILITIES = "I answer questions from your documents and databases by quoting them, I calculate, and I work with dates"
_NO_MODEL = "Set OPENAI_API_KEY or OPENAI_BASE_URL to use a model that writes."
_GREETING = re.compile(
    r"^\W*(?:hi|hello|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|day)|hallo|hola|bonjour|salut|ciao|"
    r"moin)"
    r"(?:\s+(?:there|all|everyone|again|you|bot|assistant))?\W*(?:how are you(?: doing)?(?: today)?\W*)?$",
    re.IGNORECASE,
)
_SMALL_TALK: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), reply)
    for pattern, reply in (
        (r"^\W*(?:thanks?|thank you|thx|ty|many thanks|cheers|danke|merci|gracias)\b[\w\s,!.]{0,40}$",
         "You're welcome. Ask me something else whenever you like."),
        (r"^\W*(?:bye|goodbye|see you|good night|farewell|ciao|tschüss)\b[\w\s,!.]{0,30}$", "Goodbye."),
        (r"^\W*how are you\b[\w\s,]{0,20}\W*$", f"I'm working as I should. {ABILITIES}. What would you like to know?"),
        (r"^\W*(?:who|what) are you\W*$|^\W*what(?:'s| is) your name\W*$|^\W*what can you do\b[\w\s]{0,15}\W*$"
         r"|^\W*(?:help|help me)\W*$|^\W*what do you do\W*$|^\W*how (?:can|do) you (?:work|help)\b[\w\s]{0,10}\W*$",
         f"I'm the embedded brain of this orchestration layer. {ABILITIES}. I don't write text of my own. {_NO_MODEL}"),
        (r"^\W*(?:ok(?:ay)?|great|nice|cool|good|perfect|awesome|well done|good job|yes|no|sure|lol|haha+|"
         r"test|testing)\W*$",
         "All right. What would you like to know?"),
        (r"^\W*tell me a joke\W*$", f"I don't make things up, jokes included. {ABILITIES}."),
    )
)  # fmt: skip
_ACTION = re.compile(
    r"^\W*(?:(?:please|can you|could you|would you|i want you to|i'd like you to|i need you to|"
    r"go(?: and)?|just|kindly)\s+)*"
    rf"(?P<verb>{'|'.join(map(re.escape, ACTIONS))})\b"
    r"(?!\s*(?:\?|$))",
    re.IGNORECASE,
)
_GENERATES = frozenset(
    """
    write draft compose translate paraphrase rewrite draw paint design code implement generate brainstorm
    imagine invent refactor create make
    """.split()  # noqa: SIM905
)
_TAKES_DOWN = frozenset({"write", "draft", "compose", "create", "make"})
_GIVEN = re.compile(r"[\"“][^\"”]+[\"”]|(?<!\w)'[^']+'(?!\w)|\b(?:saying|that says|with the text)\b", re.IGNORECASE)
"""The text to write is given, so nothing has to be made up."""
_COMPARISON = re.compile(
    r"\bcompar(?:e|ed|ing|ison)\b|\bdifferences?\s+between\b|\bversus\b|\bvs\.?\s"
    r"|\bhow (?:do|does|is|are) .+ differ(?:ent)?\b"
    r"|\bsimilarit(?:y|ies) between\b|\bpros and cons of .+ (?:and|or)\b",
    re.IGNORECASE,
)
_SIDES = re.compile(
    r"(?:compar(?:e|ing|ison of|ison between)|differences? between|similarit(?:y|ies) between)\s+(?P<one>.+?)\s+"
    r"(?:and|with|to|versus|vs\.?)\s+(?P<other>.+)$",
    re.IGNORECASE,
)
_VERSUS = re.compile(r"^(?:what is better[,:]?\s+)?(?P<one>.+?)\s+(?:versus|vs\.?)\s+(?P<other>.+)$", re.IGNORECASE)
_DIFFER = re.compile(r"\bhow (?:do|does|is|are)\s+(?P<one>.+?)\s+(?:and|differ from|different from)\s+(?P<other>.+?)"
                     r"(?:\s+differ(?:ent)?)?$",
                     re.IGNORECASE)  # fmt: skip
_CONSTRAINT = re.compile(
    r"\b(?:in (?:one|two|three|a few|\d+) (?:words?|sentences?|lines?)|briefly|in short|in detail|as a table|as a list|"
    r"in bullet points|only from [\w .-]+|at most \d+ words|in (?:english|german|french|spanish|italian))\b",
    re.IGNORECASE,
)


def parse(goal: str, history: Sequence[AnyMessage] = ()) -> Intent:
    """What `goal` asks for. `history`: the conversation so far, with or without `goal` as its last message."""
    text = squeeze(goal)
    if reply := _small_talk(text):
        return Intent(kind="small_talk", goal=text, reply=reply)
    earlier = _earlier_questions(text, history)
    asked, told = handing_on.split(text)
    if told and (asked or earlier) and not _is_action(asked):
        intent = _parsed(asked, earlier) if asked else _parsed(" ".join(earlier), ())
        if intent.reply or intent.missing:
            return intent
        return intent.model_copy(update={"goal": f"{intent.goal} {told}", "questions": [*intent.questions, told]})
    return _parsed(text, earlier)


def _parsed(text: str, earlier: Sequence[str]) -> Intent:
    """What `text` asks for, after `earlier` questions; nothing of it is small talk."""
    if not earlier and (word := is_unclear(text)):
        return Intent(kind="question", goal=text, missing=f"What does '{word}' stand for? Please name it.")
    questions = questions_of(text)
    if earlier and questions:
        questions[0] = resolve(questions[0], earlier)
        context = [*earlier, questions[0]]
        questions = [questions[0], *(resolve(question, context) for question in questions[1:])]
        if len(questions) == 1 and leans_back(questions[0]) and len(earlier) > 1:
            questions = [*[question for question in earlier if not leans_back(question)][-2:], questions[0]]
    restated = " ".join(questions) or text
    constraints = [match.group() for match in _CONSTRAINT.finditer(text)]
    if _is_action(text):
        match = _ACTION.match(text)
        verb = match["verb"].lower() if match else ""
        reply = cannot(text) if _is_made_up(verb, text) else None
        return Intent(kind="action", goal=text, questions=questions, constraints=constraints, reply=reply)
    if len(questions) > 1:
        questions = [one for question in questions for one in _compared(question) or [question]]
    kind: IntentKind = "question"
    if any(calculation_of(question) or leans_back(question) for question in questions):
        kind = "calculation"
    elif len(questions) == 1 and (sides := _compared(questions[0])):
        return Intent(kind="comparison", goal=restated, questions=sides, constraints=constraints)
    return Intent(kind=kind, goal=restated, questions=questions or [text], constraints=constraints)


def _is_action(text: str) -> bool:
    return is_about_files(text) or (bool(_ACTION.match(text)) and not calculation_of(text))


def _compared(question: str) -> list[str]:
    """The two sides of a comparison that is to be looked up; empty for what is none, or calculated."""
    is_looked_up = _COMPARISON.search(question) and not calculation_of(question) and not leans_back(question)
    return sides_of(question) if is_looked_up else []


def sides_of(question: str) -> list[str]:
    """The two things that are compared, each as a phrase; empty if they can't be told apart."""
    text = question.rstrip("?. ")
    match = _SIDES.search(text) or _DIFFER.search(text) or _VERSUS.search(text)
    if not match:
        return []
    one, other = match["one"].strip(" ,"), match["other"].strip(" ,")
    head = re.match(r"^(?P<head>.+\b(?:of|for|in)\s+)(?P<rest>.+)$", one)
    if head and not re.search(r"\b(?:of|for|in)\b", other):
        other = head["head"] + other
    common = head["head"].rsplit(None, 1)[0] + " " if head else ""
    other = re.sub(r"^(?:(?:that|those)\s+)?(?=(?:of|for|in)\b)", common, other)
    return [side[0].upper() + side[1:] for side in (one, other)]


def _small_talk(text: str) -> str | None:
    if not any(map(str.isalnum, text)):
        return f"I see no question there. {ABILITIES}." if text else None
    if _GREETING.match(text):
        return f"Hello. {ABILITIES}. What would you like to know?"
    return next((reply for pattern, reply in _SMALL_TALK if pattern.match(text)), None)


def _earlier_questions(goal: str, history: Sequence[AnyMessage]) -> list[str]:
    """The questions of the last goal that had any, resolved by those before it."""
    said = [squeeze(str(message.text)) for message in history if message.type == "human"]
    if said and said[-1] == goal:
        said.pop()
    earlier: list[str] = []
    for text in said[-6:]:
        if _small_talk(text):
            continue
        found = questions_of(text)
        if found and earlier:
            resolved = resolve(found[0], earlier)
            before = earlier[-1:] if resolved != found[0] else []  # a follow-up is asked beside what it follows
            found = [*before, resolved, *found[1:]]
        earlier = found or earlier
    return earlier


def _is_made_up(verb: str, goal: str) -> bool:
    """Whether doing it takes a text that nobody gave."""
    return verb in _GENERATES and not (verb in _TAKES_DOWN and _GIVEN.search(goal))


def cannot(goal: str) -> str:
    """The honest reply to a request to do something that can't be done."""
    match = _ACTION.match(goal)
    verb = match["verb"].lower() if match else "do"
    if _is_made_up(verb, goal):
        return (
            f"I can't {verb} that: I'm the embedded brain and only quote what I find, I don't generate text. "
            f"{ABILITIES}. {_NO_MODEL}"
        )
    return f"I can't {verb} that: no tool that is available does it with what you said, so nothing was done."
