"""The goals of the comparison with ReAct: what serves each, as a plan and one call after the other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmarks import react_prompts

_FILLER = "the and of which is known for its first of several later under many years until when then also with from"


@dataclass(frozen=True)
class Shape:
    """A goal, the calls that serve it by level, the size of what a search brings back, and the published ratios.

    `lookups`: entities and their figures. `prompt`: of the prompted ReAct agent. `sums`: calculations by id, each over
    the ids before. `shipped`: whether tools are offered that the goal doesn't need.
    """

    name: str
    goal: str
    lookups: Mapping[str, int]
    prompt: str
    sums: Mapping[str, str] = field(default_factory=dict)
    passage: int = 300
    faster: float = 1.0
    cheaper: float = 1.0
    shipped: bool = True


SHAPES = (
    Shape(
        "HotpotQA comparison",
        "Which magazine was started first, Arthur's Magazine or First for Women?",
        {"Arthur's Magazine": 1844, "First for Women": 1989},
        react_prompts.COMPARISON,
        passage=300,
        faster=1.80,
        cheaper=3.37,
    ),
    Shape(
        "Movie recommendation",
        "Of eight films, which one is rated most like Apollo 13, The Fugitive and Pulp Fiction?",
        {
            name: 70 + number
            for number, name in enumerate(
                ("Apollo 13", "The Fugitive", "Pulp Fiction", "Braveheart", "Casablanca", "Fargo", "Heat", "Alien")
            )
        },
        react_prompts.CHOICE,
        passage=450,
        faster=3.74,
        cheaper=6.73,
    ),
    Shape(
        "ParallelQA",
        "By how much is the summed height of Mont Blanc and Eiger more than that of Zugspitze and Triglav, in percent?",
        {"Mont Blanc": 4806, "Eiger": 3967, "Zugspitze": 2962, "Triglav": 2864},
        react_prompts.ARITHMETIC,
        {
            "s1": "{{t1}} + {{t2}}",
            "s2": "{{t3}} + {{t4}}",
            "s3": "({{s1}} - {{s2}}) / {{s2}} * 100",
        },
        passage=600,
        faster=2.15,
        cheaper=4.65,
    ),
)


def passage(name: str, figure: int, tokens: int) -> str:
    """A text of about `tokens` tokens that holds the figure in its first sentence."""
    words = _FILLER.split()
    filler = [words[(number * 8) % len(words)] for number in range(tokens)]
    sentences = [" ".join(filler[start : start + 18]).capitalize() + "." for start in range(0, tokens, 18)]
    return f"The figure of {name} is {figure}. " + f"{name} comes up again. ".join(sentences)


def plan_of(shape: Shape) -> list[dict[str, Any]]:
    """The plan a model makes for a goal."""
    tasks: list[dict[str, Any]] = [
        {"id": f"t{number}", "goal": f"Look up {name}", "tool": "look_up", "args": {"entity": name}}
        for number, name in enumerate(shape.lookups, 1)
    ]
    return tasks + [
        {"id": name, "goal": "Compute", "tool": "calculate", "args": {"expression": expression}}
        for name, expression in shape.sums.items()
    ]


def sums_of(shape: Shape) -> dict[str, float]:
    """The values of the calculations."""
    known: dict[str, float] = {f"t{number}": value for number, value in enumerate(shape.lookups.values(), 1)}
    for name, expression in shape.sums.items():
        known[name] = eval(_filled(expression, known))
    return known


def actions_of(shape: Shape) -> list[tuple[str, dict[str, Any]]]:
    """The same calls, one after the other, as a ReAct agent makes them."""
    known = sums_of(shape)
    looked = [("look_up", {"entity": name}) for name in shape.lookups]
    return looked + [("calculate", {"expression": _filled(text, known)}) for text in shape.sums.values()]


def _filled(expression: str, known: Mapping[str, float]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda found: str(known[found.group(1)]), expression)
