"""Calling a LangChain tool: what it is given, what is made of what it returns, and what it can't do to the process."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool, InjectedToolCallId, StructuredTool, Tool
from langgraph.types import Command
from pydantic import BaseModel

from tools.outcome import ToolFailure, ToolOutput, current_call, words_of
from tools.worker_threads import in_daemon_thread


class Caller:
    """Calls one tool, any number of times and at once.

    It works on a copy whose results LangChain doesn't make into messages, and whose errors stay errors: handed on as
    a result, as `handle_tool_error` has it, one would be quoted as evidence, or taken for an effect that was made.
    """

    def __init__(self, tool: BaseTool) -> None:
        self._format = tool.response_format
        self._blocks = _blocks(tool)
        self._tool = tool.model_copy(
            update={"response_format": "content", "handle_tool_error": False, "handle_validation_error": False}
        )
        vars(self._tool).update(_run=_packed(tool._run), _arun=_packed_async(tool._arun))

    async def __call__(self, args: Mapping[str, Any], config: Any = None) -> ToolOutput:
        """Raises whatever the tool raises, but for what would end the process; that is a ToolFailure."""
        call_id = current_call.get().key or "call"
        request = {"type": "tool_call", "id": call_id, "name": self._tool.name, "args": dict(args)}
        if self._blocks:
            returned = await in_daemon_thread(lambda: self._invoke(request, config))
        else:
            with _spared():
                returned = await self._tool.ainvoke(request, config)
        return _output(returned.value if isinstance(returned, _Returned) else returned, self._format)

    def _invoke(self, request: dict[str, Any], config: Any) -> Any:
        with _spared():
            return self._tool.invoke(request, config)


class _Returned(ToolOutput):
    """What a tool has returned, on its way through LangChain, which makes no text of it."""


def injected(tool: BaseTool) -> list[str]:
    """The arguments that a tool can't do without, and that only LangGraph's ToolNode would give it."""
    taken: Any = tool.get_input_schema()
    shown = getattr(tool.tool_call_schema, "model_fields", None)
    if shown is None or not issubclass(taken, BaseModel):
        return []
    return [
        name
        for name, field in taken.model_fields.items()
        if name not in shown and field.is_required() and not (tool.args_schema and _is_call_id(field.metadata))
    ]


def _is_call_id(marks: list[Any]) -> bool:
    return any(mark is InjectedToolCallId or isinstance(mark, InjectedToolCallId) for mark in marks)


def _blocks(tool: BaseTool) -> bool:
    """Whether a tool has no way of its own to be awaited."""
    if isinstance(tool, Tool | StructuredTool):
        return tool.coroutine is None
    return type(tool)._arun is BaseTool._arun


def _packed(work: Callable[..., Any]) -> Callable[..., _Returned]:
    @functools.wraps(work)
    def run(*args: Any, **kwargs: Any) -> _Returned:
        return _Returned(work(*args, **kwargs))

    return run


def _packed_async(work: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[_Returned]]:
    @functools.wraps(work)
    async def run(*args: Any, **kwargs: Any) -> _Returned:
        with _spared():  # LangChain runs this as a task of its own, and what ends that would end the event loop
            return _Returned(await work(*args, **kwargs))

    return run


@contextmanager
def _spared() -> Iterator[None]:
    """Around a tool's code: what would end the process is the call's failure.

    Not Ctrl-C, which in the main thread is real, nor a cancellation, nor the closing of a coroutine.
    """
    try:
        yield
    except (Exception, asyncio.CancelledError, GeneratorExit):
        raise
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
            raise
        code = "" if getattr(error, "code", None) is None else repr(getattr(error, "code", None))
        is_exit = isinstance(error, SystemExit)
        did = f"called sys.exit({code})" if is_exit else f"raised {type(error).__name__}: {words_of(error)}"
        raise ToolFailure(f"the tool {did}".removesuffix(": ")) from error


def _output(returned: Any, response_format: str) -> ToolOutput:
    content, artifact = returned, None
    if response_format == "content_and_artifact" and isinstance(returned, tuple) and len(returned) == 2:
        content, artifact = returned
    output = _meant(content) if artifact is None else artifact
    return output if isinstance(output, ToolOutput) else ToolOutput(output)


def _meant(content: Any) -> Any:
    """The value in a message, or in the messages of a command to LangGraph, which nothing here obeys.

    Raises ToolFailure where the message says that it is an error.
    """
    if isinstance(content, ToolMessage):
        if content.status == "error":
            raise ToolFailure(str(content.text))
        if content.artifact is not None:
            return content.artifact
        blocks = content.content if isinstance(content.content, list) else []
        is_text = all(isinstance(block, str) or block.get("type") == "text" for block in blocks)
        return str(content.text) if is_text else blocks
    if isinstance(content, Command):
        update = content.update
        messages = update.get("messages") if isinstance(update, Mapping) else None
        several = messages if isinstance(messages, list | tuple) else [messages]
        told = [_meant(one) for one in several if isinstance(one, ToolMessage)]
        return told[0] if len(told) == 1 else told or update
    if isinstance(content, list) and content and all(isinstance(one, ToolMessage | Command) for one in content):
        return [_meant(one) for one in content]
    return content
