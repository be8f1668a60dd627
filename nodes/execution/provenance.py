"""Where the arguments of a call come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from state import references
from state.result import Origin, TaskResult


def of_arguments(args: Mapping[str, Any], known: Mapping[str, Origin], literal: Origin) -> dict[str, Origin]:
    """The origin of each argument, from the unresolved arguments of a task.

    `known`: the origin of each name that may be referred to. `literal`: of what stands in the plan itself.
    """
    return {name: of_value(value, known, literal) for name, value in args.items()}


def of_value(value: Any, known: Mapping[str, Origin], literal: Origin) -> Origin:
    """The origin of one unresolved value."""
    read = list(dict.fromkeys(reference.root for reference in references.find(value)))
    origins = [known[name] for name in read if name in known]
    is_bare = isinstance(value, str) and references.whole(value) is not None
    return Origin.merge(origins if is_bare and origins else [literal, *origins])


def of_result(tool: str, task: str, arguments: Mapping[str, Origin], *, trusted: bool) -> Origin:
    """The origin of what a tool returned: as trusted as the tool and everything that went into it."""
    here = Origin(trusted=trusted, sources=[f"{task} ({tool})"])
    return Origin.merge([here, *arguments.values()])


def of_results(results: Mapping[str, TaskResult]) -> dict[str, Origin]:
    """The origins of finished tasks' values, by task id."""
    return {task: result.origin for task, result in results.items()}
