"""Marks and quotations: each [n] of a draft leads to the words of the evidence that carry its claim."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence

from models.reflex.sentences import split_clauses, split_sentences
from models.reflex.words import content_words
from nodes import facts
from nodes.claims import Grounds, normal
from nodes.evidence import is_said_by_a_model
from nodes.statements import MARK, Sentence, sentences
from state.result import Citation, Evidence
from state.text import printable

LONGEST_QUOTE = 400
_MOST_WINDOWS = 200
_MOST_QUOTES = 3
_ANY_MARKS = re.compile(r"\^?\[\^?(\d{1,3}(?:\s*[,;–—-]\s*\^?\d{1,3})*)\](?:\([^)\s]*\))?|【(\d{1,3})[^】\n]{0,20}】")
_AFTER_STOP = re.compile(r"([ \t]*)([.!?…]+[\"”’)*]*)[ \t]*((?:\[\d{1,3}\][ \t]*)+)\.?(?=\s|$)")
_SOURCE_LIST = re.compile(
    r"\n\s*(?:#+\s*|\*\*)?(?:sources|references|citations|footnotes|quellen)(?:\*\*)?:?(?:\*\*)?\s*"
    r"(?:\n\s*(?:[-*]\s*)?(?:\[\d+\]|\d+[.)]).*)+\s*$",
    re.IGNORECASE,
)
_WELL_COVERED, _COVERED = 0.6, 0.3
_TELLING_WORDS = 2


def cite(
    text: str, evidence: Sequence[Evidence], chosen: Sequence[Citation] = (), *, mend: bool = True
) -> tuple[str, list[Citation]]:
    """A draft's text with its marks numbered in order of first appearance, and the citation behind each number.

    In `text`, [n] cites `evidence[n - 1]`; `chosen` are the quotations that the writer chose itself, under the same
    numbers. Marks that lead nowhere are dropped. Every quotation stands verbatim in its evidence. With `mend`, a
    claim without a mark gets one where a single piece of evidence clearly carries it, and a mark whose evidence
    doesn't hold the claim's facts is moved to the piece that does.
    """
    text = tidy(text, evidence)
    pieces: list[str] = []
    citations: list[Citation] = []
    numbers: dict[tuple[int, str], int] = {}
    position = 0
    grounds = [Grounds([item.text, item.place, item.date or ""]) for item in evidence if mend]
    for sentence in sentences(text):
        marks = [mark for mark in sentence.marks if 1 <= mark <= len(evidence)]
        if mend and sentence.is_claim:
            marks = _mended(sentence, marks, evidence, grounds)
        renumbered: dict[int, list[int]] = {}
        for mark in marks:
            item = evidence[mark - 1]
            own = [citation.quote for citation in chosen if citation.number == mark]
            for quote in _quotes(_before_mark(sentence, mark), item.text, own):
                key = (mark, normal(quote))
                if key not in numbers:
                    numbers[key] = len(citations) + 1
                    citations.append(citation_of(item, quote, numbers[key]))
                renumbered.setdefault(mark, []).append(numbers[key])
        pieces += [MARK.sub("", text[position : sentence.start]), _with_marks(sentence, renumbered)]
        position = sentence.end
    return _closed_up("".join([*pieces, MARK.sub("", text[position:])])), citations


def citation_of(item: Evidence, quote: str, number: int) -> Citation:
    """The citation of a quotation from a piece of evidence."""
    return Citation(
        number=number, quote=quote, source=item.source, place=item.place, task=item.task, url=item.url, date=item.date
    )


def tidy(text: str, evidence: Sequence[Evidence] = ()) -> str:
    """A draft with each mark alone in its brackets and before the full stop, and no list of sources at its end.

    Brackets that are part of what is quoted (footnotes of the source) are no marks and are left out.
    """
    text = _SOURCE_LIST.sub("", printable(text))
    flat = [normal(item.text) for item in evidence if "[" in item.text]

    def separate(match: re.Match[str]) -> str:
        if match.group().endswith(")") and not 1 <= int(re.findall(r"\d+", match[1])[0]) <= len(evidence):
            return match.group()  # a link whose label happens to be a number
        if flat and not match[2]:
            around = (text[max(0, match.start() - 16) : match.end()], text[match.start() : match.end() + 16])
            if any(len(part) > 8 and any(part in item for item in flat) for part in map(normal, around)):
                return "\0"
        numbers: list[int] = []
        for part in re.split(r"\s*[,;]\s*", match[1] or match[2]):
            ends = [int(end.strip().lstrip("^")) for end in re.split(r"[–—-]", part)]
            numbers += range(ends[0], ends[-1] + 1) if len(ends) > 1 and 0 <= ends[-1] - ends[0] < 10 else ends
        return "".join(f"[{number}]" for number in dict.fromkeys(numbers))

    text = re.sub(r"[ \t]?\0", "", _ANY_MARKS.sub(separate, text))
    return _AFTER_STOP.sub(lambda match: f" {''.join(match[3].split())}{match[2]}", text)


def _quotes(claim: str, text: str, own: Sequence[str]) -> list[str]:
    """The quotations that together carry what `text` holds of `claim`: one, unless its words are far apart in it."""
    quotes = [best_quote(claim, text, own)]
    if any(verbatim(quote, text) for quote in own):
        return quotes
    held = {word for word in _weights(claim) if word in _weights(text)}
    while len(quotes) < _MOST_QUOTES:
        missing = held.difference(*map(_weights, quotes))
        added = best_quote(" ".join(word.lstrip("#") for word in sorted(missing)), text) if missing else ""
        if not missing & _weights(added).keys():
            break
        quotes.append(added)
    return quotes


def best_quote(claim: str, text: str, own: Sequence[str] = ()) -> str:
    """The words of `text` that carry `claim`: its best sentence, or two in a row if one doesn't hold all of it.

    `own`: quotations the writer chose; one that stands in `text` is taken before any other.
    """
    wanted = _weights(claim)
    valid = [found for quote in own if (found := verbatim(quote, text))]
    if valid:
        return max(valid, key=lambda quote: _score(wanted, quote))
    spans = split_sentences(text) or ()
    if not spans:
        return text.strip()[:LONGEST_QUOTE]
    best, best_score = text[spans[0].start : spans[0].end], -1.0
    for width in (1, 2, 3):
        for first in range(len(spans) - width + 1):
            quote = text[spans[first].start : spans[first + width - 1].end]
            if width > 1 and len(quote) > LONGEST_QUOTE:
                continue
            score = _score(wanted, quote)
            if score > best_score + (0.5 if width > 1 else 0):
                best, best_score = quote, score
    return _shortened(best, wanted) if len(best) > LONGEST_QUOTE else best


def _shortened(quote: str, wanted: dict[str, float]) -> str:
    """The clauses in a row that carry the most, of a sentence that is too long to quote; else words in a row."""
    spans = split_sentences(quote)
    clauses = [(span.start, span.end) for span in (split_clauses(spans[0]) if spans else [])]
    words = [match.span() for match in re.finditer(r"\S+", quote)]
    best, best_score = quote[:LONGEST_QUOTE].rsplit(None, 1)[0], -1.0
    for pieces in (clauses, words[:: max(1, len(words) // _MOST_WINDOWS)]):
        for start, _ in pieces:
            ends = [end for _, end in (clauses if pieces is clauses else words) if start < end <= start + LONGEST_QUOTE]
            for end in ends if pieces is clauses else ends[-1:]:
                part = quote[start:end]
                score = _score(wanted, part)
                if score > best_score or (score == best_score and len(part) < len(best)):
                    best, best_score = part, score
    return best


@functools.lru_cache(maxsize=8192)
def _weights(text: str) -> dict[str, float]:
    """What a quotation should have in it: numbers and names above all."""
    flat = facts.plain(text)
    weights = {word.stem: 3.0 if any(map(str.isdigit, word.text)) else 1.0 for word in content_words(flat)}
    for name in facts.names(flat):
        weights.update({part.lower(): 2.0 for word in name.words for part in facts.parts_of_word(word)})
    weights.update({f"#{number.value.normalize()}": 3.0 for number in facts.numbers(flat)})
    return weights


def _score(wanted: dict[str, float], quote: str) -> float:
    found = _weights(quote)
    return sum(weight for word, weight in wanted.items() if word in found)


def verbatim(quote: str, text: str) -> str | None:
    """`quote` as it stands in `text`, white space aside; None if it doesn't."""
    if (stripped := quote.strip()) and stripped in text:
        return stripped
    words = [re.escape(word) for word in quote.split()]
    found = re.search(r"\s+".join(words), text) if words else None
    return found.group() if found else None


def _before_mark(sentence: Sentence, mark: int) -> str:
    """The part of a sentence that one of its marks stands behind; the whole, unless it has several."""
    if len(sentence.marks) < 2 or mark not in sentence.marks:
        return sentence.body
    pieces = re.split(r"((?:\[\d{1,3}\])+)", sentence.text)
    said = [before for before, marks in zip(pieces[::2], pieces[1::2], strict=False) if f"[{mark}]" in marks]
    return " ".join(said) if any(len(piece.split()) > 2 for piece in said) else sentence.body


def _mended(
    sentence: Sentence, marks: list[int], evidence: Sequence[Evidence], grounds: Sequence[Grounds]
) -> list[int]:
    body, least = sentence.body, _WELL_COVERED
    if marks:
        together = Grounds([evidence[mark - 1].text for mark in marks])
        if not together.unsupported(body) or any(is_said_by_a_model(evidence[mark - 1]) for mark in marks):
            return marks
        # A number found elsewhere proves nothing: the rest of the sentence must fit there no worse than here.
        least = max(_COVERED, together.coverage(body))
    elif len({word.stem for word in content_words(body) if not word.text[0].isdigit()}) < _TELLING_WORDS:
        return marks  # 'The answer is 30.' fits everywhere
    candidates = []
    for index, item in enumerate(evidence):
        if is_said_by_a_model(item) or grounds[index].unsupported(body):
            continue
        if (covered := grounds[index].coverage(body)) >= least:
            candidates.append((-covered, index + 1))
    return [min(candidates)[1]] if candidates else marks


def _with_marks(sentence: Sentence, marks: Mapping[int, Sequence[int]]) -> str:
    """The sentence with each mark replaced where it stands; new ones go before the full stop."""
    shown = {old: "".join(f"[{number}]" for number in new) for old, new in marks.items()}
    kept = {old: new for old, new in shown.items() if old in sentence.marks}
    text = MARK.sub(lambda match: kept.get(int(match[1]), "\0"), sentence.text)
    text = re.sub(r"[ \t]*\0+", "", text).rstrip()
    text = re.sub(r"(\[\d{1,3}\])\1+", r"\1", text)
    added = "".join(new for old, new in shown.items() if old not in kept)
    if not added:
        return text
    end = re.search(r"[ \t]*([.!?…]*[\"”’)*|]*)$", text)
    cut = end.start() if end else len(text)
    return f"{text[:cut].rstrip()} {added}{text[cut:].lstrip()}"


def _closed_up(text: str) -> str:
    return re.sub(r"[ \t]+\n", "\n", text).strip()
