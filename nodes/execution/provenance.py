"""Where the arguments of a call come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from state import references
from state.result import Origin, TaskResult
from state.task import AGENT, MODEL
from tools.registry import ToolSpec

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
    bare = references.whole(value) if isinstance(value, str) else None
    if bare is not None and bare.root in known and len(bare.steps) == 1 and bare.steps[0] in known[bare.root].minted:
        return Origin(trusted=False, picked=True, sources=known[bare.root].sources)
    if not read and isinstance(value, str) and len(value) >= _SHORTEST_SAID and value in said:
        return USER
    return Origin.merge(origins if bare is not None and origins else [literal.by_model(), *origins])


def of_result(tool: str, task: str, arguments: Mapping[str, Origin], *, trusted: bool) -> Origin:
    """The origin of what a tool returned: as trusted as the tool and everything that went into it."""
    here = Origin(trusted=trusted, sources=[f"{task} ({tool})"])
    merged = Origin.merge([here, *arguments.values()]).model_copy(update={"picked": False})
    return merged.by_model() if tool in (MODEL, AGENT) else merged


def of_call(spec: ToolSpec, task: str, arguments: Mapping[str, Origin]) -> Origin:
    """The origin of what a call of a tool returned, with what of it the plan determined.

    Picked: the plan says what to choose by, and no model chose what it was chosen from. Minted: the plan says what
    record it is about.
    """
    origin = of_result(spec.name, task, arguments, trusted=spec.trusted)
    if origin.trusted:
        return origin
    roles = spec.argument_roles
    addresses = [whence for name, whence in arguments.items() if roles.get(name) != "content"]
    criteria = [whence for name, whence in arguments.items() if name not in spec.picks_from]
    is_picked = bool(spec.picks_from) and not origin.composed and all(whence.trusted for whence in criteria)
    is_known = all(whence.trusted or whence.picked for whence in addresses)
    return origin.model_copy(update={"picked": is_picked, "minted": list(spec.mints) if is_known else []})


def of_results(results: Mapping[str, TaskResult]) -> dict[str, Origin]:
    """The origins of finished tasks' values, by task id."""
    return {task: result.origin for task, result in results.items()}
