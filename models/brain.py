"""The protocol between the nodes and whatever thinks for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeGuard, TypeVar, runtime_checkable

from langchain_core.messages import AnyMessage

from state.budget import Usage
from state.intent import Intent
from state.plan import Plan, Problem, Task
from state.result import Evidence, TaskResult
from state.verdict import Draft, Finding, Verdict
from tools.registry import ToolSpec

T = TypeVar("T")
OnText = Callable[[str], None]
OnTask = Callable[[Task], None]
EMBEDDED = "reflex"
"""The name of the brain that is built in, and calls no model."""


class BrainError(Exception):
    """Thinking failed for good: no brain of the chain could answer. The message is for a person.

    `usage`: what was spent all the same. `lasting`: asking again soon is pointless (a wrong key, no such server).
    """

    def __init__(self, message: str, *, usage: Usage | None = None, lasting: bool = False) -> None:
        super().__init__(message)
        self.usage = usage or Usage()
        self.lasting = lasting


@runtime_checkable
class Restartable(Protocol):
    """An `OnText` or `OnTask` that can be told that what it was given is void: a stream broke off, another brain takes
    over. Any function will do as either; what counts is the draft or the plan that comes of it in the end.
    """

    def restart(self) -> None:
        """What came before is void."""


def restart(reader: OnText | OnTask | None) -> None:
    """Tell the reader of a stream that what it was given is void, if it can be told."""
    if isinstance(reader, Restartable):
        reader.restart()


@dataclass(frozen=True)
class Thought(Generic[T]):
    """What a brain came to, what it cost, and what a person should know about how."""

    value: T
    usage: Usage = field(default_factory=Usage)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One step an agent took: the call, and what came back."""

    tool: str
    args: dict[str, Any]
    result: TaskResult


@dataclass(frozen=True)
class Action:
    """An agent's next move: a call, or its answer when `tool` is None."""

    tool: str | None = None
    args: dict[str, Any] = field(default_factory=dict)
    answer: Any = None
    reason: str = ""


@runtime_checkable
class Brain(Protocol):
    """One method per kind of thinking. All raise BrainError when they can't, and nothing else."""

    @property
    def name(self) -> str:
        """How the brain is named in reports: 'reflex', 'chat:gpt-4o-mini'."""

    async def parse_intent(self, goal: str, *, history: Sequence[AnyMessage] = ()) -> Thought[Intent]:
        """What kind of request `goal` is, restated so that it stands without the conversation."""

    async def decompose(
        self,
        intent: Intent,
        *,
        tools: Sequence[ToolSpec],
        problems: Sequence[Problem] = (),
        results: Mapping[str, TaskResult] | None = None,
    ) -> Thought[Plan]:
        """A plan for `intent` out of `tools`, 'model' and 'agent'. What is over documents or a database that the user
        named, and can't be read, is among the tools with its reason, `unavailable`.

        Beside those that can be used `tools` has those over what the user named that can't be read, with the reason
        as `unavailable`. `problems`: what is wrong with the plan tried before. `results`: what earlier tasks of
        this run came to, when it is planned anew because they weren't enough.
        """

    async def write(
        self,
        intent: Intent,
        *,
        evidence: Sequence[Evidence],
        feedback: Sequence[Finding] = (),
        history: Sequence[AnyMessage] = (),
        on_text: OnText | None = None,
    ) -> Thought[Draft]:
        """The answer, from `evidence` alone. A mark [n] cites `evidence[n - 1]`.

        `Draft.citations` may be left empty: the quotations are then chosen from the cited evidence.
        `feedback`: what was wrong with the draft before. `on_text` gets the text as it is written.
        """

    async def judge(self, intent: Intent, *, draft: Draft, evidence: Sequence[Evidence]) -> Thought[Verdict]:
        """Whether `draft` answers `intent`, after every deterministic check has passed."""

    async def complete(self, prompt: str, *, inputs: Mapping[str, Any], evidence: Sequence[Evidence]) -> Thought[Any]:
        """The value of a 'model' task: `prompt` applied to `inputs` (its other arguments, references
        resolved). `evidence`: what the tasks it reads brought back. None: the inputs don't hold it."""

    async def next_action(
        self, goal: str, *, tools: Sequence[ToolSpec], steps: Sequence[Step], prompt: str = ""
    ) -> Thought[Action]:
        """An agent's next move towards `goal`, after `steps`."""


@runtime_checkable
class StreamingPlanner(Protocol):
    """What a brain may do beside: hand out the tasks of a plan while it is still writing it."""

    async def stream_plan(
        self,
        intent: Intent,
        *,
        tools: Sequence[ToolSpec],
        problems: Sequence[Problem] = (),
        on_task: OnTask,
    ) -> Thought[Plan]:
        """As `Brain.decompose`; `on_task` gets each task once it is written, in the plan's order.

        The plan that is returned is what counts. When it is begun anew, `on_task` is told to `restart`, if it can be.
        """


def streams_plans(brain: object) -> TypeGuard[StreamingPlanner]:
    """Whether `brain` hands out the tasks of its plans. A `decompose` that was overridden alone has the last word."""
    if not isinstance(brain, StreamingPlanner) or "decompose" in getattr(brain, "__dict__", {}):
        return False
    members = (vars(cls) for cls in type(brain).__mro__)
    return "stream_plan" in next((own for own in members if {"decompose", "stream_plan"} & set(own)), {})
