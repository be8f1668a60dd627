"""The deterministic checks of a draft against the evidence of its run, and its repair without a model."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import NamedTuple

from nodes import wording
from nodes.citations import verbatim
from nodes.claims import Grounds, bare, is_english
from nodes.evidence import is_said_by_a_model
from nodes.guardrails import LINK, URL, Links
from nodes.statements import COUNTED, FENCE, MARK, RULE, Sentence, says_something, sentences
from state.plan import Plan
from state.result import Citation, Evidence
from state.verdict import Draft, Finding

ASIDE = "aside_not_in_evidence"
"""The check that finds nothing wrong but a heading, a label or a question, which an answer can do without."""
_COMPUTING = "difference sum total average mean ratio product share percent older younger higher lower dearer cheaper"
_ADDRESS = re.compile(r"(?<![:\w/])//[\w-]+\.[^\s<>\"'`\])}]+|\b[\w.+-]{1,64}@[\w-]+\.[\w.-]+")
"""An address without a scheme, or of a person."""
_RESULT = re.compile(r"^.*=(?=[^=]*\d[^=]*$)", re.DOTALL)
_REASONS = {
    "number": "the number {fact} isn't in the evidence it cites",
    "date": "the date {fact} isn't in the evidence it cites",
    "name": "the name {fact} isn't in the evidence it cites",
    "word": "nothing in the evidence it cites says '{fact}'",
    "aside": "neither the question nor anything that the answer cites says '{fact}'",
    "subject": "the evidence it cites says this of something other than '{fact}'",
    "negation": "the evidence it cites says the contrary: '{fact}' turns it round",
    "opposite": "the evidence it cites says the opposite of '{fact}'",
    "roles": "in the evidence it cites it isn't '{fact}' who does this",
}


def check(draft: Draft, evidence: Sequence[Evidence], *, goal: str = "", plan: Plan | None = None) -> list[Finding]:
    """What is wrong with a draft, in its order; an empty list means that every claim is held up.

    Every citation is of this run and its quotation verbatim; every number, date and name of a sentence is in the
    evidence it cites or a value of the run; every claim has a citation and something in common with it; every link is
    a source's. What stands beside the claims and cites nothing, such as a heading, a label, a question or a few words,
    is in words of what the user said or of the evidence that the draft cites. `goal`: what the user said, who may be
    quoted; `plan`: which values were computed from which tasks.
    """
    sources = {citation.number: _source(citation, evidence) for citation in draft.citations}
    asked_for = "\n".join([goal, *(task.goal for task in (plan.tasks if plan else []))])
    links = Links("\n".join([goal, *(f"{item.text} {item.url or ''} {item.source}" for item in evidence)]))
    upstream = _upstream(plan)
    every = list({id(source): source for source in sources.values() if source}.values())
    beside = _Beside(goal, _texts(every, evidence, upstream), _grounds(every, evidence, upstream))
    written = sentences(draft.text)
    findings: list[Finding] = []
    if evidence and not any(says_something(sentence.body) for sentence in written):
        findings.append(Finding(check="empty", message="it says nothing", sentence=draft.text))
    label: Sentence | None = None
    for sentence in written:
        cited = [source for mark in sentence.marks if (source := sources.get(mark)) is not None]
        told: list[tuple[str, str]] = []
        for mark in sentence.marks:
            if mark not in sources:
                told.append(("unknown_citation", f"[{mark}] cites nothing"))
            elif sources[mark] is None:
                told.append(("quote_not_verbatim", f"the quotation behind [{mark}] isn't in the evidence of this run"))
        if unknown := [link for link in _links(sentence.text) if not links.is_known(link)]:
            told.append(("unknown_link", f"no source has the link {unknown[0]}"))
        told += _unsupported(sentence, cited, evidence, beside, upstream)
        if not told and sentence.is_claim and cited:
            quotes = [citation for citation in draft.citations if citation.number in sentence.marks]
            told += _reasons(_misworded(sentence.body, quotes, cited, evidence, asked_for))
        elif not told and sentence.asserts:
            told += _turned(sentence.body, draft.citations, every)
        if not told and sentence.is_short and label and _is_label(label, sentence, draft.text):
            told.append(("subject_not_in_evidence", _REASONS["subject"].format(fact=label.body.strip(" :"))))
        label = sentence if told else None
        findings += [
            Finding(check=name, message=message, sentence=sentence.text, task=next((i.task for i in cited), None))
            for name, message in told
        ]
    return findings


def repair(draft: Draft, findings: Sequence[Finding]) -> Draft:
    """The draft without the sentences that have findings, its citations numbered anew, the gap named.

    A heading, a label or a question that is left out is no gap.
    """
    bad = {finding.sentence for finding in findings}
    told = {finding.sentence for finding in findings if finding.check != ASIDE}
    written = sentences(draft.text)
    dropped = [
        sentence
        for sentence, after in zip_longest(written, written[1:])
        if sentence.text in bad or (after and after.text in bad and _is_label(sentence, after, draft.text))
    ]
    gone = {sentence.start for sentence in dropped}
    text = _tidied(_without(draft.text, dropped, kept=[one for one in written if one.start not in gone]))
    order = list(dict.fromkeys(int(number) for number in MARK.findall(text)))
    known = {citation.number: citation for citation in draft.citations}
    new = {old: index for index, old in enumerate([number for number in order if number in known], 1)}
    text = MARK.sub(lambda match: f"[{new[int(match[1])]}]" if int(match[1]) in new else "", text)
    citations = [known[old].model_copy(update={"number": number}) for old, number in new.items()]
    lost = sum(sentence.text in told for sentence in dropped)
    if not lost:
        return Draft(text=text, citations=citations, gaps=draft.gaps)
    gap = (
        "A statement that the evidence doesn't hold up was left out"
        if lost == 1
        else f"{lost} statements that the evidence doesn't hold up were left out"
    )
    return Draft(text=text, citations=citations, gaps=[*draft.gaps, gap])


def _source(citation: Citation, evidence: Sequence[Evidence]) -> Evidence | None:
    """The piece of this run's evidence that a citation quotes."""
    for item in evidence:
        if (citation.source, citation.task) == (item.source, item.task) and verbatim(citation.quote, item.text):
            return item
    return None


class _Beside(NamedTuple):
    """What may be said without a citation beside the claims: what was asked, and what the draft cites."""

    goal: str
    texts: Sequence[str]
    grounds: Grounds

    def untold(self, text: str) -> list[tuple[str, str]]:
        """The numbers and dates of a text that are in neither, else its words."""
        missing = self.grounds.unsupported(text)
        unasked = Grounds([self.goal]).unsupported(text) if missing else []
        found = [(kind, fact) for kind, fact in missing if (kind, fact) in unasked and kind != "name"]
        return found or [("aside", word) for word in wording.untold(text, [self.goal, _COMPUTING, *self.texts])]


def _unsupported(
    sentence: Sentence,
    cited: Sequence[Evidence],
    evidence: Sequence[Evidence],
    beside: _Beside,
    upstream: Mapping[str, set[str]],
) -> list[tuple[str, str]]:
    body = sentence.body
    if not says_something(body):
        return []
    if sentence.is_aside:
        missing = beside.untold(body)
    elif not cited and ((sentence.is_claim and not sentence.is_short) or beside.untold(sentence.said)):
        return [("no_citation", "it cites nothing")]
    else:
        grounds = _grounds(cited, evidence, upstream)
        missing = [] if grounds.holds_verbatim(body) else grounds.unsupported(body, goal=Grounds([beside.goal]))
    return _reasons(missing)


def _reasons(missing: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The name of the check and the reason for each fact that is missing."""
    return [(f"{kind}_not_in_evidence", _REASONS[kind].format(fact=fact)) for kind, fact in missing]


def _turned(body: str, quotes: Sequence[Citation], cited: Sequence[Evidence]) -> list[tuple[str, str]]:
    """What is wrong with the statement that a heading or the like makes, held against all that the draft quotes; its
    words alone prove nothing, since those of the question do for them."""
    if not all(is_english(text) for text in (body, *(item.text for item in cited))):
        return []
    places = [f"{item.place} {item.source}" for item in cited]
    found = wording.faults(body, [quote.quote for quote in quotes], [item.text for item in cited], labels=places)
    return [
        (ASIDE, _REASONS[kind].format(fact=fact))
        for kind, fact in found
        if kind != "word" and (kind != "subject" or wording.untold(fact, []))  # 'These requirements must be met:'
    ]


def _misworded(
    body: str, quotes: Sequence[Citation], cited: Sequence[Evidence], evidence: Sequence[Evidence], asked: str
) -> list[tuple[str, str]]:
    """What the words of a claim say that its quotations don't. A value is a word of its own for what it was made
    from, so a claim about one may use the words of all that was found and asked."""
    if any(bare(body) == bare(quote.quote) for quote in quotes):  # it is the quotation itself
        return []
    if not (is_english(body) or is_english(asked)) or not all(is_english(item.text) for item in cited):
        return []
    if any(item.kind == "value" for item in cited):
        texts = [f"{item.text} {item.source}" for item in evidence]
        found = wording.unheld(body, texts, goal=f"{asked} {_COMPUTING}")
    else:
        found = wording.faults(
            body,
            [quote.quote for quote in quotes],
            [item.text for item in cited],
            labels=[f"{item.place} {item.source} {item.date or ''}" for item in cited],
            goal=asked,
            others=[item.text for item in evidence if item not in cited],
        )
    return found


def _grounds(cited: Sequence[Evidence], evidence: Sequence[Evidence], upstream: Mapping[str, set[str]]) -> Grounds:
    """What a sentence may rest on: what it cites, the values of the run, and what a cited value was made from."""
    values = [item for item in evidence if item.kind == "value" and not is_said_by_a_model(item)]
    # Of a value that the sentence doesn't cite only the result counts, not what it was computed from.
    shown = [item.text if item in cited else _RESULT.sub("", item.text) for item in values]
    return Grounds(_texts(cited, evidence, upstream), shown)


def _texts(cited: Sequence[Evidence], evidence: Sequence[Evidence], upstream: Mapping[str, set[str]]) -> list[str]:
    """The texts of what is cited, and of what that was made from."""
    made_from = {name for item in cited if item.kind == "value" for name in upstream.get(item.task, ())}
    wide = any(is_said_by_a_model(item) for item in cited)
    firsthand = [item for item in cited if not is_said_by_a_model(item)]
    texts = [f"{item.text}\n{item.place}\n{item.source}\n{item.date or ''}" for item in firsthand]
    for item in evidence:
        if not is_said_by_a_model(item) and (item.task in made_from or wide):
            texts.append(item.text)
    return texts


def _links(text: str) -> list[str]:
    targets = [match["target"] for match in LINK.finditer(text)]
    return targets + [match.group() for one in (URL, _ADDRESS) for match in one.finditer(text)]


def _upstream(plan: Plan | None) -> dict[str, set[str]]:
    """By task: all tasks that its value is made from."""
    found: dict[str, set[str]] = {}
    try:
        ordered = plan.order() if plan else []
    except ValueError:  # a plan with a cycle never ran
        return found
    for task in ordered:
        needs = set(task.needs())
        found[task.id] = needs.union(*(found.get(name, set()) for name in needs))
    return found


def _is_label(sentence: Sentence, after: Sentence, text: str) -> bool:
    """Whether one is the label of the other, on its line."""
    return sentence.is_heading and not after.is_heading and "\n" not in text[sentence.end : after.start]


def _without(text: str, dropped: Sequence[Sentence], kept: Sequence[Sentence]) -> str:
    """A text less some sentences, and less what is left of a line without them: bullets, numbers, brackets.

    Of the header of a table the columns stay.
    """
    lines: list[str] = []
    position = 0
    starts, ends, others = ([one.start for one in dropped], [one.end for one in dropped], [one.start for one in kept])
    for line in text.splitlines(keepends=True):
        start, position = position, position + len(line)
        left, is_table = line, False
        for sentence in reversed(dropped[bisect_right(ends, start) : bisect_left(starts, position)]):
            begins, end = max(sentence.start - start, 0), sentence.end - start
            columns = re.sub(r"[^|\n]", " ", left[begins:end]) if sentence.is_header else ""
            left, is_table = left[:begins] + columns + left[end:], is_table or bool(columns)
        is_item = re.fullmatch(r"[-*+•–]", left.strip()) or COUNTED.fullmatch(left.strip())
        is_left = left != line and not any(map(str.isalnum, left)) and not (is_table or FENCE.match(left))
        if not (is_item or is_left) or bisect_left(others, start) < bisect_left(others, position):
            lines.append(left)
    return "".join(lines)


def _tidied(text: str) -> str:
    """A text with sentences gone, without headings of nothing, tables and blocks of code without a line, and holes."""
    text = re.sub(r"[ \t]+$", "", re.sub(r"[ \t]{2,}(?=\S)", " ", text), flags=re.MULTILINE)
    lines = text.split("\n")
    kept: list[str] = []
    begun: int | None = None
    for index, line in enumerate(lines):
        following = next((later for later in lines[index + 1 :] if later.strip()), "")
        opens = line.rstrip().endswith(":") or re.match(r"\s*(?:#{1,6}\s|\*\*[^*]+\*\*\s*$)", line)
        if opens and line.strip() and not re.match(r"\s*(?:[-*+•–|]|\(?\d{1,3}[.)]|\w|\*\*|\[)", following):
            continue
        kept.append(line)
        if FENCE.match(line):
            if begun is not None and not any(map(str.strip, kept[begun + 1 : -1])):
                del kept[begun:]
            begun = len(kept) - 1 if begun is None else None
        elif len(kept) > 1 and RULE.fullmatch(line) and "|" in kept[-2] and "|" not in following:
            del kept[-2:]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
