"""What the objects of a run look like in a notebook: true to their content, whatever text that is."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.outcome import Outcome, Waiting
from state.drawing import MAX_DRAWN, plan_svg, timeline_svg
from state.plan import Plan, Task
from state.result import Citation, Evidence, Origin, TaskError, TaskResult
from state.run import RunReport
from state.verdict import Verdict

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</text></svg><script>alert(1)</script>",
    "'onmouseover='alert(1)",
    "]]><!--",
    "**<b onclick=alert(1)>bold</b>**",
    "\x1b]8;;http://evil\x07link\x1b]8;;\x07 \u202egnp.exe \x00",
]


def boxes(svg: str) -> dict[str, tuple[float, float]]:
    found = {}
    for group in ElementTree.fromstring(svg).iter(f"{SVG}g"):
        box, words = group.find(f"{SVG}rect"), group.find(f"{SVG}text")
        if box is not None and words is not None:
            found[str(words.text)] = (float(box.attrib["x"]), float(box.attrib["y"]))
    return found


def whole(text: str) -> Outcome:
    """An outcome with `text` in every place that holds text."""
    result = TaskResult(
        task="t1",
        status="failed",
        value={text: [text]},
        tool=text,
        started=1.0,
        ended=2.0,
        origin=Origin(trusted=False, sources=[text]),
        error=TaskError(kind="permanent", message=text),
        evidence=[Evidence(text=text, source=text, place=text, url=f"javascript:{text}")],
    )
    skipped = TaskResult(task="t2", status="skipped", reason=text, tool=text)
    request = {
        "action_requests": [{"name": text, "args": {text: text}, "description": text}],
        "review_configs": [{"action_name": text, "allowed_decisions": ["approve"]}],
        "reason": text,
        "provenance": {text: {"trusted": False, "sources": [text]}},
    }
    return Outcome(
        thread_id=text,
        goal=text,
        answer=f"**{text}** [1]\n\n{text}",
        citations=[Citation(number=1, quote=text, source=text, place=text, url=f"javascript:{text}", date=text)],
        results={"t1": result, "t2": skipped},
        plan=Plan(tasks=[Task(id="t1", goal=text, tool=text, args={"a": text}, when=text), Task(id="t2", tool="x")]),
        stop_reason="partial",
        verdict=Verdict(action="give_up", reason=text),
        report=RunReport(thread_id=text, brain=text, notes=[text], critical_path=["t1"]),
        waiting=[Waiting(id=text, kind="approval", request=request)],
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_of_a_run_acts_as_markup(text) -> None:
    outcome = whole(text)
    assert outcome.plan is not None
    assert outcome.report is not None
    shown = [outcome, outcome.plan, outcome.report, *outcome.results.values(), *outcome.waiting]
    shown += [outcome.timeline, outcome.drawn_plan]
    for html in (one._repr_html_() for one in shown):
        tree = ElementTree.fromstring(f"<body>{html.replace('<br>', '<br/>')}</body>")  # every element is closed
        for node in tree.iter():
            name = node.tag.removeprefix(SVG)
            assert name not in ("script", "img", "iframe", "object", "foreignObject", "style", "image", "use")
            assert not [key for key in node.attrib if key.startswith("on")]
            assert not node.attrib.get("href", "https://").startswith("javascript")
        assert not set(html) & set("\x00\x1b\x07\u202e")


def test_nothing_is_fetched_to_see_it() -> None:
    html = whole("text")._repr_html_()
    assert not re.findall(r"(?:src|href)\s*=|url\(|@import", html)


def test_an_answer_shows_what_its_numbers_quote_with_source_and_place() -> None:
    citation = Citation(
        number=2, quote="thirty Years", source="law.txt", place="line 3", url="https://law.example/a?b=1&c=2"
    )
    html = Outcome(thread_id="t", answer="A **senator**: thirty [2].", citations=[citation])._repr_html_()
    assert "<b>senator</b>" in html
    assert '<li value="2">“thirty Years”' in html
    assert "law.txt, line 3</a>" in html
    assert 'href="https://law.example/a?b=1&amp;c=2"' in html


def test_an_open_question_shows_each_argument_with_its_origin_and_how_it_may_be_answered() -> None:
    request = {
        "action_requests": [{"name": "send_email", "args": {"to": "a@b.example"}, "description": "Mail it"}],
        "review_configs": [{"action_name": "send_email", "allowed_decisions": ["approve", "reject"]}],
        "provenance": {"to": {"trusted": False, "sources": ["tool:search_web"]}},
        "reason": "it can't be undone",
    }
    html = Outcome(thread_id="t", waiting=[Waiting(id="q1", kind="approval", request=request)])._repr_html_()
    for words in ("waits for a person", "Mail it", "a@b.example", "untrusted: tool:search_web", "approve, reject"):
        assert words in html, words


def test_a_plan_is_drawn_from_left_to_right_with_what_controls_it() -> None:
    plan = Plan(
        tasks=[
            Task(id="last", tool="write_file", after=["mails"]),
            Task(id="orders", tool="query_database", goal="The orders"),
            Task(id="mails", tool="send_email", each="{{orders.rows}}", when="orders.count > 0"),
        ]
    )
    svg = plan._repr_svg_()
    places = boxes(svg)
    assert places["orders"][0] < places["mails"][0] < places["last"][0]
    assert "each of {{orders.rows}}, when" in svg
    assert svg.count("stroke-dasharray") == 1
    assert svg in plan._repr_html_()


@pytest.mark.parametrize(
    "tasks",
    [
        [],
        [Task(id="a", tool="x", after=["b"]), Task(id="b", tool="x", args={"y": "{{a}}"})],
        [Task(id="a", tool="x", args={"y": "{{a[}}"}, when="(")],
        [Task(id="a", tool="x"), Task(id="a", tool="y")],
        [Task(id="a", tool="x", args={"y": "{{nowhere.to}}"})],
    ],
    ids=["empty", "cycle", "no reference", "twice the same id", "unknown task"],
)
def test_a_plan_that_cannot_run_is_drawn_all_the_same(tasks) -> None:
    assert ElementTree.fromstring(Plan(tasks=tasks)._repr_svg_()).tag == f"{SVG}svg"


def test_a_long_plan_is_cut_and_says_so() -> None:
    plan = Plan(tasks=[Task(id=f"t{n}", tool="now") for n in range(MAX_DRAWN + 7)])
    assert "and 7 more tasks" in plan._repr_svg_()


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    count = draw(st.integers(1, 14))
    needs = [draw(st.sets(st.integers(0, n - 1), max_size=4)) if n else set() for n in range(count)]
    order = draw(st.permutations(range(count)))
    return Plan(tasks=[Task(id=f"t{n}", tool="now", after=[f"t{m}" for m in sorted(needs[n])]) for n in order])


@given(plans())
def test_no_two_tasks_overlap_and_every_line_leads_to_the_right(plan) -> None:
    svg = plan_svg(plan)
    places = boxes(svg)
    assert set(places) == {task.id for task in plan.tasks}
    spots = sorted(places.values())
    for (x, y), (to_x, to_y) in pairwise(spots):
        assert to_x > x or to_y - y >= 58
    for task in plan.tasks:
        for needed in task.needs():
            assert places[needed][0] < places[task.id][0]


def test_a_timeline_is_to_scale_and_marks_the_critical_path() -> None:
    results = {
        "late": TaskResult(task="late", status="done", started=11.0, ended=14.0, tool="slow"),
        "early": TaskResult(task="early", status="done", started=10.0, ended=11.0, tool="quick"),
        "never": TaskResult(task="never", status="skipped", reason="early was enough"),
    }
    tree = ElementTree.fromstring(timeline_svg(results, ("early", "late")))
    bars = [node for node in tree.iter(f"{SVG}rect") if node.find(f"{SVG}title") is not None]
    early, late = (float(bar.attrib["width"]) for bar in bars)
    assert late == pytest.approx(3 * early, rel=0.01)
    assert {bar.attrib["fill"] for bar in bars} == {"#2563eb"}
    words = [str(node.text) for node in tree.iter(f"{SVG}text")]
    assert words.index("early") < words.index("late") < words.index("never")
    assert "skipped: early was enough" in words
    assert "4.0 s" in words


def test_a_timeline_of_nothing_is_drawn() -> None:
    assert ElementTree.fromstring(timeline_svg({})).tag == f"{SVG}svg"
