"""ComplexFuncBench replayed: 1,000 recorded workflows run as plans, every argument compared with the recording.

`python -m benchmarks.replay [--plans N]`
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from langchain_core.tools import StructuredTool

from benchmarks.engine import begin, execution_graph
from benchmarks.workflows import Step, Workflow, complex_func_bench
from memory.persistence import open_checkpointer
from nodes import redaction
from state.plan import Plan, check_plan
from state.task import Task
from tools.registry import ToolOutput, ToolSpec, current_call


@dataclass
class Outcome:
    """What a replay came to. `wrong`: sentences."""

    plans: int = 0
    right: int = 0
    calls: int = 0
    references: int = 0
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0


def plan_of(workflow: Workflow) -> Plan:
    """A recorded workflow as a plan: `$var1.a.b$` becomes `{{var1.a.b}}`.

    The recordings pass over a list by its first item; in a plan that is said: `{{var1[0].a.b}}`.
    """
    responses = {step.label: step.response for step in workflow}
    tasks = []
    for step in workflow:
        args = {name: _reference(value, responses) for name, value in step.arguments.items()}
        tasks.append(Task(id=step.label, goal=step.name, tool=step.name, args=args))
    return Plan(tasks=tasks)


def _reference(value: Any, responses: Mapping[str, Any]) -> Any:
    if not _is_reference(value):
        return value
    label, *steps = value.strip("$").split(".")
    path, here = label, responses[label]
    for step in steps:
        if isinstance(here, list):
            path, here = path + "[0]", here[0]
        path, here = f"{path}.{step}", here[step]
    return "{{" + path + "}}"


def _is_reference(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("$") and value.endswith("$")


def recorded_arguments(step: Step, responses: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments a call was recorded with, found without the engine's own references."""
    found = {}
    for name, value in step.arguments.items():
        if _is_reference(value):
            label, *path = value.strip("$").split(".")
            value = responses[label]
            for key in path:
                value = (value[0] if isinstance(value, list) else value)[key]
        found[name] = value
    return found


def replaying(workflow: Workflow, calls: dict[str, dict[str, Any]]) -> list[ToolSpec]:
    """The tools of a workflow, which answer as recorded and note the arguments of each call by its task."""
    responses = {step.label: step.response for step in workflow}

    def tool_called(name: str) -> ToolSpec:
        async def answer(**arguments: Any) -> tuple[str, ToolOutput]:
            label = current_call.get().task
            calls[label] = arguments
            return "", ToolOutput(responses[label])

        schema = {"type": "object", "properties": {}, "additionalProperties": True}
        made = StructuredTool(
            name=name, description=name, args_schema=schema, coroutine=answer, response_format="content_and_artifact"
        )
        return ToolSpec(made, risk="read", idempotent=True)

    return [tool_called(name) for name in sorted({step.name for step in workflow})]


async def replay(workflows: Sequence[Workflow], database: Path) -> Outcome:
    """Run each workflow once and compare what its tools were called with."""
    began, outcome = time.monotonic(), Outcome()
    async with open_checkpointer(str(database)) as saver:
        for number, workflow in enumerate(workflows):
            calls: dict[str, dict[str, Any]] = {}
            tools, plan = replaying(workflow, calls), plan_of(workflow)
            problems = check_plan(plan, tools)
            graph = execution_graph(tools, checkpointer=saver)
            config = {"configurable": {"thread_id": f"plan {number}"}}
            out = await graph.ainvoke(begin(plan, run_key=str(number)), config, durability="sync")
            responses = {step.label: step.response for step in workflow}
            expected = {step.label: recorded_arguments(step, responses) for step in workflow}
            # What looks like a key is redacted in what is kept; tools are called with it all the same.
            results = {name: redaction.reveal(result.value) for name, result in out["results"].items()}
            outcome.plans += 1
            outcome.calls += len(calls)
            outcome.references += sum(_is_reference(value) for step in workflow for value in step.arguments.values())
            if problems or calls != expected or results != responses:
                outcome.wrong.append(f"plan {number}: {problems or 'other arguments or results than recorded'}")
            else:
                outcome.right += 1
    outcome.seconds = time.monotonic() - began
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plans", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        workflows = complex_func_bench()[: options.plans]
        outcome = asyncio.run(replay(workflows, Path(directory) / "checkpoints.sqlite"))
    print(f"{outcome.right} of {outcome.plans} plans right: {outcome.calls} calls, {outcome.references} references, "
          f"{outcome.seconds:.1f} s with SQLite checkpoints under durability=sync")  # fmt: skip
    for sentence in outcome.wrong[:10]:
        print(sentence)
    return 1 if outcome.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
