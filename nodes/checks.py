"""The deterministic checks of a draft against the evidence of its run, and its repair without a model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from models.reflex.words import content_words
from nodes import wording
from nodes.citations import verbatim
from nodes.claims import Grounds, bare, is_english
from nodes.clauses import is_number
from nodes.evidence import is_said_by_a_model
from nodes.guardrails import LINK, URL, Links
from nodes.paraphrase import FRAMING
from nodes.statements import COUNTED, MARK, Sentence, says_something, sentences
from state.plan import Plan
from state.result import Citation, Evidence
from state.verdict import Draft, Finding

_FEW_WORDS = 4
_COMPUTING = "difference sum total average mean ratio product share percent older younger higher lower dearer cheaper"
_RESULT = re.compile(r"^.*=(?=[^=]*\d[^=]*$)", re.DOTALL)
_REASONS = {
    "number": "the number {fact} isn't in the evidence it cites",
    "date": "the date {fact} isn't in the evidence it cites",
    "name": "the name {fact} isn't in the evidence it cites",
    "word": "nothing in the evidence it cites says '{fact}'",
    "subject": "the evidence it cites says this of something other than '{fact}'",
    "negation": "the evidence it cites says the contrary: '{fact}' turns it round",
    "opposite": "the evidence it cites says the opposite of '{fact}'",
    "roles": "in the evidence it cites it isn't '{fact}' who does this",
}


def check(draft: Draft, evidence: Sequence[Evidence], *, goal: str = "", plan: Plan | None = None) -> list[Finding]:
    """What is wrong with a draft, in its order; an empty list means that every claim is held up.

    Every citation is of this run and its quotation verbatim; every number, date and name of a sentence is in the
    evidence it cites or a value of the run; every claim has a citation and something in common with it; every link is
    a source's. `goal`: what the user said, who may be quoted; `plan`: which values were computed from which tasks.
    """
    sources = {citation.number: _source(citation, evidence) for citation in draft.citations}
    asked = Grounds([goal])
    asked_for = "\n".join([goal, *(task.goal for task in (plan.tasks if plan else []))])
    values = [item for item in evidence if item.kind == "value" and not is_said_by_a_model(item)]
    links = Links("\n".join([goal, *(f"{item.text} {item.url or ''} {item.source}" for item in evidence)]))
    upstream = _upstream(plan)
    written = sentences(draft.text)
    findings: list[Finding] = []
    if evidence and not any(says_something(sentence.body) for sentence in written):
        findings.append(Finding(check="empty", message="it says nothing", sentence=draft.text))
    for sentence in written:
        cited = [sources[mark] for mark in sentence.marks if sources.get(mark) is not None]
        told: list[tuple[str, str]] = []
        for mark in sentence.marks:
            if mark not in sources:
                told.append(("unknown_citation", f"[{mark}] cites nothing"))
            elif sources[mark] is None:
                told.append(("quote_not_verbatim", f"the quotation behind [{mark}] isn't in the evidence of this run"))
        if unknown := [link for link in _links(sentence.text) if not links.is_known(link)]:
            told.append(("unknown_link", f"no source has the link {unknown[0]}"))
        told += _unsupported(sentence, [item for item in cited if item], evidence, values, asked, upstream)
        if not told and sentence.is_claim and cited:
            quotes = [citation for citation in draft.citations if citation.number in sentence.marks]
            told += _misworded(sentence.body, quotes, [item for item in cited if item], evidence, asked_for)
        findings += [
            Finding(check=name, message=message, sentence=sentence.text, task=next((i.task for i in cited if i), None))
            for name, message in told
        ]
    return findings


def repair(draft: Draft, findings: Sequence[Finding]) -> Draft:
    """The draft without the sentences that have findings, its citations numbered anew, the gap named."""
    bad = {finding.sentence for finding in findings}
    written = sentences(draft.text)
    dropped = [sentence for sentence in written if sentence.text in bad]
    text = _tidied(_without(draft.text, dropped, kept=[sentence for sentence in written if sentence.text not in bad]))
    order = list(dict.fromkeys(int(number) for number in MARK.findall(text)))
    known = {citation.number: citation for citation in draft.citations}
    new = {old: index for index, old in enumerate([number for number in order if number in known], 1)}
    text = MARK.sub(lambda match: f"[{new[int(match[1])]}]" if int(match[1]) in new else "", text)
    citations = [known[old].model_copy(update={"number": number}) for old, number in new.items()]
    if not dropped:
        return Draft(text=text, citations=citations, gaps=draft.gaps)
    gap = (
        "A statement that the evidence doesn't hold up was left out"
        if len(dropped) == 1
        else f"{len(dropped)} statements that the evidence doesn't hold up were left out"
    )
    return Draft(text=text, citations=citations, gaps=[*draft.gaps, gap])


def _source(citation: Citation, evidence: Sequence[Evidence]) -> Evidence | None:
    """The piece of this run's evidence that a citation quotes."""
    for item in evidence:
        if (citation.source, citation.task) == (item.source, item.task) and verbatim(citation.quote, item.text):
            return item
    return None


def _unsupported(
    sentence: Sentence,
    cited: Sequence[Evidence],
    evidence: Sequence[Evidence],
    values: Sequence[Evidence],
    asked: Grounds,
    upstream: Mapping[str, set[str]],
) -> list[tuple[str, str]]:
    body = sentence.body
    if not says_something(body) or body.endswith("?"):
        return []
    if sentence.is_claim and not cited and len(body.split()) >= _FEW_WORDS:
        return [("no_citation", "it cites nothing")]
    if sentence.is_heading:
        missing = [(kind, fact) for kind, fact in _untold(body, evidence, asked) if kind != "name"]
    else:
        grounds = _grounds(cited, evidence, values, upstream)
        missing = [] if grounds.holds_verbatim(body) else grounds.unsupported(body, goal=asked)
        missing += _mislabelled(sentence.label, evidence, asked) if sentence.label else []
    return [(f"{kind}_not_in_evidence", _REASONS[kind].format(fact=fact)) for kind, fact in missing]


def _untold(text: str, evidence: Sequence[Evidence], asked: Grounds) -> list[tuple[str, str]]:
    """The facts of a text that is no claim which neither the evidence of the run nor the user's goal has."""
    unasked = asked.unsupported(text)
    if not unasked:  # as a rule, and then the evidence needn't be read
        return []
    return [one for one in Grounds(item.text for item in evidence).unsupported(text) if one in unasked]


def _mislabelled(label: str, evidence: Sequence[Evidence], asked: Grounds) -> list[tuple[str, str]]:
    """The untold facts of a label: a number, a date, and a name none of whose words was found or asked."""
    missing = _untold(label, evidence, asked)
    unnamed = {fact for kind, fact in missing if kind == "name"}
    told = [word for word in content_words(label) if not is_number(word)]
    is_unknown = len(told) > 1 and all(word.text in unnamed and word.stem not in FRAMING for word in told)
    return [(kind, fact) for kind, fact in missing if kind != "name" or is_unknown]


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
    return [(f"{kind}_not_in_evidence", _REASONS[kind].format(fact=fact)) for kind, fact in found]


def _grounds(
    cited: Sequence[Evidence],
    evidence: Sequence[Evidence],
    values: Sequence[Evidence],
    upstream: Mapping[str, set[str]],
) -> Grounds:
    """What a sentence may rest on: what it cites, the values of the run, and what a cited value was made from."""
    made_from = {name for item in cited if item.kind == "value" for name in upstream.get(item.task, ())}
    wide = any(is_said_by_a_model(item) for item in cited)
    firsthand = [item for item in cited if not is_said_by_a_model(item)]
    texts = [f"{item.text}\n{item.place}\n{item.source}\n{item.date or ''}" for item in firsthand]
    for item in evidence:
        if not is_said_by_a_model(item) and (item.task in made_from or wide):
            texts.append(item.text)
    # Of a value that the sentence doesn't cite only the result counts, not what it was computed from.
    return Grounds(texts, [item.text if item in cited else _RESULT.sub("", item.text) for item in values])


def _links(text: str) -> list[str]:
    return [match["target"] for match in LINK.finditer(text)] + [match.group() for match in URL.finditer(text)]


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


def _without(text: str, dropped: Sequence[Sentence], kept: Sequence[Sentence]) -> str:
    """A text less some sentences, and less the bullets and numbers of a list that are left without an item."""
    lines: list[str] = []
    position = 0
    for line in text.splitlines(keepends=True):
        start, end = position, position + len(line)
        left = line
        for sentence in reversed(dropped):
            left = left[: max(sentence.start - start, 0)] + left[max(sentence.end - start, 0) :]
        position = end
        is_item = re.fullmatch(r"[-*+•–]", left.strip()) or COUNTED.fullmatch(left.strip())
        if not is_item or any(start <= sentence.start < end for sentence in kept):
            lines.append(left)
    return "".join(lines)


def _tidied(text: str) -> str:
    """A text with sentences gone, without headings of nothing, and holes."""
    text = re.sub(r"[ \t]+$", "", re.sub(r"[ \t]{2,}(?=\S)", " ", text), flags=re.MULTILINE)
    lines = text.split("\n")
    kept: list[str] = []
    for index, line in enumerate(lines):
        following = next((later for later in lines[index + 1 :] if later.strip()), "")
        opens = line.rstrip().endswith(":") or re.match(r"\s*(?:#{1,6}\s|\*\*[^*]+\*\*\s*$)", line)
        if opens and line.strip() and not re.match(r"\s*(?:[-*+•–|]|\(?\d{1,3}[.)]|\w|\*\*|\[)", following):
            continue
        kept.append(line)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()
