"""An agent's conversation and the plan it amounts to: each call a task, after the one before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from models.agent_model import cost_of, steps_of
from state.budget import Usage
from state.plan import Plan
from state.references import as_text
from state.result import Origin, TaskResult
from state.task import Task
from tools.registry import ToolSpec

LONGEST_SHOWN = 2_000
"""Characters of a call's value in its message; all of it is in the message's artifact."""


def messages_of(plan: Plan, results: Mapping[str, TaskResult], goal: str) -> list[BaseMessage]:
    """The calls made so far, as the messages of a conversation. `goal`: as for `plan_of`."""
    said: list[BaseMessage] = []
    for task in plan.tasks:
        if result := results.get(task.id):
            call = {"name": task.tool, "args": dict(task.args), "id": task.id}
            said += [AIMessage(task.goal if task.goal != goal else "", tool_calls=[call]), message_of(result, task.id)]
    return said


def message_of(result: TaskResult, call_id: str) -> ToolMessage:
    """What came of a call, for the conversation."""
    text = as_text(result.value) if result.ok else _why(result)
    if len(text) > LONGEST_SHOWN:
        text = text[:LONGEST_SHOWN] + " …"
    return ToolMessage(
        text,
        tool_call_id=call_id,
        name=result.tool,
        status="success" if result.ok else "error",
        artifact=result.to_json(),
    )


def plan_of(messages: Sequence[BaseMessage], goal: str, passed_over: Sequence[str] = ()) -> Plan:
    """The plan that the calls amount to, in their order. `goal`: of the calls that name none of their own.

    `passed_over`: names of tools whose calls are no tasks.
    """
    tasks: list[Task] = []
    for message in messages:
        for call in message.tool_calls if isinstance(message, AIMessage) else ():
            if call["name"] in passed_over:
                continue
            after = [tasks[-1].id] if tasks else []
            told = str(message.text).strip() or goal
            tasks.append(Task(id=str(call["id"]), goal=told, tool=call["name"], args=dict(call["args"]), after=after))
    return Plan(tasks=tasks)


def results_of(messages: Sequence[BaseMessage]) -> dict[str, TaskResult]:
    """What the calls came to, by their ids."""
    found = [step.result for step in steps_of(messages)]
    return {result.task: result for result in found if result.tool}


def served(messages: Sequence[BaseMessage], results: Mapping[str, TaskResult]) -> set[str]:
    """What the agent said it called for, of the calls that came through."""
    return {
        str(message.text).strip()
        for message in messages
        for call in (message.tool_calls if isinstance(message, AIMessage) else ())
        if (result := results.get(str(call["id"]))) is not None and result.ok
    }


def origin_of(messages: Sequence[BaseMessage], begun: Origin) -> Origin:
    """The origin of whatever the agent chooses next: it has read all that its calls brought back."""
    return Origin.merge([begun, *(step.result.origin for step in steps_of(messages))])


def spent_on(messages: Sequence[BaseMessage], tools: Mapping[str, ToolSpec]) -> Usage:
    """What the thoughts and the calls behind `messages` cost."""
    total = Usage()
    for message in messages:
        if isinstance(message, AIMessage):
            total += cost_of(message)[0]
    for result in results_of(messages).values():
        price = tools[result.tool].cost if result.tool in tools else 0.0
        total += Usage(tool_calls=result.attempts, money=result.attempts * price)
    return total


def _why(result: TaskResult) -> str:
    return (result.error.message if result.error else result.reason) or result.status
