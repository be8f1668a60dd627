"""The terms an agent works under: LangChain middleware that makes its thoughts and its calls those of a run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from langchain.agents.middleware import AgentMiddleware, AgentState, ModelRequest, ModelResponse
from langchain.agents.middleware.types import ToolCallRequest
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langgraph.types import Command

from models.agent_model import cost_of, steps_of
from models.brain import Action, BrainError
from nodes import emit
from nodes.acting.transcript import message_of, origin_of, plan_of, spent_on
from nodes.execution.call import call_tool
from nodes.execution.desk import Desk, Site
from nodes.execution.think import REPETITIONS, key_of
from nodes.spending import in_time
from state.result import TaskError, TaskResult
from state.task import Task
from tools.registry import ToolFailure

AGENDA_TOOL = "write_todos"
FAILED = "failed"
"""Under this name a message that ends an agent's work for want of a thought says why."""


class RunTerms(AgentMiddleware[AgentState[Any], Any, Any]):
    """Every thought is metered, every call goes through `call_tool`: so the policy asks, effects are journalled and
    happen once, what is untrusted stays marked, the budget holds, transient failures are retried and events tell of it.

    `goal`: of the calls that the agent gives no reason for. `before`: how many messages an earlier round left.
    """

    def __init__(self, desk: Desk, goal: str, before: int) -> None:
        super().__init__()
        self._desk = desk
        self._goal = goal
        self._before = before
        self._is_counted = False

    async def awrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]]
    ) -> ModelResponse[Any] | AIMessage:
        """One thought, within the budget. That none could be had is a message too, and ends the agent's work."""
        self.count(request.messages)
        try:
            self._desk.purse.allow(thinking=True)
            async with self._desk.drain.giving_up(), self._desk.slots:
                response = await in_time(lambda: handler(request), self._desk.purse.seconds_left())
        except ToolFailure as error:
            return _ending(str(error))
        except BrainError as error:
            self._desk.purse.add(error.usage)
            return _ending(str(error))
        for message in response.result:
            usage, notes = cost_of(message)
            self._desk.purse.add(usage)
            for note in notes:
                self._desk.note(note)
        return response

    async def awrap_tool_call(
        self,
        request: ToolCallRequest,
        handler: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]],
    ) -> ToolMessage | Command[Any]:
        """One call as a task of the run, named by the call's id. Raises BadAnswer and LangGraph's GraphInterrupt."""
        call = request.tool_call
        if call["name"] == AGENDA_TOOL:
            return await handler(request)
        messages: list[BaseMessage] = list(request.state["messages"])
        self.count(messages)
        plan = plan_of(messages, self._goal, passed_over=[AGENDA_TOOL])
        task = plan.task(str(call["id"]))
        emit.plan(plan)
        emit.task(task.id, "running", tool=task.tool, goal=task.goal)
        result = await self._result(task, messages)
        told = result.error.message if result.error else result.reason
        emit.task(task.id, result.status, tool=task.tool, detail=told, attempt=result.attempts or None)
        return message_of(result, task.id)

    async def _result(self, task: Task, messages: list[BaseMessage]) -> TaskResult:
        made = list(map(key_of, steps_of(messages)))
        if made.count(key_of(Action(task.tool, dict(task.args)))) + 1 >= REPETITIONS:
            told = f"it was called with the same arguments {REPETITIONS} times over"
            error = TaskError(kind="repeated", message=told)
            return TaskResult(task=task.id, status="failed", tool=task.tool, error=error)
        origin = origin_of(messages, self._desk.literal)
        args: dict[str, Any] = dict(task.args)
        return await call_tool(self._desk, Site(task), task.tool, args, dict.fromkeys(args, origin.by_model()), origin)

    def count(self, messages: Sequence[BaseMessage]) -> None:
        """Count, once, what this round spent before it was stopped: it goes on from its recorded messages."""
        if not self._is_counted:
            self._is_counted = True
            self._desk.purse.add(spent_on(messages[self._before :], self._desk.kit.tools))


def why_ended(messages: Sequence[BaseMessage]) -> str | None:
    """Why an agent's work ended before it came to an answer; None if it did."""
    told = messages[-1].response_metadata
    if FAILED in told:
        return str(told[FAILED])
    return None if "usage" in told else "the steps of a round were used up"  # a limit's message, not a brain's


def _ending(why: str) -> AIMessage:
    return AIMessage("", response_metadata={FAILED: why})
