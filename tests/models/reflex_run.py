"""Runs a goal through the embedded brain and real tools, without the graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from memory.documents import DocumentIndex
from models.reflex import ReflexBrain
from state import references
from state.intent import Intent
from state.plan import MODEL, Plan, Problem, check_plan
from state.result import Evidence, TaskResult
from state.verdict import Draft
from tools.registry import ToolFailure, ToolOutput, ToolSpec, tool


@dataclass(frozen=True)
class Run:
    """What a goal came to."""

    intent: Intent
    plan: Plan
    draft: Draft
    evidence: list[Evidence]
    results: dict[str, TaskResult]


def search_tool(index: DocumentIndex) -> ToolSpec:
    """The search of documents over an index."""

    @tool(risk="read")
    def search_documents(query: str, k: int = 5) -> ToolOutput:
        """Search the user's documents for passages."""
        hits = index.search(query, k)
        found = [{"text": hit.text, "source": hit.source, "place": hit.place, "score": hit.score} for hit in hits]
        return ToolOutput(found, [Evidence(**passage) for passage in found])

    spec: ToolSpec = search_documents
    return spec


async def run(goal: str, tools: Sequence[ToolSpec]) -> Run:
    """The goal, parsed, planned, its tasks run one after the other, and answered; planned anew if the judge says so."""
    brain = ReflexBrain()
    intent = (await brain.parse_intent(goal)).value
    if intent.reply:
        return Run(intent, Plan(), Draft(text=intent.reply), [], {})
    plan = (await brain.decompose(intent, tools=tools)).value
    results: dict[str, TaskResult] = {}
    evidence: list[Evidence] = []
    for _ in range(2):
        assert not check_plan(plan, tools), [str(problem) for problem in check_plan(plan, tools)]
        await _execute(brain, plan, tools, results)
        evidence = _evidence(plan, results)
        draft = (await brain.write(intent, evidence=evidence)).value
        verdict = (await brain.judge(intent, draft=draft, evidence=evidence)).value
        if verdict.action == "accept":
            break
        plan = (await brain.decompose(intent, tools=tools, problems=list[Problem](), results=results)).value
    return Run(intent, plan, draft, evidence, results)


async def _execute(brain: ReflexBrain, plan: Plan, tools: Sequence[ToolSpec], results: dict[str, TaskResult]) -> None:
    by_name = {spec.name: spec for spec in tools}
    for task in plan.order():
        values = {name: result.value for name, result in results.items() if result.ok}
        try:
            args = references.resolve(task.args, values)
            if task.tool == MODEL:
                prompt = args.pop("prompt")
                output = ToolOutput((await brain.complete(prompt, inputs=args, evidence=[])).value)
            else:
                output = await by_name[task.tool].call(args)
        except (references.BadReference, ToolFailure):
            results[task.id] = TaskResult(task=task.id, status="failed", tool=task.tool)
            continue
        status = "failed" if output.value is None else "done"
        found = [item.model_copy(update={"task": task.id}) for item in output.evidence]
        results[task.id] = TaskResult(task=task.id, status=status, value=output.value, evidence=found, tool=task.tool)


def _evidence(plan: Plan, results: dict[str, TaskResult]) -> list[Evidence]:
    goals = {task.id: task.goal for task in plan.tasks}
    found: dict[str, Evidence] = {}
    for result in results.values():
        told = f"{goals.get(result.task, '').rstrip('?.')}: {references.as_text(result.value)}"
        value = Evidence(text=told, source=result.tool, task=result.task, kind="value")
        for item in result.evidence or ([value] if result.ok else []):
            found.setdefault(item.text, item)
    return list(found.values())
