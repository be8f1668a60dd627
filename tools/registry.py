"""ToolSpec: a LangChain tool and what the orchestrator must know to use it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeAlias, get_type_hints, overload

from langchain_core.tools import BaseTool, StructuredTool, Tool

from state.check import parameters_of
from state.policy import Risk
from state.references import as_text
from state.result import ErrorKind, Evidence
from state.roles import ROLES, Role, roles_by_name
from tools.threads import in_daemon_thread
from tools.unnamed import OF_THE_USER

UNKNOWN_TOOL_RISK: Risk = "write"
AnyTool: TypeAlias = "BaseTool | ToolSpec | Callable[..., Any]"
"""What can be given as a tool: a LangChain tool, a ToolSpec, or a documented and annotated function."""


class ToolFailure(Exception):
    """A tool's typed error. Any other exception counts as permanent, time-outs and lost connections as transient.

    `sent`: False if it is certain that nothing reached the receiver, so that a write may be tried again.
    """

    def __init__(
        self, message: str, *, kind: ErrorKind = "permanent", retry_after: float | None = None, sent: bool = True
    ) -> None:
        super().__init__(message)
        self.kind: ErrorKind = kind
        self.retry_after = retry_after
        self.sent = sent


@dataclass(frozen=True)
class ToolOutput:
    """What a tool returns when its evidence is more than its value: `value` is JSON."""

    value: Any
    evidence: list[Evidence] = field(default_factory=list)


@dataclass(frozen=True)
class Call:
    """The call a tool is serving, for tools that need more than their arguments."""

    key: str = ""
    thread_id: str = ""
    task: str = ""
    attempt: int = 1


NO_CALL = Call()
current_call: ContextVar[Call] = ContextVar("current_call", default=NO_CALL)
"""Inside a tool: the call being served; `current_call.get().key` is the idempotency key of an effect."""


@dataclass(frozen=True)
class ToolSpec:
    """A tool and the terms of its use.

    The defaults are those of an unknown tool: it may write, repeating it may do harm, and what
    it returns isn't trusted. `open_world`: its arguments choose whom it talks to, as a URL does, so
    that even a call that only reads can carry data away.

    `roles`: what each argument is to the call; whatever has none is treated as an address. `"by name"` tells them
    from the schema (`state.roles.roles_by_name`). `mints`: fields of its result that its own system assigns, and
    nobody who writes to it: an id. `picks_from`: arguments that it chooses one value from, by code, as the other
    arguments say.
    """

    tool: BaseTool
    risk: Risk = UNKNOWN_TOOL_RISK
    idempotent: bool = False
    trusted: bool = False
    timeout: float = 60.0
    retries: int = 2
    concurrency: int = 8
    rate: float | None = None
    cost: float = 0.0
    unavailable: str | None = None
    open_world: bool = False
    roles: Mapping[str, Role] | Literal["by name"] = field(default_factory=dict)
    mints: tuple[str, ...] = ()
    picks_from: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.tool.name

    @property
    def description(self) -> str:
        return self.tool.description

    @functools.cached_property
    def parameters(self) -> dict[str, Any]:
        """JSON schema of the arguments a model or a person may give."""
        return parameters_of(self.tool)

    @functools.cached_property
    def argument_roles(self) -> Mapping[str, Role]:
        """The role of each argument that has one."""
        return roles_by_name(self.parameters) if self.roles == "by name" else self.roles

    @classmethod
    def of(cls, tool: AnyTool) -> ToolSpec:
        """The spec of a tool; a plain tool's `metadata` may carry the spec's fields. Raises ValueError.

        A documented, annotated function is a tool too, an unknown one; `tool` below says more of it.
        """
        if isinstance(tool, ToolSpec):
            return tool
        if inspect.isroutine(tool):
            return _of_function(tool)
        if not isinstance(tool, BaseTool):
            raise ValueError(f"{tool!r} is no tool: give a LangChain tool, a ToolSpec, or a documented function")
        known = {f.name for f in fields(cls)} - {"tool"}
        terms = {name: value for name, value in (tool.metadata or {}).items() if name in known}
        if terms.get("risk", "read") not in ("read", "write", "irreversible"):
            raise ValueError(f"tool '{tool.name}': risk is 'read', 'write' or 'irreversible', not {terms['risk']!r}")
        roles = terms.get("roles", {})
        if roles != "by name" and not (isinstance(roles, Mapping) and set(roles.values()) <= set(ROLES)):
            said = f"roles is 'by name', or {', '.join(map(repr, ROLES))} for each argument"
            raise ValueError(f"tool '{tool.name}': {said}, not {roles!r}")
        return cls(tool=tool, **terms)

    async def call(self, args: Mapping[str, Any], config: Any = None) -> ToolOutput:
        """Call the tool once. Raises whatever it raises."""
        if self.tool.response_format == "content_and_artifact":
            request = {
                "type": "tool_call",
                "id": current_call.get().key or "call",
                "name": self.name,
                "args": dict(args),
            }
            message = await self._invoke(request, config)
            output = message.artifact if message.artifact is not None else message.content
        else:
            output = await self._invoke(dict(args), config)
        return output if isinstance(output, ToolOutput) else ToolOutput(output)

    async def _invoke(self, request: Any, config: Any) -> Any:
        if self._blocks:
            return await in_daemon_thread(lambda: self.tool.invoke(request, config))
        return await self.tool.ainvoke(request, config)

    @functools.cached_property
    def _blocks(self) -> bool:
        """Whether the tool has no way of its own to be awaited."""
        if isinstance(self.tool, Tool | StructuredTool):
            return self.tool.coroutine is None
        return type(self.tool)._arun is BaseTool._arun


class Toolbox(Mapping[str, ToolSpec]):
    """The tools of a run, by name."""

    def __init__(self, tools: Iterable[AnyTool] = ()) -> None:
        self._specs: dict[str, ToolSpec] = {}
        for spec in map(ToolSpec.of, tools):
            if spec.name in self._specs:
                raise ValueError(f"two tools are called '{spec.name}'; rename one")
            self._specs[spec.name] = spec

    def __getitem__(self, name: str) -> ToolSpec:
        return self._specs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)

    def available(self) -> list[ToolSpec]:
        """The tools that can be used here and now."""
        return [spec for spec in self._specs.values() if not spec.unavailable]

    def unreadable(self) -> list[ToolSpec]:
        """Those over documents or a database that the user named, and that can't be read."""
        own = [spec for name, spec in self._specs.items() if name in OF_THE_USER and spec.unavailable]
        return [spec for spec in own if spec.unavailable != OF_THE_USER[spec.name]]


def _told(value: Any) -> str:
    """What a tool's caller reads of a value; one that is no JSON is told as Python tells it."""
    try:
        return as_text(value)
    except (TypeError, ValueError, RecursionError):
        return repr(value)


def _of_function(function: Callable[..., Any]) -> ToolSpec:
    if not inspect.getdoc(function):
        raise ValueError(f"the function '{function.__name__}' can't be a tool: its docstring must say what it does")
    made: ToolSpec = tool(risk=UNKNOWN_TOOL_RISK)(function)
    return made


@overload
def tool(function: Callable[..., Any]) -> ToolSpec: ...


@overload
def tool(
    function: None = None,
    *,
    risk: Risk = "read",
    idempotent: bool | None = None,
    trusted: bool = False,
    name: str | None = None,
    **terms: Any,
) -> Callable[[Callable[..., Any]], ToolSpec]: ...


def tool(
    function: Callable[..., Any] | None = None,
    *,
    risk: Risk = "read",
    idempotent: bool | None = None,
    trusted: bool = False,
    name: str | None = None,
    **terms: Any,
) -> Any:
    """Make a tool of a documented, annotated function: the one thing to write to add a tool.

    The function may be sync (it then runs in a thread) or async, and returns any JSON value, or a
    ToolOutput with evidence. `terms` are further fields of ToolSpec. Reading is idempotent unless
    said otherwise.

        @tool(risk="read", trusted=True)
        def stock(article: str) -> int:
            \"\"\"How many of an article are in stock.\"\"\"
    """
    if function is None:
        return functools.partial(tool, risk=risk, idempotent=idempotent, trusted=trusted, name=name, **terms)

    def pack(output: Any) -> tuple[str, ToolOutput]:
        packed = output if isinstance(output, ToolOutput) else ToolOutput(output)
        return _told(packed.value), packed

    async def run_async(*args: Any, **kwargs: Any) -> tuple[str, ToolOutput]:
        return pack(await function(*args, **kwargs))

    def run(*args: Any, **kwargs: Any) -> tuple[str, ToolOutput]:
        return pack(function(*args, **kwargs))

    is_async = inspect.iscoroutinefunction(function)
    wrapped: Callable[..., Any] | Callable[..., Awaitable[Any]] = functools.wraps(function)(
        run_async if is_async else run
    )
    with suppress(Exception):  # LangChain reads them at every call; what can't be read now, it can't then
        wrapped.__annotations__ = get_type_hints(function, include_extras=True)
    made = StructuredTool.from_function(
        func=None if is_async else wrapped,
        coroutine=wrapped if is_async else None,
        name=name or function.__name__,
        description=inspect.getdoc(function),
        response_format="content_and_artifact",
    )
    return ToolSpec(
        tool=made, risk=risk, trusted=trusted, idempotent=risk == "read" if idempotent is None else idempotent, **terms
    )
