"""ToolSpec: a LangChain tool and what the orchestrator must know to use it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeAlias, get_type_hints, overload

from langchain_core.tools import BaseTool, StructuredTool

from state.check import BUILT_IN_SCHEMAS, parameters_of
from state.policy import Risk
from state.references import as_text
from state.roles import Role, roles_by_name
from tools.calling import Caller, injected
from tools.outcome import NO_CALL, Call, ToolFailure, ToolOutput, current_call
from tools.terms import check_terms

__all__ = [
    "NO_CALL", "UNKNOWN_TOOL_RISK", "AnyTool", "Call", "ToolFailure", "ToolOutput", "ToolSpec", "Toolbox",
    "current_call", "tool",
]  # fmt: skip

UNKNOWN_TOOL_RISK: Risk = "write"
AnyTool: TypeAlias = "BaseTool | ToolSpec | Callable[..., Any]"
"""What can be given as a tool: a LangChain tool, a ToolSpec, or a documented and annotated function."""


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

    def __post_init__(self) -> None:
        if not isinstance(self.tool, BaseTool):
            raise ValueError(f"{self.tool!r} is no LangChain tool; @tool makes one of a function")
        check_terms(self.name, {term: getattr(self, term) for term in _TERMS})

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
        metadata = tool.metadata or {}
        return cls(tool=tool, **{term: metadata[term] for term in _TERMS if term in metadata})

    async def call(self, args: Mapping[str, Any], config: Any = None) -> ToolOutput:
        """Call the tool once. Raises whatever it raises, but for what would end the process; that is a ToolFailure."""
        return await self._caller(args, config)

    @functools.cached_property
    def _caller(self) -> Caller:
        return Caller(self.tool)


_TERMS = tuple(term.name for term in fields(ToolSpec) if term.name != "tool")


class Toolbox(Mapping[str, ToolSpec]):
    """The tools of a run, by name. Raises ValueError for one that no plan could call."""

    def __init__(self, tools: Iterable[AnyTool] = ()) -> None:
        self._specs: dict[str, ToolSpec] = {}
        for spec in map(ToolSpec.of, tools):
            if spec.name in self._specs:
                raise ValueError(f"two tools are called '{spec.name}'; rename one")
            if spec.name in BUILT_IN_SCHEMAS:
                raise ValueError(f"a tool can't be called '{spec.name}': the name has a meaning in plans; rename it")
            if missing := injected(spec.tool):
                told = f"LangGraph's ToolNode would inject {', '.join(map(repr, missing))}, which nothing does here"
                raise ValueError(f"the tool '{spec.name}' can't be called: {told}; give it a default")
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


def _told(value: Any) -> str:
    """What a tool's caller reads of a value; one that is no JSON is told as Python tells it."""
    for told in (as_text, repr):
        with suppress(Exception):
            return told(value)
    return type(value).__name__


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
    name = name or function.__name__
    check_terms(name, terms)

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
        name=name,
        description=inspect.getdoc(function),
        response_format="content_and_artifact",
    )
    return ToolSpec(
        tool=made, risk=risk, trusted=trusted, idempotent=risk == "read" if idempotent is None else idempotent, **terms
    )
