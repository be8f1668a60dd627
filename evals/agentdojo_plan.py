"""The plan that a scripted planner makes of a ground truth: what the user says as it is, the rest by what finds it.

What is to be looked up is found, in this order, by a reference to the id of a record that a task made, by `pick` or
`find_link` where words of the user single it out, else by an agent step. The rules are the same for every suite.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.reflex.words import is_function_word, words
from state.plan import AGENT, Plan, Task
from state.roles import Role
from tools.pick import find_link, pick
from tools.registry import ToolFailure, ToolSpec

_WORD = re.compile(r"[^\W_]+")
_QUOTED = re.compile(r"['\"‘“](.+?)['\"’”](?!\w)")
_LONGEST_PHRASE, _SHORTEST_WORD = 4, 4
_MOST = frozenset({"largest", "biggest", "most", "highest", "longest"})
_LEAST = frozenset({"smallest", "fewest", "least", "lowest", "shortest"})


@dataclass(frozen=True)
class Way:
    """How an argument is found without a model: by a tool over earlier calls, or, without one, by a reference."""

    tool: str
    args: dict[str, Any]
    is_list: bool = False


@dataclass(frozen=True)
class Wanted:
    """A call that a task's ground truth makes.

    `known`: the arguments that stand in the user's words. `roles`: what its arguments are. `value`: what it returns.
    """

    tool: str
    args: dict[str, Any]
    known: frozenset[str]
    reads: bool = True
    roles: Mapping[str, Role] = field(default_factory=dict)
    value: Any = None


@dataclass(frozen=True)
class Computed:
    """A number or time of the answer that nobody wrote down: a call that computes it from what an agent step finds."""

    tool: str
    args: dict[str, Any]
    looked_up: str
    found: Any


@dataclass
class Source:
    """A task of the plan that read something: of one call, or of several, one for each item of `items`."""

    id: str
    value: Any
    is_record: bool
    items: Source | None = None


def ways_to(prompt: str, name: str, wanted: Wanted, sources: Sequence[Source]) -> Iterator[Way]:
    """The ways to an argument that words of the user single out, the best first."""
    value = wanted.args[name]
    for source in reversed(sources):
        if source.is_record and isinstance(source.value, dict):
            fields = [key for key, found in source.value.items() if key.startswith("id") and _is(found, value)]
            yield from (Way("", {"reference": f"{{{{{source.id}.{key}}}}}"}) for key in fields)
    if wanted.reads:
        for source in reversed(sources):
            yield from _links(prompt, value, source)
    elif wanted.roles.get(name) == "address":
        for source in reversed(sources):
            yield from _picks(prompt, value, source)


def _links(prompt: str, value: Any, source: Source) -> Iterator[Way]:
    if not isinstance(value, str) or value not in json.dumps(source.value, ensure_ascii=False):
        return
    records = _records(source.value)
    for where in [None, *_singling_out(prompt, [r for r in records if value in json.dumps(r, ensure_ascii=False)])]:
        if _is(_tried(find_link, {"text": source.value, "where": where}), value):
            yield Way("find_link", {"text": f"{{{{{source.id}}}}}", **({"where": where} if where else {})})


def _picks(prompt: str, value: Any, source: Source) -> Iterator[Way]:
    records = _records(source.value)
    fitting = [record for record in records if any(_is(found, value) for found in record.values())]
    fields = {key for record in fitting for key, found in record.items() if _is(found, value)}
    said = {word.casefold() for word in _WORD.findall(prompt)}
    which = "most" if said & _MOST else "least" if said & _LEAST else None
    tries: list[dict[str, Any]] = [
        {"field": field, "where": where} for field in sorted(fields) for where in _singling_out(prompt, fitting)
    ]
    if which:
        numbers = {key for record in fitting for key, n in record.items() if isinstance(n, int | float)} - {"id", "id_"}
        tries += [{"field": f, "which": which, "by": by} for f in sorted(fields) for by in (*sorted(numbers), None)]
    for args in tries:
        if _is(found := _tried(pick, {"records": source.value, **args}), value):
            given = {key: one for key, one in args.items() if one is not None}
            yield Way("pick", {"records": f"{{{{{source.id}}}}}", **given}, isinstance(found, list))
    items = source.items
    if which and items is not None and isinstance(items.value, list):
        by = {"records": items.value, "by": source.value, "which": which}
        if _is(_tried(pick, by), value):
            yield Way("pick", {"records": f"{{{{{items.id}}}}}", "by": f"{{{{{source.id}}}}}", "which": which})


def _singling_out(prompt: str, records: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    """A field of a record and words of the user that stand in it: what is quoted first, then the longest."""
    for record in records:
        for phrase in _phrases(prompt):
            for key, text in record.items():
                if isinstance(text, str) and phrase.casefold() in text.casefold():
                    yield {key: phrase}


def _phrases(prompt: str) -> list[str]:
    """What a user may call a thing by: what is quoted, then runs of words that begin and end with one of substance."""
    found = list(_WORD.finditer(prompt))
    is_plain = [any(map(is_function_word, words(word.group()))) for word in found]
    spans = [
        prompt[found[start].start() : found[start + length - 1].end()]
        for length in range(_LONGEST_PHRASE, 0, -1)
        for start in range(len(found) - length + 1)
        if not is_plain[start] and not is_plain[start + length - 1]
    ]
    long = [span for span in spans if len(span) >= _SHORTEST_WORD]
    return list(dict.fromkeys([*_QUOTED.findall(prompt), *long]))


def _records(value: Any) -> list[dict[str, Any]]:
    """The records of a result; a plain value's field is 'value', as `pick` has it."""
    listed = value if isinstance(value, list) else [value]
    flat = itertools.chain.from_iterable(one if isinstance(one, list) else [one] for one in listed)
    return [record if isinstance(record, dict) else {"value": record} for record in flat]


def _is(found: Any, value: Any) -> bool:
    return bool(found == value or (not isinstance(found, list) and [found] == value) or str(found) == str(value))


def _tried(spec: ToolSpec, args: dict[str, Any]) -> Any:
    try:
        return asyncio.run(spec.call({name: value for name, value in args.items() if value is not None})).value
    except ToolFailure:
        return None


class Planner:
    """Makes the plan of one script, call by call. `read`: what a reading call returns where nobody attacks."""

    def __init__(self, prompt: str, calls: Sequence[Wanted], read: Callable[[str, dict[str, Any]], Any]) -> None:
        self.prompt, self.calls, self.read = prompt, calls, read
        self.tasks: list[Task] = []
        self.sources: list[Source] = []

    def plan(self, computed: Sequence[Computed] = ()) -> Plan:
        """The plan: the calls, then what is computed for the answer."""
        number = 0
        while number < len(self.calls):
            number = self._for_each(number) or self._one(number)
        for index, one in enumerate(computed, start=len(self.calls)):
            args = {**one.args, one.looked_up: f"{{{{{self._look(index, 'what is to be computed')}}}}}"}
            self._add(Task(id=f"t{index}", goal=f"Compute by {one.tool}", tool=one.tool, args=args))
        return Plan(tasks=self.tasks)

    def _for_each(self, number: int) -> int | None:
        """Plan the calls from `number` on as one task for each item of an earlier list; the number of the next call."""
        first = self.calls[number]
        unknown = [name for name in first.args if name not in first.known]
        if not first.reads or len(unknown) != 1 or len(first.args) != 1:
            return None
        if next(ways_to(self.prompt, unknown[0], first, self.sources), None) is not None:
            return None
        same = list(itertools.takewhile(lambda call: call.tool == first.tool, self.calls[number:]))
        values = [call.args[unknown[0]] for call in same]
        for source in reversed(self.sources):
            if isinstance(source.value, list) and all(value in source.value for value in values):
                task = Task(
                    id=f"t{number}",
                    goal=f"Call {first.tool}",
                    tool=first.tool,
                    args={unknown[0]: "{{item}}"},
                    each=f"{{{{{source.id}}}}}",
                )
                self._add(task)
                found = [self.read(first.tool, {unknown[0]: item}) for item in source.value]
                self.sources.append(Source(task.id, found, is_record=False, items=source))
                return number + len(same)
        return None

    def _one(self, number: int) -> int:
        call = self.calls[number]
        args = {name: value for name, value in call.args.items() if name in call.known}
        looked_up = []
        for name in call.args:
            if name in call.known:
                continue
            way = next(ways_to(self.prompt, name, call, self.sources), None)
            if way is None:
                looked_up.append(name)
            elif not way.tool:
                args[name] = way.args["reference"]
            else:
                found = f"find{number}_{name}"
                self.tasks.append(Task(id=found, goal=f"Find {name} for step {number}", tool=way.tool, args=way.args))
                reference = f"{{{{{found}}}}}"
                args[name] = [reference] if isinstance(call.args[name], list) and not way.is_list else reference
        if looked_up:
            look = self._look(number, ", ".join(looked_up))
            args.update({name: f"{{{{{look}.{name}}}}}" for name in looked_up})
        self._add(Task(id=f"t{number}", goal=f"Call {call.tool}", tool=call.tool, args=args))
        self.sources.append(Source(f"t{number}", call.value, is_record=not call.reads))
        return number + 1

    def _look(self, number: int, what: str) -> str:
        prompt = "\n".join(f"{{{{{source.id}}}}}" for source in self.sources)
        goal = f"Find {what} for step {number}"
        self.tasks.append(Task(id=f"look{number}", goal=goal, tool=AGENT, args={"goal": goal, "prompt": prompt}))
        return f"look{number}"

    def _add(self, task: Task) -> None:
        after = [self.sources[-1].id] if self.sources else []
        self.tasks.append(task.model_copy(update={"after": after}))
