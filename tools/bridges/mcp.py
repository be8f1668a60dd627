"""MCP servers as tools: `mcp_tools({"files": {"transport": "stdio", "command": "...", "args": [...]}})`.

Needs the extra `mcp`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from langchain_core.tools import BaseTool, StructuredTool, ToolException

from state.check import parameters_of
from state.policy import Risk
from state.result import ErrorKind, Evidence
from tools.bridges.foreign import foreign_tool, tool_name
from tools.outcome import was_sent
from tools.registry import UNKNOWN_TOOL_RISK, ToolFailure, ToolOutput, ToolSpec

_NO_ANSWER = (-32000, 408)
"""Codes that the client gives to a connection that was closed, and to one on which nothing came in time."""
_UNFIT = "structured content"
"""In what the client says of an answer that doesn't fit the tool's schema."""
_INSTALL = "the package langchain-mcp-adapters isn't installed; install orchestration-layer[mcp]"


async def mcp_tools(
    servers: Mapping[str, Mapping[str, Any]], *, timeout: float = 20.0, trust_hints: bool = True
) -> list[ToolSpec]:
    """The tools of MCP servers, named 'server_tool'.

    `servers`: connections by name, as langchain-mcp-adapters takes them: {"command", "args"} for a program to start,
    {"url"} for a server that runs; without "transport" it is stdio or streamable_http. `timeout`: seconds for a server
    to list its tools.

    What a server says of its tools is a hint: readOnlyHint makes a tool `read`, destructiveHint `irreversible`,
    idempotentHint lets it be repeated; without `trust_hints` every tool is unknown: `write`, and not repeated. What a
    tool returns is never trusted. A server that doesn't answer is one entry with the reason in `unavailable`. Each call
    opens a session of its own.
    """
    listed = await asyncio.gather(*(_tools_of(name, dict(to), timeout, trust_hints) for name, to in servers.items()))
    return [spec for specs in listed for spec in specs]


async def _tools_of(server: str, connection: dict[str, Any], timeout: float, trust_hints: bool) -> list[ToolSpec]:
    connection.setdefault("transport", "streamable_http" if "url" in connection else "stdio")
    try:
        async with asyncio.timeout(timeout):
            load = await asyncio.to_thread(_loader)
            tools = await load(None, connection=connection, server_name=server, handle_tool_errors=False)
    except ImportError:
        return [_absent(server, _INSTALL)]
    except TimeoutError:
        return [_absent(server, f"the MCP server '{server}' didn't list its tools within {timeout:g} s")]
    except Exception as error:
        reason = f"the MCP server '{server}' can't be reached: {_told(_first_cause(error))}"
        return [_absent(server, reason)]
    return [_spec(server, tool, trust_hints) for tool in tools]


def _loader() -> Any:
    from langchain_mcp_adapters.tools import load_mcp_tools

    return load_mcp_tools


def _spec(server: str, tool: BaseTool, trust_hints: bool) -> ToolSpec:
    hints = (tool.metadata or {}) if trust_hints else {}
    risk = _risk(hints)

    async def call(arguments: dict[str, Any]) -> ToolOutput:
        return await _call(server, tool, arguments)

    return foreign_tool(
        f"{server}_{tool.name}",
        tool.description or f"The tool '{tool.name}' of the MCP server '{server}'.",
        parameters_of(tool),
        call,
        risk=risk,
        idempotent=risk == "read" or bool(hints.get("idempotentHint")),
    )


def _risk(hints: Mapping[str, Any]) -> Risk:
    if hints.get("readOnlyHint"):
        return "read"
    if hints.get("destructiveHint"):
        return "irreversible"
    return UNKNOWN_TOOL_RISK


async def _call(server: str, tool: BaseTool, arguments: dict[str, Any]) -> ToolOutput:
    request: dict[str, Any] = {"type": "tool_call", "id": "call", "name": tool.name, "args": arguments}
    try:
        message = await tool.ainvoke(request)
    except ToolException as error:
        raise ToolFailure(f"'{tool.name}' of the MCP server '{server}' failed: {error}") from error
    except (OSError, ExceptionGroup) as error:
        cause = _first_cause(error)
        never_began = isinstance(cause, FileNotFoundError | PermissionError)
        reason = f"the connection to the MCP server '{server}' broke: {_told(cause)}"
        raise ToolFailure(reason, kind="transient", sent=not never_began and was_sent(cause)) from error
    except Exception as error:
        raise _unanswered(f"'{tool.name}' of the MCP server '{server}'", error) from error
    text = _text(message.content)
    structured = (message.artifact or {}).get("structured_content")
    # A server wraps what is no object as {"result": ...}.
    value = structured["result"] if isinstance(structured, dict) and set(structured) == {"result"} else structured
    evidence = (
        [Evidence(text=text, source=f"{server}: {tool.name}", kind="text", trusted=False)] if text.strip() else []
    )
    return ToolOutput(text if structured is None else value, evidence)


def _unanswered(tool: str, error: Exception) -> ToolFailure:
    """What to make of an answer that is an error of the protocol, or can't be read: one that is no answer, or can't be
    told for one, leaves open what the server has done."""
    code = getattr(getattr(error, "error", None), "code", None)
    if code is not None and code not in _NO_ANSWER:
        return ToolFailure(f"{tool} failed: {error}")
    told = "gave no answer" if code is not None else "gave an answer that can't be read"
    is_answer = isinstance(error, NotImplementedError) or _UNFIT in str(error)
    kind: ErrorKind = "permanent" if is_answer else "transient"
    return ToolFailure(f"{tool} {told}: {_told(error)}", kind=kind, done=is_answer)


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts: list[str] = []
    for block in content:
        if isinstance(block, str):
            parts.append(block)
        elif block.get("type") == "text":
            parts.append(str(block["text"]))
        else:
            parts.append(f"[{block.get('type', 'block')} {block.get('mime_type', '')}]".replace(" ]", "]"))
    return "\n".join(parts)


def _absent(server: str, reason: str) -> ToolSpec:
    """The entry of a server whose tools aren't known."""

    async def call() -> str:
        raise ToolFailure(reason, kind="transient", sent=False)

    made = StructuredTool.from_function(
        coroutine=call, name=tool_name(f"{server}_tools"), description=f"The tools of the MCP server '{server}'."
    )
    return ToolSpec(tool=made, unavailable=reason)


def _first_cause(error: BaseException) -> BaseException:
    """The first plain error in nested groups of exceptions, as anyio raises them."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
