"""How the objects of a run show themselves in a notebook: HTML without script, style sheet or network."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from state import wording
from state.drawing import plan_svg, timeline_svg
from state.markup import Markup, cut, element, link, prose
from state.text import money, seconds

if TYPE_CHECKING:
    from state.plan import Plan
    from state.result import Citation, Evidence, TaskResult
    from state.run import RunReport

# Of the page's own ink, and an orange between: both are read on white and on black.
_FAINT = "opacity:.72;font-size:90%"
_WARNING = "color:#bf5b0b"
_LONGEST_VALUE = 2000
_LONG_BESIDE_EVIDENCE = 300
_MOST_EVIDENCE = 5


def answer(text: str, citations: Sequence[Citation]) -> Markup:
    """An answer, and under it what each of its numbers quotes."""
    return element("div", prose(text), _sources(citations) if citations else None)


def task_result(result: TaskResult) -> Markup:
    """What one task came to: its value, or why there is none, and its evidence."""
    took = seconds(result.ended - result.started) if result.started and result.ended else ""
    facts = [result.tool, took, f"{result.attempts} attempts" if result.attempts > 1 else ""]
    trust = "" if result.origin.trusted else "from an untrusted source"
    head = element(
        "p", element("b", result.task), f" {result.status.replace('_', ' ')} ",
        element("span", " · ".join(filter(None, [*facts, trust])), style=_FAINT), style="margin:0 0 .4em",
    )  # fmt: skip
    why = f"{result.error.kind}: {result.error.message}" if result.error else result.reason
    return element(
        "div", head, warnings([why]) if why else None,
        _valued(result),
        *(_quoted(one) for one in result.evidence[:_MOST_EVIDENCE]), _rest(result.evidence),
    )  # fmt: skip


def _valued(result: TaskResult) -> Markup | None:
    """The value; folded where it is long and the evidence tells it better."""
    if result.value is None:
        return None
    shown = value(result.value)
    is_long = bool(result.evidence) and len(as_text(result.value)) > _LONG_BESIDE_EVIDENCE
    return folded("the whole value", shown) if is_long else shown


def report(made: RunReport) -> Markup:
    """Where the time and the money of a run went."""
    usage = made.usage
    rows = {
        "time": f"{seconds(max(0.0, made.ended - made.started))}, {seconds(usage.seconds)} at work",
        "critical path": f"{' → '.join(made.critical_path)}, {seconds(made.critical_seconds)}"
        if made.critical_path
        else "",
        "model calls": f"{usage.model_calls:,}, {usage.input_tokens:,} tokens in, {usage.output_tokens:,} out",
        "tool calls": f"{usage.tool_calls:,}",
        "cost": money(usage.money),
        "refined": {0: "", 1: "once"}.get(made.rounds.refinements, f"{made.rounds.refinements} times"),
        "brain": made.brain,
        "thread": made.thread_id,
    }
    return element("div", table({name: text for name, text in rows.items() if text}), warnings(made.notes))


def plan(of: Plan, results: Mapping[str, TaskResult] | None = None, made: RunReport | None = None) -> Markup:
    """A plan as a graph; with `results`, coloured by what became of each task."""
    path = tuple(made.critical_path) if made else ()
    return element("div", plan_svg(of, results, path), style="overflow-x:auto")


def timeline(results: Mapping[str, TaskResult], made: RunReport | None, *, caption: bool = True) -> Markup:
    """A run over its time, the critical path marked, and named in the caption."""
    path = tuple(made.critical_path) if made else ()
    under = None
    if made and path and caption:
        words = f"critical path: {' → '.join(path)}, {seconds(made.critical_seconds)}"
        under = element("p", words, style=_FAINT)
    return element("div", timeline_svg(results, path), under, style="overflow-x:auto")


def question(kind: str, request: Mapping[str, Any], question_id: str) -> Markup:
    """What a run asks a person: each argument, whole, with where it comes from; of a plan every task."""
    actions = request.get("action_requests") or [{}]
    action, args = actions[0], actions[0].get("args") or {}
    if kind == "plan":
        rows = [_asked_task(task) for task in (args.get("plan") or {}).get("tasks") or ()]
    else:
        origins = request.get("provenance") or {}
        rows = [_asked_argument(name, value, origins.get(name) or {}) for name, value in args.items()]
    allowed = ", ".join((request.get("review_configs") or [{}])[0].get("allowed_decisions") or [])
    return element(
        "div",
        element(
            "p", element("b", "waits for a person"), f" ({kind}): {action.get('description') or action.get('name')}"
        ),
        element("p", request.get("reason") or "", style=_FAINT) if request.get("reason") else None,
        element("table", *rows) if rows else None,
        element("p", f"{question_id} · {allowed}", style=_FAINT),
        style="border-left:3px solid #d97706;padding-left:.8em;margin:.6em 0",
    )


def _asked_argument(name: str, argument: Any, origin: Mapping[str, Any]) -> Markup:
    trusted = origin.get("trusted", True)
    where = ", ".join(map(str, origin.get("sources") or []))
    return element(
        "tr", element("th", name, style="text-align:left;vertical-align:top;padding-right:1em"),
        element("td", _whole(as_text(argument)), style="text-align:left"),
        element("td", f"{'' if trusted else 'untrusted: '}{where}", style=_FAINT if trusted else _WARNING),
    )  # fmt: skip


def _asked_task(task: Mapping[str, Any]) -> Markup:
    terms = [element("div", term) for term in wording.terms(task)]
    return element(
        "tr", element("th", task.get("id"), style="text-align:left;vertical-align:top;padding-right:1em"),
        element("td", task.get("tool"), style="text-align:left;vertical-align:top;padding-right:1em"),
        element("td", task.get("goal") or "", *map(_whole, wording.arguments(task)), *terms, style="text-align:left"),
    )  # fmt: skip


def _whole(text: str) -> Markup:
    """All of a text, to be scrolled where it is long: what a person decides about is never cut."""
    return element(
        "pre", text, style="white-space:pre-wrap;overflow-wrap:anywhere;max-height:20em;overflow:auto;margin:0"
    )


def value(of: Any) -> Markup:
    """A value as JSON, or as the text it is; long ones are cut."""
    text = as_text(of)
    shown = text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]} … ({len(text):,} characters)"
    return element("pre", shown, style="white-space:pre-wrap;margin:.2em 0")


def as_text(of: Any) -> str:
    """A value as JSON, or as the text it is."""
    return of if isinstance(of, str) else json.dumps(of, ensure_ascii=False, indent=2, default=str)


def table(rows: Mapping[str, str]) -> Markup:
    """Two columns: names and what stands for them."""
    return element(
        "table",
        *(
            element("tr", element("th", name, style="text-align:left"), element("td", text, style="text-align:left"))
            for name, text in rows.items()
        ),
    )


def warnings(messages: Iterable[str]) -> Markup:
    """What a person should know, one line each."""
    return Markup("".join(element("p", message, style=f"{_WARNING};margin:.2em 0") for message in messages))


def folded(summary: str, inside: Markup) -> Markup:
    """`inside`, to be opened."""
    return element("details", element("summary", summary), inside, style="margin:.4em 0")


def faint(text: str) -> Markup:
    """A line of figures."""
    return element("p", text, style=_FAINT)


def _sources(citations: Sequence[Citation]) -> Markup:
    items = []
    for citation in citations:
        place = ", ".join(filter(None, [citation.source, citation.place, citation.date]))
        items.append(
            element(
                "li", f"“{citation.quote}” ", element("span", "— ", link(citation.url, place), style=_FAINT),
                value=citation.number,
            )
        )  # fmt: skip
    return element("ol", *items)


def _quoted(evidence: Evidence) -> Markup:
    place = ", ".join(filter(None, [evidence.source, evidence.place, evidence.date]))
    return element(
        "blockquote", cut(evidence.text, 400), " ", element("span", "— ", link(evidence.url, place), style=_FAINT)
    )


def _rest(evidence: Sequence[Evidence]) -> Markup | None:
    more = len(evidence) - _MOST_EVIDENCE
    return faint(f"and {more} more pieces of evidence") if more > 0 else None
