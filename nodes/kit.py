"""The kit: what the nodes of a graph work with. Built once with the graph, narrowed for each run."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from weakref import WeakValueDictionary

from langgraph.config import get_config
from langgraph.runtime import Runtime

from memory.journal import Journal
from models.brain import Brain
from nodes.guardrails import Guards
from nodes.streamed import stream_here
from state.context import RunContext
from state.policy import Policy
from state.run import RunState
from tools.registry import Toolbox


class NodeFunction(Protocol):
    """A step of a graph: reads the state, returns what changes in it."""

    def __call__(self, state: RunState, runtime: Runtime[RunContext]) -> Awaitable[dict[str, Any]]: ...


@dataclass(frozen=True)
class Kit:
    """A brain, the tools it may use, the policy they are used under, the journal of effects, and the guards."""

    brain: Brain
    tools: Toolbox
    policy: Policy
    journal: Journal
    concurrency: int = 16
    guards: Guards = field(default_factory=Guards)
    narrow: Callable[[Kit, RunContext], Awaitable[Kit]] | None = field(default=None, compare=False)

    async def for_run(self, runtime: Runtime[RunContext]) -> Kit:
        """The kit of one run: this one, with what the run's configuration overrides; made once in a stream."""
        kit = await self._narrowed(runtime.context)
        if _is_of_a_cron():
            return replace(kit, policy=kit.policy.model_copy(update={"attended": False}))
        return kit

    async def _narrowed(self, context: RunContext | None) -> Kit:
        if self.narrow is None or context is None:
            return self
        made = _by_stream.get(stream_here())
        if made is None:
            return await self.narrow(self, context)
        if made.base is not self or made.context != context:
            made.kit = await self.narrow(self, context)
            made.base, made.context = self, context
        return made.kit


class _Made:
    """The kit of the run that is being streamed, and what it was made of."""

    base: Kit | None = None
    context: RunContext | None = None
    kit: Kit


_by_stream: WeakValueDictionary[str, _Made] = WeakValueDictionary()
"""Each is held by its stream alone."""


@contextmanager
def made_once(stream: str) -> Iterator[None]:
    """As long as this lasts, the kit of that stream's run is made once: to make it may be to read many documents."""
    made = _Made()
    _by_stream[stream] = made
    yield


def _is_of_a_cron() -> bool:
    """Whether a LangGraph server's cron began the run: nobody is there, and a question would go with its thread."""
    try:
        return bool((get_config().get("configurable") or {}).get("cron_id"))
    except RuntimeError:
        return False


def thread_id_of(runtime: Runtime[RunContext]) -> str:
    """The thread a node runs in; '' outside of one."""
    info = runtime.execution_info
    if info is not None and info.thread_id:
        return str(info.thread_id)
    try:
        return str((get_config().get("configurable") or {}).get("thread_id") or "")
    except RuntimeError:
        return ""
