"""Pictures of a plan and of a run, as SVG that stands alone: no script, no font, no network."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

from state.layers import Bend, layered
from state.markup import Markup, cut, element
from state.text import counted, seconds

if TYPE_CHECKING:
    from state.plan import Plan
    from state.result import TaskResult
    from state.task import Task

MAX_DRAWN = 200
"""Tasks in one picture; beyond that a picture says nothing."""
_FONT = "ui-sans-serif,system-ui,Helvetica,Arial,sans-serif"
_INK, _FAINT, _LINE, _PAPER, _CRITICAL = "#1f2937", "#4b5563", "#9ca3af", "#ffffff", "#2563eb"
_FILLS = {
    "done": ("#dcfce7", "#16a34a"), "failed": ("#fee2e2", "#dc2626"), "skipped": ("#f3f4f6", "#9ca3af"),
    "refused": ("#fee2e2", "#dc2626"), "in_doubt": ("#fef3c7", "#d97706"), "pending": ("#fef3c7", "#d97706"),
}  # fmt: skip
_UNTOUCHED = ("#f8fafc", "#94a3b8")
_BOX, _HEIGHT, _ACROSS, _DOWN, _EDGE = 220, 58, 64, 16, 12
_LABEL, _BARS, _ROW, _TIME = 230, 440, 26, 80


def plan_svg(plan: Plan, results: Mapping[str, TaskResult] | None = None, critical: tuple[str, ...] = ()) -> Markup:
    """A plan as a graph from left to right: a box per task, a line per input, dashed where only order is meant.

    With `results` the boxes have the colour of what became of them; the `critical` path is blue.
    """
    shown = plan.tasks[:MAX_DRAWN]
    layers = layered({task.id: _needs(task) for task in shown})
    places = _places(layers.rows)
    tasks = {task.id: task for task in shown}
    tallest = max((y for _, y in places.values()), default=0) + _HEIGHT + _EDGE
    width = max(1, len(layers.rows)) * (_BOX + _ACROSS) - _ACROSS + 2 * _EDGE
    parts: list[Markup] = []
    steps = set(pairwise(critical))
    for start, end in layers.edges:
        by_order = start in tasks[end].after and start not in _read(tasks[end])
        parts.append(_edge(_way(start, end, places), (start, end) in steps, dashed=by_order))
    for task in shown:
        result = (results or {}).get(task.id)
        parts.append(_box(task, places[task.id], result, task.id in critical))
    more = len(plan.tasks) - len(shown)
    if more > 0:
        parts.append(_text(_EDGE, tallest + 8, f"and {more} more tasks", fill=_FAINT))
        tallest += 20
    if not shown:
        return _svg(200, 40, [_text(_EDGE, 24, "a plan without tasks", fill=_FAINT)], "an empty plan")
    return _svg(width, tallest, parts, f"a plan of {counted(len(plan.tasks), 'task')}")


def timeline_svg(
    results: Mapping[str, TaskResult], critical: tuple[str, ...] = (), until: float | None = None
) -> Markup:
    """A run as one bar per task over its time; the chain that the run had to wait for is blue.

    `until`: epoch seconds to which the time runs at least.
    """
    begun = [result for result in results.values() if result.started is not None]
    rows = sorted(results.values(), key=lambda result: (result.started or float("inf"), result.task))[:MAX_DRAWN]
    start = min((result.started or 0.0 for result in begun), default=0.0)
    end = max([result.ended or result.started or start for result in begun] + [until or start])
    span = max(end - start, 1e-6)
    top, bottom = 26, 26 + _ROW * len(rows)
    parts: list[Markup] = []
    for quarter in range(5):
        x = _LABEL + _BARS * quarter / 4
        parts.append(element("line", x1=_n(x), y1=top - 6, x2=_n(x), y2=bottom, stroke="#e5e7eb"))
        words = _moment(span * quarter / 4, span) if quarter else "0"
        parts.append(_text(x, top - 12, words, fill=_FAINT, anchor="middle", size=10))
    for number, result in enumerate(rows):
        parts += _bar(result, top + _ROW * number, start, span, result.task in critical)
    more = len(results) - len(rows)
    if more > 0:
        parts.append(_text(_EDGE, bottom + 16, f"and {more} more tasks", fill=_FAINT))
        bottom += 22
    return _svg(_LABEL + _BARS + _TIME, bottom + 10, parts, f"a timeline of {counted(len(results), 'task')}")


def _moment(at: float, span: float) -> str:
    """A place on the axis, in the unit of the whole."""
    return f"{at * 1000:.0f} ms" if span < 1 else seconds(at)


def _needs(task: Task) -> list[str]:
    """What a task waits for. A plan that can't run, because a reference is none, is drawn all the same."""
    try:
        return task.needs()
    except ValueError:
        return list(task.after)


def _read(task: Task) -> list[str]:
    try:
        return task.reads()
    except ValueError:
        return []


def _places(rows: list[list[str | Bend]]) -> dict[str | Bend, tuple[float, float]]:
    """The upper left corner of each box, and the point of each bend."""
    heights = [[_HEIGHT if isinstance(name, str) else _DOWN for name in row] for row in rows]
    tallest = max((sum(row) + _DOWN * (len(row) - 1) for row in heights), default=0)
    places: dict[str | Bend, tuple[float, float]] = {}
    for column, (row, high) in enumerate(zip(rows, heights, strict=True)):
        y = _EDGE + (tallest - sum(high) - _DOWN * (len(row) - 1)) / 2
        for name, height in zip(row, high, strict=True):
            places[name] = (_EDGE + column * (_BOX + _ACROSS), y if isinstance(name, str) else y + height / 2)
            y += height + _DOWN
    return places


def _way(start: str, end: str, places: Mapping[str | Bend, tuple[float, float]]) -> list[tuple[float, float]]:
    (x, y), (to_x, to_y) = places[start], places[end]
    points = [(x + _BOX, y + _HEIGHT / 2)]
    bends = sorted(name for name in places if not isinstance(name, str) and name[:2] == (start, end))
    for bend in bends:
        bend_x, bend_y = places[bend]
        points += [(bend_x, bend_y), (bend_x + _BOX, bend_y)]
    return [*points, (to_x - 2, to_y + _HEIGHT / 2)]


def _edge(points: list[tuple[float, float]], is_critical: bool, *, dashed: bool) -> Markup:
    path = f"M{_n(points[0][0])},{_n(points[0][1])}"
    for number, ((x, y), (to_x, to_y)) in enumerate(pairwise(points)):
        if number % 2:  # over a layer: straight
            path += f" L{_n(to_x)},{_n(to_y)}"
        else:
            half = (x + to_x) / 2
            path += f" C{_n(half)},{_n(y)} {_n(half)},{_n(to_y)} {_n(to_x)},{_n(to_y)}"
    colour = _CRITICAL if is_critical else _LINE
    x, y = points[-1]
    line = element(
        "path", d=path, fill="none", stroke=colour, stroke_width=2 if is_critical else 1.4,
        stroke_dasharray="4 3" if dashed else None,
    )  # fmt: skip
    head = element(
        "path", d=f"M{_n(x - 6)},{_n(y - 3.5)} L{_n(x + 1)},{_n(y)} L{_n(x - 6)},{_n(y + 3.5)} z", fill=colour
    )
    return element("g", line, head)


def _box(task: Task, place: tuple[float, float], result: TaskResult | None, is_critical: bool) -> Markup:
    x, y = place
    fill, stroke = _FILLS.get(result.status, _UNTOUCHED) if result else _UNTOUCHED
    told = [f"{task.id}: {task.goal}" if task.goal else task.id, f"tool: {task.tool}", *_control(task)]
    if result:
        told.append(result.status.replace("_", " ") + (f": {result.error.message}" if result.error else ""))
    control = cut(", ".join(_control(task)), 34)
    took = _took(result) if result else ""
    return element(
        "g",
        element("title", "\n".join(cut(line, 400) for line in told)),
        element(
            "rect", x=_n(x), y=_n(y), width=_BOX, height=_HEIGHT, rx=7, fill=fill,
            stroke=_CRITICAL if is_critical else stroke, stroke_width=2 if is_critical else 1.2,
        ),
        _text(x + 10, y + 18, cut(task.id, 14), weight="bold"),
        _text(x + _BOX - 10, y + 18, cut(took or task.tool, 17), fill=_FAINT, anchor="end", size=11),
        _text(x + 10, y + 34, cut(task.goal or task.tool, 33), size=11),
        _text(x + 10, y + 49, control or (cut(task.tool, 34) if took else ""), fill=_FAINT, size=10),
    )  # fmt: skip


def _control(task: Task) -> list[str]:
    """What controls a task beside its inputs, in words."""
    words = []
    if task.each is not None:
        words.append(
            f"each of {task.each}" if isinstance(task.each, str) else f"each of {counted(len(task.each), 'item')}"
        )
    if task.when:
        words.append(f"when {task.when}")
    if task.until:
        words.append(f"until {task.until}")
    if task.join == "any":
        words.append("any input will do")
    if task.on_error != "fail":
        words.append(f"on error {task.on_error}")
    return words


def _bar(result: TaskResult, y: float, start: float, span: float, is_critical: bool) -> list[Markup]:
    _, colour = _FILLS.get(result.status, _UNTOUCHED)
    label = [_text(_EDGE, y + 16, cut(result.task, 14), weight="bold")]
    label.append(_text(_LABEL - 12, y + 16, cut(result.tool, 18), fill=_FAINT, anchor="end", size=11))
    if result.started is None:
        why = result.error.message if result.error else result.reason or ""
        words = cut(f"{result.status.replace('_', ' ')}{': ' + why if why else ''}", 70)
        return [*label, _text(_LABEL, y + 16, words, fill=_FAINT, size=11)]
    ended = result.ended if result.ended is not None else result.started
    x = _LABEL + (result.started - start) / span * _BARS
    long = max((ended - result.started) / span * _BARS, 2.0)
    told = f"{result.task}: {result.status}, {_took(result)}, {_attempts(result)}"
    bar = element(
        "rect", element("title", told), x=_n(x), y=_n(y + 5), width=_n(long), height=_ROW - 11, rx=3,
        fill=_CRITICAL if is_critical and result.ok else colour,
    )  # fmt: skip
    items = [
        element(
            "line", x1=_n(_LABEL + (item.started - start) / span * _BARS), y1=_n(y + 5), stroke=_PAPER,
            x2=_n(_LABEL + (item.started - start) / span * _BARS), y2=_n(y + _ROW - 6), stroke_width=1,
        )
        for item in result.items[:MAX_DRAWN]
        if item.started is not None
    ]  # fmt: skip
    return [*label, bar, *items, _text(_LABEL + _BARS + 8, y + 16, _took(result), fill=_FAINT, size=11)]


def _took(result: TaskResult) -> str:
    if result.started is None or result.ended is None:
        return ""
    return seconds(max(0.0, result.ended - result.started))


def _attempts(result: TaskResult) -> str:
    words = counted(result.attempts, "attempt")
    return f"{words}, {counted(len(result.items), 'item')}" if result.items else words


def _text(
    x: float,
    y: float,
    text: str,
    *,
    fill: str = _INK,
    size: int = 12,
    anchor: str | None = None,
    weight: str | None = None,
) -> Markup:
    return element("text", text, x=_n(x), y=_n(y), fill=fill, font_size=size, text_anchor=anchor, font_weight=weight)


def _svg(width: float, height: float, parts: list[Markup], label: str) -> Markup:
    paper = element("rect", width="100%", height="100%", rx=8, fill=_PAPER)
    return element(
        "svg", paper, *parts, xmlns="http://www.w3.org/2000/svg", width=_n(width), height=_n(height),
        viewBox=f"0 0 {_n(width)} {_n(height)}", font_family=_FONT, role="img", aria_label=label,
    )  # fmt: skip


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
