"""What the tasks brought back, as the evidence an answer is written from, and what they didn't."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from models.reflex.words import content_words, squeeze
from state.plan import AGENT, MODEL, Plan, Problem
from state.references import as_text
from state.result import Evidence, TaskResult
from state.task import Task
from state.text import counted

MAX_PIECES = 60
PIECES_PER_TASK = 12
MAX_CHARACTERS = 40_000
CHARACTERS_PER_TASK = 8_000
_LEAST_PER_TASK = 600
_LONGEST_VALUE = 4_000
_WINDOW = 1_200
_LOST = frozenset({"failed", "refused", "in_doubt"})
_BREAK = re.compile(r"\n\s*\n|(?<=[.!?])\s+|\n|\s")


@dataclass(frozen=True)
class Collected:
    """Evidence in the plan's order; a sentence for each thing that is missing, and for each search in vain."""

    evidence: list[Evidence]
    gaps: list[str]
    fruitless: list[str]


def collect(
    plan: Plan | None,
    results: Mapping[str, TaskResult],
    *,
    question: str = "",
    problems: Sequence[Problem] = (),
    by_goal: bool = True,
) -> Collected:
    """The evidence of all tasks that are done, bounded per task (per call of an agent's) and in all, not repeated.

    The same arguments give the same list, so that the number of a piece means the same in every step. Of a text
    that is too long the passages nearest to `question` are kept, each verbatim. `by_goal`: as for `gaps`.
    """
    plan = plan or Plan()
    goals = {task.id: task.goal for task in plan.tasks}
    ordered = [task.id for task in plan.tasks if task.id in results]
    ordered += [task_id for task_id in results if task_id not in goals]
    wanted = {word.stem for word in content_words(question)}
    parts = [part for task_id in ordered for part in _parts(results[task_id], goals.get(task_id, ""))]
    share = min(CHARACTERS_PER_TASK, max(_LEAST_PER_TASK, MAX_CHARACTERS // max(1, len(parts))))
    evidence: list[Evidence] = []
    seen: set[str] = set()
    for part, goal in parts:
        left, pieces = share, 0
        for whole in _of_result(part, goal):
            for piece in _bounded(whole, wanted, left):
                key = squeeze(piece.text)
                if not key or key in seen or pieces >= PIECES_PER_TASK or len(evidence) >= MAX_PIECES:
                    continue
                seen.add(key)
                evidence.append(piece)
                left, pieces = left - len(piece.text), pieces + 1
    missing = gaps(plan, results, problems, by_goal=by_goal)
    return Collected(evidence, missing, fruitless(plan, results))


def is_said_by_a_model(evidence: Evidence) -> bool:
    """Whether a piece is what a model made of other evidence, and so no evidence of itself."""
    return evidence.kind == "value" and evidence.source in (MODEL, AGENT)


def gaps(
    plan: Plan, results: Mapping[str, TaskResult], problems: Sequence[Problem] = (), *, by_goal: bool = True
) -> list[str]:
    """What couldn't be done, one sentence each, with the reason. A branch not taken is nothing missing.

    `by_goal`: nor is a task that another one with the same goal made up for, as a brain plans it; in a plan of a
    person's own every task counts.
    """
    missing = {f"problem {n}": f"The plan can't run: {problem}" for n, problem in enumerate(problems)}
    lost = {task_id for task_id, result in results.items() if result.status not in ("done", "skipped")}
    served = {_name(task) for task in plan.tasks if by_goal and task.id in results and results[task.id].ok}
    for task in plan.tasks:
        result, name = results.get(task.id), _name(task)
        key = name if by_goal else task.id
        if result is None or key in missing or (not result.ok and name in served):
            continue
        why = _loss(result, by_another=bool(lost & _upstream(task.id, plan)))
        if why and not _is_made_up_for(task.id, plan, results):
            missing[key] = _told(name, why)
    return list(missing.values())


def fruitless(plan: Plan, results: Mapping[str, TaskResult]) -> list[str]:
    """What was done and brought nothing back, one sentence each: worth saying only if there is no answer."""
    done = [(task, results[task.id]) for task in plan.tasks if task.id in results and results[task.id].ok]
    empty = [
        _told(_name(task), "nothing was found") for task, result in done if _is_nothing(result) and not result.evidence
    ]
    return list(dict.fromkeys(empty))


def _loss(result: TaskResult, *, by_another: bool) -> str | None:
    """What is lost with a result; None if nothing is. `by_another`: a task that it needs is lost."""
    why = _why(result)
    if result.ok:
        failed = [item for item in result.items if item.status in _LOST] if result.tool != AGENT else []
        verb = "is" if len(failed) == 1 else "are"
        of_all = f"{len(failed)} of {counted(len(result.items), 'item')} {verb} missing"
        return f"{of_all}: {_why(failed[0])}" if failed else None
    if result.status == "skipped":
        return (why or "skipped") if result.error or by_another else None
    said = {"failed": "failed", "refused": "was not done", "in_doubt": "may or may not have happened"}
    return said.get(result.status, "was not finished") + (f": {why}" if why else "")


def _why(result: TaskResult) -> str:
    return (result.error.message if result.error else result.reason or "").strip()


def _name(task: Task) -> str:
    return (task.goal or f"{task.id} ({task.tool})").strip().rstrip(".:;")


def _told(name: str, what: str) -> str:
    return f"{name} — {what}" if name.endswith("?") else f"{name}: {what}"


def is_told_by(gap: str, others: Iterable[str]) -> bool:
    """Whether one of `others` says of the same question, at the end of `gap`, why it isn't answered."""
    return any(gap.endswith(name) for name, found, _ in (other.partition(" — ") for other in others) if found)


def _is_made_up_for(task_id: str, plan: Plan, results: Mapping[str, TaskResult]) -> bool:
    """Whether an alternative came through in a task's place."""
    result = results[task_id]
    users = [task for task in plan.tasks if task_id in task.needs()]
    return result.status != "done" and any(
        task.join == "any" and task.id in results and results[task.id].ok for task in users
    )


def _upstream(task_id: str, plan: Plan) -> set[str]:
    needs = {task.id: task.needs() for task in plan.tasks}
    reached, waiting = set[str](), [task_id]
    while waiting:
        for name in needs.get(waiting.pop(), []):
            if name not in reached:
                reached.add(name)
                waiting.append(name)
    return reached


def _parts(result: TaskResult, goal: str) -> list[tuple[TaskResult, str]]:
    """What a result is made of, and the goal of each part: an agent's, of what its steps brought back, also if it came
    to no answer."""
    steps = [(step, "") for step in result.items if step.ok] if result.tool == AGENT else []
    return steps or [(result, goal)]


def _of_result(result: TaskResult, goal: str) -> Iterator[Evidence]:
    if not result.ok:
        return
    if result.evidence:
        for piece in result.evidence:
            yield piece if piece.task else piece.model_copy(update={"task": result.task})
    elif not _is_nothing(result):
        name = goal.strip().rstrip(".:;?!") or result.task
        yield Evidence(
            text=f"{name}: {as_text(result.value)[:_LONGEST_VALUE]}",
            source=result.tool,
            task=result.task,
            kind="value",
            trusted=result.origin.trusted,
        )


def _is_nothing(result: TaskResult) -> bool:
    found = result.value
    if isinstance(found, dict) and isinstance(found.get("rows"), list):  # a table: its columns are no answer
        found = found["rows"]
    return found is None or (isinstance(found, str | list | dict) and not found)


def _bounded(whole: Evidence, wanted: set[str], limit: int) -> list[Evidence]:
    """`whole`, or its passages nearest to what is wanted, in their order."""
    if limit <= 0:
        return []
    if len(whole.text) <= limit:
        return [whole]
    windows = list(_windows(whole.text, min(_WINDOW, limit)))
    scores = [len(wanted & {word.stem for word in content_words(window)}) for window in windows]
    chosen: list[int] = []
    for index in sorted(range(len(windows)), key=lambda index: (-scores[index], index)):
        if len(windows[index]) <= limit:
            chosen.append(index)
            limit -= len(windows[index])
    return [whole.model_copy(update={"text": windows[index]}) for index in sorted(chosen)]


def _windows(text: str, size: int) -> Iterator[str]:
    position = 0
    while position < len(text):
        end = min(len(text), position + size)
        if end < len(text):
            half = position + size // 2
            breaks = [match.end() for match in _BREAK.finditer(text, half, end)]
            ends = [place for place in breaks if text[place - 1] == "\n" or text[place - 2 : place - 1] in ".!?"]
            end = (ends or breaks or [end])[-1]
        if window := text[position:end].strip():
            yield window
        position = end
