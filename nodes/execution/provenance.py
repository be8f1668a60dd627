"""Where the arguments of a call come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from state import references
from state.result import Origin, TaskResult
from state.task import AGENT, MODEL

_SHORTEST_SAID = 4
USER = Origin(sources=["user"])


def of_arguments(
    args: Mapping[str, Any], known: Mapping[str, Origin], literal: Origin, said: str = ""
) -> dict[str, Origin]:
    """The origin of each argument, from the unresolved arguments of a task.

    `known`: the origin of each name that may be referred to. `literal`: of what stands in the plan itself. `said`:
    the user's own words; what stands in them is theirs, however the plan came about.
    """
    return {name: of_value(value, known, literal, said) for name, value in args.items()}


def of_value(value: Any, known: Mapping[str, Origin], literal: Origin, said: str = "") -> Origin:
    """The origin of one unresolved value."""
    read = list(dict.fromkeys(reference.root for reference in references.find(value)))
    origins = [known[name] for name in read if name in known]
    is_bare = isinstance(value, str) and references.whole(value) is not None
    if not read and isinstance(value, str) and len(value) >= _SHORTEST_SAID and value in said:
        return USER
    return Origin.merge(origins if is_bare and origins else [literal.by_model(), *origins])


def of_result(tool: str, task: str, arguments: Mapping[str, Origin], *, trusted: bool) -> Origin:
    """The origin of what a tool returned: as trusted as the tool and everything that went into it."""
    here = Origin(trusted=trusted, sources=[f"{task} ({tool})"])
    merged = Origin.merge([here, *arguments.values()])
    return merged.by_model() if tool in (MODEL, AGENT) else merged


def of_results(results: Mapping[str, TaskResult]) -> dict[str, Origin]:
    """The origins of finished tasks' values, by task id."""
    return {task: result.origin for task, result in results.items()}
