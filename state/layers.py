"""Where the tasks of a plan stand when it is drawn: in layers, with few crossings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

_SWEEPS = 4
Bend = tuple[str, str, int]
"""A place that an edge passes on its way over a layer: from, to, layer."""


@dataclass(frozen=True)
class Layers:
    """Tasks by layer, from left to right and top to bottom; an edge over several layers bends in each it passes."""

    rows: list[list[str | Bend]]
    edges: list[tuple[str, str]]


def layered(needs: Mapping[str, Sequence[str]]) -> Layers:
    """Layers for tasks and what each needs. A cycle is drawn too: one of its tasks is taken as the first."""
    edges = [(other, name) for name, others in needs.items() for other in dict.fromkeys(others) if other in needs]
    level = _levels(needs)
    rows: list[list[str | Bend]] = [[] for _ in range(max(level.values(), default=-1) + 1)]
    for name in needs:
        rows[level[name]].append(name)
    links: list[tuple[str | Bend, str | Bend]] = []
    for start, end in edges:
        way: list[str | Bend] = [start]
        for between in range(level[start] + 1, level[end]):
            rows[between].append((start, end, between))
            way.append((start, end, between))
        way.append(end)
        links += pairwise(way)
    _uncross(rows, links)
    return Layers(rows, edges)


def _levels(needs: Mapping[str, Sequence[str]]) -> dict[str, int]:
    level: dict[str, int] = {}
    open_ = dict.fromkeys(needs)
    while open_:
        ready = [name for name in open_ if not any(other in open_ for other in needs[name])] or [next(iter(open_))]
        for name in ready:
            level[name] = 1 + max((level.get(other, -1) for other in needs[name]), default=-1)
        for name in ready:
            del open_[name]
    return level


def _uncross(rows: list[list[str | Bend]], links: Sequence[tuple[str | Bend, str | Bend]]) -> None:
    """Put each place near the middle of those it is linked to, layer by layer, there and back."""
    before: dict[str | Bend, list[str | Bend]] = {}
    after: dict[str | Bend, list[str | Bend]] = {}
    for start, end in links:
        after.setdefault(start, []).append(end)
        before.setdefault(end, []).append(start)
    for sweep in range(_SWEEPS):
        neighbours = before if sweep % 2 == 0 else after
        for row in rows if sweep % 2 == 0 else reversed(rows):
            place = {name: index / max(1, len(other) - 1) for other in rows for index, name in enumerate(other)}
            middle = {
                name: sum(place[other] for other in neighbours[name]) / len(neighbours[name])
                if name in neighbours
                else place[name]
                for name in row
            }
            row.sort(key=lambda name: middle[name])
