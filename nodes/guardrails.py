"""Guardrails: a small pipeline that looks at what comes in and what goes out, and that users extend.

A guard is an object with a name and a `check`. It lets text pass, remarks on it, changes it, or blocks it; every
verdict that isn't a pass is noted in the run's report and on its event stream.

    class NoLegalAdvice:
        name = "no legal advice"

        def check(self, text: str) -> GuardVerdict:
            if "lawsuit" in text:
                return GuardVerdict(guard=self.name, action="block", message="I don't give legal advice.")
            return GuardVerdict(guard=self.name)

    build(guards=Guards(input=[*INPUT_GUARDS, NoLegalAdvice()]))
"""

from __future__ import annotations

import json
import re
import time
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from pydantic import Field

from memory.journal import Decision, Journal
from nodes import emit, redaction
from nodes.redaction import ALWAYS, Sensitive
from state.record import Record

GuardAction = Literal["pass", "note", "change", "block"]


class GuardVerdict(Record):
    """What a guard says of a text."""

    guard: str
    action: GuardAction = "pass"
    message: str = Field(default="", description="For a person; when blocking, it is the answer the user gets.")
    text: str | None = Field(default=None, description="For 'change': what the text is to be.")

    def __str__(self) -> str:
        return f"{self.guard}: {self.message}"


class Guard(Protocol):
    """One look at a goal that came in, or an answer that goes out. Pure: no I/O, the same verdict twice."""

    @property
    def name(self) -> str:
        """How the guard is named in notes."""

    def check(self, text: str) -> GuardVerdict:
        """The verdict on `text`."""


def apply(guards: Iterable[Guard], text: str) -> tuple[str, list[GuardVerdict]]:
    """`text` as the guards leave it, and the verdicts that weren't a pass. The first to block ends it."""
    verdicts = []
    for guard in guards:
        verdict = guard.check(text)
        if verdict.action == "pass":
            continue
        verdicts.append(verdict)
        if verdict.action == "change" and verdict.text is not None:
            text = verdict.text
        elif verdict.action == "block":
            break
    return text, verdicts


def blocking(verdicts: Sequence[GuardVerdict]) -> GuardVerdict | None:
    """The verdict that blocks, if one does."""
    return next((verdict for verdict in verdicts if verdict.action == "block"), None)


def report(verdicts: Sequence[GuardVerdict]) -> list[str]:
    """The verdicts as notes for the run's report, told on the event stream too."""
    for verdict in verdicts:
        emit.note(str(verdict), level="info" if verdict.action == "note" else "warning")
    return [str(verdict) for verdict in verdicts]


class Size:
    """Blocks text longer than `limit` characters."""

    name = "size"

    def __init__(self, limit: int) -> None:
        self.limit = limit

    def check(self, text: str) -> GuardVerdict:
        if len(text) <= self.limit:
            return GuardVerdict(guard=self.name)
        message = f"This has {len(text):,} characters; the limit is {self.limit:,}."
        return GuardVerdict(guard=self.name, action="block", message=message)


class SensitiveData:
    """Takes secrets and personal data out of text, or blocks it."""

    name = "sensitive data"

    def __init__(self, kinds: Collection[Sensitive] = ALWAYS, *, block: bool = False) -> None:
        self.kinds = kinds
        self.block = block

    def check(self, text: str) -> GuardVerdict:
        redacted, labels = redaction.redact(text, self.kinds)
        if not labels:
            return GuardVerdict(guard=self.name)
        what = ", ".join(label if n == 1 else f"{label} ({n})" for label, n in Counter(labels).items())
        if self.block:
            message = f"This holds what must not be handed on: {what}."
            return GuardVerdict(guard=self.name, action="block", message=message)
        return GuardVerdict(guard=self.name, action="change", message=f"taken out: {what}", text=redacted)


_INJECTION = re.compile(
    r"""\b(?:ignore|disregard|forget|override|bypass)\b[^.\n]{0,40}
        \b(?:previous|prior|above|earlier|all|any|your|the\ system)\b[^.\n]{0,30}
        \b(?:instructions?|prompts?|rules?|guidelines?|messages?|orders?)\b
    | \byou\ are\ (?:now|no\ longer)\b[^.\n]{0,60}\b(?:assistant|AI|model|DAN|jailbr\w+|unrestricted|mode)\b
    | \b(?:reveal|print|show|repeat|output)\b[^.\n]{0,30}
        \b(?:system|hidden|initial)\s+(?:prompt|instructions?|message)\b
    | <\|?(?:im_start|im_end|system|assistant|endoftext)\|?> | \[/?(?:INST|SYS(?:TEM)?)\] | <</?SYS>>
    | ^\s*(?:system|assistant)\s*:
    | \bimportant\s+(?:message|instruction)s?\s+(?:to|for)\s+(?:you|the\s+(?:ai|assistant))\b
    """,
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)


class InjectionSigns:
    """Remarks on wording that tries to take over a model. A signal for people, not the defence: that is the policy."""

    name = "injection signs"

    def check(self, text: str) -> GuardVerdict:
        found = _INJECTION.search(text)
        if not found:
            return GuardVerdict(guard=self.name)
        shown = " ".join(found.group().split())[:80]
        return GuardVerdict(guard=self.name, action="note", message=f"it says “{shown}”")


class AllowedTopics:
    """Blocks text that has none of the topics' words in it.

    `topics`: words or phrases by topic, e.g. {"billing": ["invoice", "refund"]}; whole words, any case.
    """

    name = "allowed topics"

    def __init__(self, topics: Mapping[str, Sequence[str]]) -> None:
        self.topics = dict(topics)
        words = [re.escape(word) for words in topics.values() for word in words]
        self._pattern = re.compile(rf"\b(?:{'|'.join(words)})\w*", re.IGNORECASE)

    def check(self, text: str) -> GuardVerdict:
        if self._pattern.search(text):
            return GuardVerdict(guard=self.name)
        message = f"I can help with {', '.join(self.topics)}; this seems to be about something else."
        return GuardVerdict(guard=self.name, action="block", message=message)


class Scripts:
    """Blocks text written mostly in other scripts than these, as Unicode names them: LATIN, CYRILLIC, CJK, ARABIC."""

    name = "scripts"

    def __init__(self, allowed: Collection[str]) -> None:
        self.allowed = {script.upper() for script in allowed}

    def check(self, text: str) -> GuardVerdict:
        scripts = Counter(unicodedata.name(letter, "?").split()[0] for letter in text if letter.isalpha())
        outside = sum(count for script, count in scripts.items() if script not in self.allowed)
        if outside * 2 <= scripts.total():
            return GuardVerdict(guard=self.name)
        message = f"I can read text in these scripts: {', '.join(sorted(self.allowed)).lower()}."
        return GuardVerdict(guard=self.name, action="block", message=message)


class OutputSchema:
    """Blocks an answer that isn't JSON of a given schema."""

    name = "output schema"

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = dict(schema)

    def check(self, text: str) -> GuardVerdict:
        from jsonschema import Draft202012Validator

        try:
            errors = [error.message for error in Draft202012Validator(self.schema).iter_errors(json.loads(text))]
        except (ValueError, RecursionError) as error:
            errors = [f"not JSON: {error}"]
        if not errors:
            return GuardVerdict(guard=self.name)
        message = f"The answer doesn't have the form that was asked for: {errors[0]}"
        return GuardVerdict(guard=self.name, action="block", message=message)


LINK = re.compile(
    r"(?P<image>!?)\[(?P<label>[^\]\n]*)\]"
    r"\((?P<target>[^()\s]*(?:\([^()\s]*\))?[^()\s]*)(?:\s+\"[^\"\n]*\")?\)"
)
URL = re.compile(r"\b(?:https?|ftp)://[^\s<>\"'`\])}]+|\bwww\.[^\s<>\"'`\])}]+", re.IGNORECASE)


class Links:
    """Takes out links that don't occur in `known` text: an invented or planted address can carry data away."""

    name = "links"

    def __init__(self, known: str) -> None:
        self.known = known.casefold()

    def check(self, text: str) -> GuardVerdict:
        taken: list[str] = []

        def label_only(match: re.Match[str]) -> str:
            if self.is_known(match["target"]):
                return match.group()
            taken.append(match["target"])
            return "" if match["image"] else match["label"]

        def nothing(match: re.Match[str]) -> str:
            if self.is_known(match.group()):
                return match.group()
            taken.append(match.group())
            return "(link left out)"

        changed = URL.sub(nothing, LINK.sub(label_only, text))
        if not taken:
            return GuardVerdict(guard=self.name)
        message = f"left out, as no source has them: {', '.join(taken)}"
        return GuardVerdict(guard=self.name, action="change", message=message, text=changed)

    def is_known(self, link: str) -> bool:
        """Whether a link is one of a source's."""
        link = link.rstrip(".,;:!?*_").rstrip("/").casefold()
        found = self.known.find(link) if link else -1
        while found >= 0:  # a longer path on a known host isn't known
            if not re.match(r"[\w%~-]", self.known[found + len(link) : found + len(link) + 1] or " "):
                return True
            found = self.known.find(link, found + 1)
        return False


INPUT_GUARDS: tuple[Guard, ...] = (SensitiveData(), InjectionSigns())
OUTPUT_GUARDS: tuple[Guard, ...] = (SensitiveData(),)


@dataclass(frozen=True)
class Guards:
    """The guards of a graph, in the order they look: at the goal, and at the answer."""

    input: Sequence[Guard] = INPUT_GUARDS
    output: Sequence[Guard] = OUTPUT_GUARDS


async def record(journal: Journal, thread_id: str, stage: str, verdicts: Sequence[GuardVerdict]) -> None:
    """Append verdicts to the audit log beside the run, as decisions of kind 'guard'. `stage`: 'input' or 'output'."""
    for verdict in verdicts if thread_id else ():
        decided = verdict.model_copy(update={"text": None}).to_json()
        await journal.record(Decision(thread_id, stage, "guard", verdict.guard, time.time(), {}, decided))
