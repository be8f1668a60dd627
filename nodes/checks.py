"""The deterministic checks of a draft against the evidence of its run, and its repair without a model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from models.reflex.similarity import similarity_of_texts
from models.reflex.words import content_words
from nodes.citations import verbatim
from nodes.claims import MARK, Grounds, Sentence, is_english, sentences
from nodes.evidence import is_said_by_a_model
from nodes.guardrails import LINK, URL, Links
from state.plan import Plan
from state.result import Citation, Evidence
from state.verdict import Draft, Finding

_FEW_WORDS = 4
_LITTLE_COVERED = 0.25
_ALIKE = 0.45
_RESULT = re.compile(r"^.*=(?=[^=]*\d[^=]*$)", re.DOTALL)
_REASONS = {
    "number": "the number {fact} isn't in the evidence it cites",
    "date": "the date {fact} isn't in the evidence it cites",
    "name": "the name {fact} isn't in the evidence it cites",
}


def check(draft: Draft, evidence: Sequence[Evidence], *, goal: str = "", plan: Plan | None = None) -> list[Finding]:
    """What is wrong with a draft, in its order; an empty list means that every claim is held up.

    Every citation is of this run and its quotation verbatim; every number, date and name of a sentence is in the
    evidence it cites or a value of the run; every claim has a citation and something in common with it; every link is
    a source's. `goal`: what the user said, who may be quoted; `plan`: which values were computed from which tasks.
    """
    sources = {citation.number: _source(citation, evidence) for citation in draft.citations}
    asked = Grounds([goal])
    values = [item for item in evidence if item.kind == "value" and not is_said_by_a_model(item)]
    links = Links("\n".join([goal, *(f"{item.text} {item.url or ''} {item.source}" for item in evidence)]))
    upstream = _upstream(plan)
    written = sentences(draft.text)
    findings: list[Finding] = []
    if evidence and not any(any(map(str.isalnum, sentence.body)) for sentence in written):
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
        findings += [
            Finding(check=name, message=message, sentence=sentence.text, task=next((i.task for i in cited if i), None))
            for name, message in told
        ]
    return findings


def repair(draft: Draft, findings: Sequence[Finding]) -> Draft:
    """The draft without the sentences that have findings, its citations numbered anew, the gap named."""
    bad = {finding.sentence for finding in findings}
    pieces: list[str] = []
    position = dropped = 0
    for sentence in sentences(draft.text):
        if sentence.text in bad:
            pieces.append(draft.text[position : sentence.start])
            position = sentence.end
            dropped += 1
    text = _tidied("".join([*pieces, draft.text[position:]]))
    order = list(dict.fromkeys(int(number) for number in MARK.findall(text)))
    known = {citation.number: citation for citation in draft.citations}
    new = {old: index for index, old in enumerate([number for number in order if number in known], 1)}
    text = MARK.sub(lambda match: f"[{new[int(match[1])]}]" if int(match[1]) in new else "", text)
    citations = [known[old].model_copy(update={"number": number}) for old, number in new.items()]
    if not dropped:
        return Draft(text=text, citations=citations, gaps=draft.gaps)
    gap = (
        "A statement that the evidence doesn't hold up was left out"
        if dropped == 1
        else f"{dropped} statements that the evidence doesn't hold up were left out"
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
    if not any(map(str.isalnum, body)) or body.endswith("?"):
        return []
    if sentence.is_claim and not cited and len(body.split()) >= _FEW_WORDS:
        return [("no_citation", "it cites nothing")]
    grounds = _grounds(cited, evidence, values, upstream)
    if grounds.holds_verbatim(body):
        return []
    missing = grounds.unsupported(body, goal=asked)
    if sentence.is_heading:
        missing = [(kind, fact) for kind, fact in missing if kind != "name"]
    told = [(f"{kind}_not_in_evidence", _REASONS[kind].format(fact=fact)) for kind, fact in missing]
    if not told and sentence.is_claim and cited and not _has_to_do_with(body, cited, grounds, asked):
        told.append(("not_in_evidence", "the evidence it cites doesn't say this"))
    return told


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


def _has_to_do_with(body: str, cited: Sequence[Evidence], grounds: Grounds, asked: Grounds) -> bool:
    """Whether a claim's words are near enough to what it cites: in common words, else in meaning."""
    if any(item.kind == "value" for item in cited) or not is_english(body):
        return True
    if not all(is_english(item.text) for item in cited) or len(content_words(body)) < 2:
        return True
    said = {word.stem for word in content_words(body)}
    restated = frozenset(word.stem for word in content_words(body) if asked.coverage(word.text) == 1.0)
    adds = len(said - restated) >= 2  # to the user's own words, which any invention repeats
    if grounds.coverage(body) >= _LITTLE_COVERED and (not adds or grounds.coverage(body, but=restated) > 0):
        return True
    passages = [passage for item in cited for passage in _passages(item.text)]
    return max(similarity_of_texts(body, passages), default=0.0) >= _ALIKE


def _passages(text: str) -> list[str]:
    found = [sentence.text for sentence in sentences(text)][:80]
    return found or [text[:2000]]


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


def _tidied(text: str) -> str:
    """A text with sentences gone, without empty list items, headings of nothing, and holes."""
    text = re.sub(r"(?m)^[ \t]*(?:[-*+•–]|\(?\d{1,3}[.)])[ \t]*$\n?", "", text)
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
