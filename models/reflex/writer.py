"""Writes by quoting: the few sentences of the evidence that answer, each with its mark; says what none answers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from models.reflex.arithmetic import SMALLER, back_reference, calculation_of
from models.reflex.extract import date_that_answers, number_that_answers
from models.reflex.goals import compares_back, leans_back
from models.reflex.handing_on import HandingOn, handing_on
from models.reflex.intent import cannot
from models.reflex.part import Part
from models.reflex.passages import Passage
from models.reflex.planner import CLOCK
from models.reflex.question import analyse
from models.reflex.quoting import Quoter
from models.reflex.ranking import Ranker
from models.reflex.rows import readable, without_count
from models.reflex.sentences import split_sentences
from models.reflex.words import same_word, squeeze, stems
from state.intent import Intent
from state.plan import AGENT, MODEL
from state.result import Evidence
from state.verdict import Draft, Finding

MOST_WORDS = 80
"""Words of the answer to one question."""
_MOST_ROWS, _LONGEST_OUTCOME = 10, 400
_ROW = re.compile(r", row (?P<number>\d+) of (?P<total>(?:more than )?\d+)$")
"""Where a row of a database stands among those that a query gave."""
_NO_ROWS = re.compile(r'"rows": \[\]')


class Writer:
    """Writes one draft from one set of evidence."""

    def __init__(self, evidence: Sequence[Evidence], feedback: Sequence[Finding] = ()) -> None:
        self.evidence = evidence
        rejected = [squeeze(re.sub(r"\[\d+\]", "", finding.sentence)) for finding in feedback if finding.sentence]
        self.passages = [
            Passage(index, item.text, item.place, rank=1.0 / (1 + position), source=_name(item.source))
            for position, (index, item) in enumerate((i, e) for i, e in enumerate(evidence) if e.kind == "text")
        ]
        self.ranker = Ranker(self.passages)
        self.quoter = Quoter(self.ranker, rejected)
        self.is_only = True
        self.values = [index for index, item in enumerate(evidence) if item.kind == "value"]

    def write(self, intent: Intent) -> Draft:
        if intent.kind == "action":
            return self._done(intent)
        questions = intent.questions or [intent.goal]
        self.is_only = len(questions) == 1
        handed = {question: to for question in questions if (to := handing_on(question))}
        done = [self._handed_on(question, to) for question, to in handed.items()]
        parts = [self._part(question, intent) for question in questions if question not in handed] + done
        gaps = [part.gap or self._gap(part.question) for part in parts if part.gap or not part.lines]
        if len(parts) == 1:
            text = _joined(parts[0].lines) or gaps[0]
        else:
            text = "\n\n".join(f"**{part.question}** {_joined(part.lines) or part.nothing}" for part in parts)
        citations = list({(c.number, c.quote): c for part in parts for c in part.citations}.values())
        return Draft(text=text, citations=citations, gaps=gaps)

    def _done(self, intent: Intent) -> Draft:
        """What an action came to, in the tools' own words; that nothing was done if it came to nothing."""
        part = Part(intent.goal, self.evidence)
        labels = [_label(question) for question in intent.questions if question != intent.goal]
        for index in self._outcomes(labels):
            text = squeeze(self.evidence[index].text)
            if self.evidence[index].kind == "text":  # a passage: what it begins with, since a mark holds one sentence
                text = text[: split_sentences(text)[0].end]
            label = next((label for label in labels if text.startswith(label)), "")
            told = _shortened(readable(text.removeprefix(label or _label(intent.goal)).strip())).rstrip(".")
            said = f"{label} {told}".strip()
            if self.evidence[index].kind == "value":
                said = said[:1].upper() + said[1:]
            part.say(index, said, self.evidence[index].text.strip())
        return Draft(text=_joined(part.lines) or cannot(intent.goal), citations=part.citations)

    def _outcomes(self, labels: Sequence[str]) -> list[int]:
        """What is to be told of an action: what the tasks of those labels came to, else all that tools said."""
        named = [index for index in self.values if squeeze(self.evidence[index].text).startswith(tuple(labels))]
        said = [index for index, item in enumerate(self.evidence) if item.source not in (MODEL, AGENT)]
        return named or [index for index in said if index in self.values] or said or self.values

    def _handed_on(self, question: str, to: HandingOn) -> Part:
        """What came of handing on what was found; that is no answer to the other questions."""
        part = Part(question, self.evidence, nothing="This wasn't done.")
        for index in list(self.values):
            item = self.evidence[index]
            if item.source == to.tool and (to.path or to.to) in item.text:
                self.values.remove(index)
                text = item.text.strip()
                part.say(index, readable(squeeze(text).removeprefix(_label(question)).strip()).rstrip("."), text)
        if not part.lines:
            part.gap = f"This wasn't done: {question}"
        return part

    def _part(self, question: str, intent: Intent) -> Part:
        part = Part(question, self.evidence)
        calculation = calculation_of(question)
        if word := compares_back(question):
            asked = intent.questions[: intent.questions.index(question)]
            self._compared(part, word, [one for one in asked if not leans_back(one)][-2:])
        elif calculation or leans_back(question):
            name = calculation.name if calculation else (back_reference(question) or ("", "The result"))[1]
            operands = [o.question for o in calculation.operands if o.question] if calculation else []
            self._calculated(part, name, operands)
        else:
            self._looked_up(part)
            if not part.lines:
                self.quoter.answer(
                    part, analyse(question), MOST_WORDS if intent.kind != "comparison" else MOST_WORDS // 2
                )
        return part

    def _calculated(self, part: Part, name: str, operands: Sequence[str]) -> None:
        """'The difference is 5 [3].', after the quotations that its numbers come from."""
        for question in operands:
            asked = analyse(question)
            found = number_that_answers(asked, self.ranker) or date_that_answers(asked, self.ranker)
            if found and self.quoter.is_new(found.candidate, part):
                self.quoter.quote(part, asked, found.candidate, part.words + MOST_WORDS // 2)
        for index in self.values:
            item = self.evidence[index]
            value = _result_of(item)
            if value is not None:
                self.values.remove(index)
                part.say(index, f"{name} is {_shown(value)}", item.text.strip())
                return
        if part.lines:
            part.gap = f"The calculation couldn't be made: {part.question}"

    def _compared(self, part: Part, word: str, questions: Sequence[str]) -> None:
        """'The longer one is that of a senator: 6 against 2 [3].', if both numbers are of the same kind."""
        found = [number_that_answers(analyse(question), self.ranker) for question in questions]
        index = next((index for index in self.values if _result_of(self.evidence[index]) is not None), None)
        known = [one for one in found if one]
        if index is None or len(known) < 2 or known[0].unit != known[1].unit:
            part.gap = f"The answers can't be compared: {part.question}"
            return
        self.values.remove(index)
        values = [one.value for one in known]
        text = self.evidence[index].text.strip()
        if values[0] == values[1]:
            part.say(index, f"Both are the same: {values[0]}", text)
            return
        best = values.index(min(values) if word in SMALLER else max(values))
        subject = _apart(questions[best], questions[1 - best])
        that = "" if part.question.lower().startswith("who") else "that of "
        part.say(index, f"The {word} one is {that}{subject}: {values[best]} against {values[1 - best]}", text)

    def _looked_up(self, part: Part) -> None:
        """A value that a tool looked up: the first that has to do with the question."""
        asked = {term.stem for term in analyse(part.question).terms}
        goal = _label(part.question)
        for index in self.values:
            item = self.evidence[index]
            if item.source in (MODEL, AGENT) or _result_of(item) is not None or _NO_ROWS.search(item.text):
                continue
            text = squeeze(item.text)
            is_of_clock = item.source == "now" and bool(CLOCK.match(part.question))
            found = stems(f"{text} {item.place}")
            has_to_do = any(same_word(one, other) for one in asked for other in found)
            if text.startswith(goal) or self.is_only or is_of_clock or has_to_do:
                rows = [i for i in self.values if self.evidence[i].task == item.task] if item.task else [index]
                self.values = [i for i in self.values if i not in rows]
                self._rows(part, rows, goal)
                return

    def _rows(self, part: Part, indices: Sequence[int], goal: str) -> None:
        """The rows of one result: one as a sentence, several as a list."""
        texts = {index: self.evidence[index].text.strip() for index in indices}
        counted = {index: without_count(text.removeprefix(goal).strip()) for index, text in texts.items()}
        shown = {index: readable(text, in_list=len(indices) > 1) for index, (text, _) in counted.items()}
        listed = [index for index in indices if shown[index]]
        for index in listed[:_MOST_ROWS]:
            part.say(index, shown[index], texts[index])
        if len(listed) > 1:
            rows = "\n".join(f"- {line.rstrip('.')}" for line in part.lines)
            in_all = counted[listed[0]][1]
            head = f"{in_all} in all [{listed[0] + 1}]:\n" if in_all else ""
            more = "\n- …" if len(listed) > _MOST_ROWS else ""
            part.lines = ["\n" + head + rows + (more if in_all else self._left_out(listed))]

    def _left_out(self, listed: Sequence[int]) -> str:
        """What says that there are more rows than those shown, and how many where the evidence tells."""
        index = listed[:_MOST_ROWS][-1]
        last = _ROW.search(self.evidence[index].place)
        if last and last["number"] != last["total"]:
            return f"\n- … (the first {last['number']} of {last['total']}) [{index + 1}]"
        return "\n- …" if len(listed) > _MOST_ROWS else ""

    def _gap(self, question: str) -> str:
        if not self.evidence:
            return f"I found nothing about: {question}"
        return f"The documents don't say: {question}" if self.passages else f"What I looked up doesn't say: {question}"


def write(intent: Intent, evidence: Sequence[Evidence], feedback: Sequence[Finding] = ()) -> Draft:
    """The draft that answers `intent` by quoting `evidence`."""
    return Writer(evidence, feedback).write(intent)


def _result_of(item: Evidence) -> str | None:
    """The value of a calculation: of '35 - 30 = 5', or of 'What is the difference: 5'."""
    if "calculate" not in item.source:
        return None
    text = item.text.strip()
    for sign in (" = ", ": "):
        if sign in text:
            return text.rpartition(sign)[2].strip()
    return text


def _shown(value: str) -> str:
    """A value as a person likes it: long decimals rounded to six places."""
    if re.fullmatch(r"-?\d+\.\d{7,}", value) and abs(float(value)) >= 0.001:
        return f"about {float(value):.6f}".rstrip("0").rstrip(".")
    return value


def _apart(one: str, other: str) -> str:
    """What the first of two questions has that the other hasn't: 'a senator'."""
    first, second = one.rstrip("?. ").split(), other.rstrip("?. ").split()
    start = next((i for i, (a, b) in enumerate(zip(first, second, strict=False)) if a != b), 0)
    end = next((i for i, (a, b) in enumerate(zip(first[::-1], second[::-1], strict=False)) if a != b), 0)
    start -= start > 0 and first[start - 1].lower() in ("a", "an", "the")
    return " ".join(first[start : len(first) - end])


def _joined(lines: Sequence[str]) -> str:
    return " ".join(lines).replace("… …", "…").strip()


def _shortened(text: str) -> str:
    """What an action came to, with … for what is too long, from the end of an item or of a word on."""
    if len(text) <= _LONGEST_OUTCOME:
        return text
    head = text[: _LONGEST_OUTCOME + 1]
    items = max(head.rfind(", "), head.rfind("; "))
    end = items if items > _LONGEST_OUTCOME // 2 else head.rfind(" ")
    return (head[:end] if end > 0 else head[:-1]).rstrip(" ,;:.") + " …"


def _label(goal: str) -> str:
    """How the value of a task begins."""
    return squeeze(goal).rstrip(".:;?!") + ":"


def _name(source: str) -> str:
    return re.sub(r"[/_.-]+", " ", source.rsplit("/", 1)[-1])
