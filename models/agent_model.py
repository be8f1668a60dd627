"""A brain as a LangChain chat model, so that LangChain's agents run on any brain, the embedded one included."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import BaseTool
from pydantic import Field

from models.brain import Action, Brain, Step, Thought
from state.budget import Usage
from state.record import storable
from state.references import as_text
from state.result import TaskError, TaskResult
from tools.registry import ToolOutput, ToolSpec

CALL_PREFIX = "c"


class AgentModel(BaseChatModel):
    """Thinks with a brain's `next_action`: messages in, one tool call or the answer out.

    The first human message is the goal, system messages are the prompt, and every tool call with its ToolMessage is a
    step that was taken. Calls are numbered in the order of the conversation: c1, c2, ... What a thought cost and what
    it noted is in the message's `response_metadata`, under 'usage' and 'notes'. Raises BrainError.
    """

    brain: Any = Field(exclude=True, repr=False, description="A models.brain.Brain.")
    known: Mapping[str, Any] = Field(default_factory=dict, exclude=True, repr=False, description="ToolSpecs by name.")
    bound: list[Any] = Field(default_factory=list, exclude=True, repr=False)

    @property
    def _llm_type(self) -> str:
        return "brain"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"brain": self.brain.name}

    def bind_tools(
        self, tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool], **_: Any
    ) -> AgentModel:
        """The same model with tools to choose from: LangChain tools, on the terms of `known` or their metadata."""
        unusable = [tool for tool in tools if not isinstance(tool, BaseTool)]
        if unusable:
            raise ValueError(f"a brain chooses among LangChain tools, and {unusable[0]!r} is none")
        specs = [self.known.get(tool.name) or ToolSpec.of(tool) for tool in tools if isinstance(tool, BaseTool)]
        return self.model_copy(update={"bound": specs})

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> ChatResult:
        brain: Brain = self.brain
        thought = await brain.next_action(
            goal_of(messages), tools=self.bound, steps=steps_of(messages), prompt=prompt_of(messages)
        )
        return ChatResult(generations=[ChatGeneration(message=_message(thought, next_call(messages)))])

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **options: Any,
    ) -> ChatResult:
        """As `_agenerate`, where no event loop runs."""
        return asyncio.run(self._agenerate(messages, stop, None, **options))


def goal_of(messages: Sequence[BaseMessage]) -> str:
    """What an agent was asked: the human messages, the goal first."""
    return "\n".join(str(message.text) for message in messages if isinstance(message, HumanMessage))


def prompt_of(messages: Sequence[BaseMessage]) -> str:
    """Who an agent is told to be."""
    return "\n\n".join(str(message.text) for message in messages if message.type == "system")


def steps_of(messages: Sequence[BaseMessage]) -> list[Step]:
    """The steps an agent has taken: each tool call that has come back, in order."""
    back = {message.tool_call_id: message for message in messages if isinstance(message, ToolMessage)}
    return [
        Step(call["name"], dict(call["args"]), result_of(back[call["id"] or ""]))
        for message in messages
        if isinstance(message, AIMessage)
        for call in message.tool_calls
        if call["id"] in back
    ]


def result_of(message: ToolMessage) -> TaskResult:
    """What a call came to: the TaskResult the message carries as its artifact, else made of its text."""
    if isinstance(message.artifact, dict) and "task" in message.artifact:
        return TaskResult.model_validate(message.artifact)
    result = TaskResult(task=message.tool_call_id, status="done", value=str(message.text), tool=message.name or "")
    if isinstance(message.artifact, ToolOutput):
        return result.model_copy(update={"value": message.artifact.value, "evidence": message.artifact.evidence})
    if message.status == "error":
        error = TaskError(kind="permanent", message=str(message.text))
        return result.model_copy(update={"status": "failed", "value": None, "error": error})
    return result


def next_call(messages: Sequence[BaseMessage]) -> str:
    """The id of an agent's next call: one more than the highest so far."""
    ids = [str(call["id"]) for message in messages if isinstance(message, AIMessage) for call in message.tool_calls]
    numbers = [int(one[1:]) for one in ids if one.startswith(CALL_PREFIX) and one[1:].isdigit()]
    return f"{CALL_PREFIX}{max(numbers, default=0) + 1}"


def cost_of(message: BaseMessage) -> tuple[Usage, list[str]]:
    """What the thought behind a message cost, and what it noted."""
    told = message.response_metadata
    return Usage.model_validate(told.get("usage") or {}), list(told.get("notes") or [])


def _message(thought: Thought[Action], call_id: str) -> AIMessage:
    action, usage = thought.value, thought.usage
    counted = UsageMetadata(
        input_tokens=usage.input_tokens, output_tokens=usage.output_tokens, total_tokens=usage.tokens
    )
    told = {"usage": usage.to_json(), "notes": list(thought.notes)}
    if action.tool is None:
        text = "" if action.answer is None else as_text(action.answer)
        return AIMessage(text, usage_metadata=counted, response_metadata=told)
    call = {"name": action.tool, "args": storable(dict(action.args)), "id": call_id}
    return AIMessage(action.reason, tool_calls=[call], usage_metadata=counted, response_metadata=told)
