"""A chain of brains: where one fails, the next thinks."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from langgraph.errors import GraphBubbleUp

from models.brain import Action, Brain, BrainError, OnTask, OnText, Step, Thought, restart, streams_plans
from state.budget import Usage
from state.intent import Intent
from state.plan import Plan, Problem
from state.result import Evidence, TaskResult
from state.verdict import Draft, Finding, Verdict
from tools.breaker import Breaker
from tools.registry import ToolSpec

if TYPE_CHECKING:
    from langchain_core.messages import AnyMessage

T = TypeVar("T")
REJECTIONS = 2
"""Plans with problems, or drafts with findings, after which the next brain of the chain is asked."""
_MOST_REMEMBERED = 256


class FallbackBrain:
    """Asks each of `brains` in turn until one can answer; notes who couldn't, and why.

    A brain whose plan had problems, or whose draft had findings, for the second time on the same intent is passed
    over for that step. The last brain is always asked, whatever its breaker says. Raises BrainError when every
    brain failed, with the usage of all.
    """

    def __init__(
        self,
        brains: Sequence[Brain],
        *,
        failures: int = 3,
        cool_down: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not brains:
            raise ValueError("a chain of brains needs at least one")
        self.brains = tuple(brains)
        self._breakers = [Breaker(failures, cool_down, clock) for _ in brains]
        self._rejections: OrderedDict[str, int] = OrderedDict()

    @property
    def name(self) -> str:
        """The name of the first brain of the chain."""
        return self.brains[0].name

    async def parse_intent(self, goal: str, *, history: Sequence[AnyMessage] = ()) -> Thought[Intent]:
        """See Brain."""
        return await self._first(lambda brain: brain.parse_intent(goal, history=history), Intent)

    async def decompose(
        self,
        intent: Intent,
        *,
        tools: Sequence[ToolSpec],
        problems: Sequence[Problem] = (),
        results: Mapping[str, TaskResult] | None = None,
    ) -> Thought[Plan]:
        """See Brain."""
        start = self._passed_over("plan", intent, any(problem.code != "rejected" for problem in problems))
        return await self._first(
            lambda brain: brain.decompose(intent, tools=tools, problems=problems, results=results),
            Plan,
            start,
            f"its plan had problems {REJECTIONS} times",
        )

    async def stream_plan(
        self, intent: Intent, *, tools: Sequence[ToolSpec], problems: Sequence[Problem] = (), on_task: OnTask
    ) -> Thought[Plan]:
        """See StreamingPlanner. A brain that can't hand out tasks hands out the plan alone."""

        def plan(brain: Brain) -> Awaitable[Thought[Plan]]:
            if streams_plans(brain):
                return brain.stream_plan(intent, tools=tools, problems=problems, on_task=on_task)
            return brain.decompose(intent, tools=tools, problems=problems)

        start = self._passed_over("plan", intent, any(problem.code != "rejected" for problem in problems))
        return await self._first(
            plan, Plan, start, f"its plan had problems {REJECTIONS} times", lambda: restart(on_task)
        )

    async def write(
        self,
        intent: Intent,
        *,
        evidence: Sequence[Evidence],
        feedback: Sequence[Finding] = (),
        history: Sequence[AnyMessage] = (),
        on_text: OnText | None = None,
    ) -> Thought[Draft]:
        """See Brain. When a brain fails in the middle, `on_text` is told to restart if it can be (see Restartable)."""
        start = self._passed_over("draft", intent, bool(feedback))
        return await self._first(
            lambda brain: brain.write(intent, evidence=evidence, feedback=feedback, history=history, on_text=on_text),
            Draft,
            start,
            f"its draft was refused {REJECTIONS} times",
            lambda: restart(on_text),
        )

    async def judge(self, intent: Intent, *, draft: Draft, evidence: Sequence[Evidence]) -> Thought[Verdict]:
        """See Brain."""
        return await self._first(lambda brain: brain.judge(intent, draft=draft, evidence=evidence), Verdict)

    async def complete(self, prompt: str, *, inputs: Mapping[str, Any], evidence: Sequence[Evidence]) -> Thought[Any]:
        """See Brain."""
        return await self._first(lambda brain: brain.complete(prompt, inputs=inputs, evidence=evidence))

    async def next_action(
        self, goal: str, *, tools: Sequence[ToolSpec], steps: Sequence[Step], prompt: str = ""
    ) -> Thought[Action]:
        """See Brain."""
        return await self._first(lambda brain: brain.next_action(goal, tools=tools, steps=steps, prompt=prompt), Action)

    def _passed_over(self, step: Literal["plan", "draft"], intent: Intent, rejected: bool) -> int:
        """How many brains of the chain are passed over for a step, from how often its outcome was rejected.

        Counted in this process only: after a restart a brain merely gets another try.
        """
        key = f"{step} {intent.model_dump_json()}"
        count = self._rejections.pop(key, 0) + 1 if rejected else 0
        if count:
            self._rejections[key] = count
            if len(self._rejections) > _MOST_REMEMBERED:
                self._rejections.popitem(last=False)
        return min(count // REJECTIONS, len(self.brains) - 1)

    async def _first(
        self,
        think: Callable[[Brain], Awaitable[Thought[T]]],
        kind: type[T] | None = None,
        start: int = 0,
        why: str = "",
        before_next: Callable[[], None] = lambda: None,
    ) -> Thought[T]:
        """The first thought that a brain from `start` on comes to, the cost of the failed ones added."""
        usage = Usage()
        reasons = [f"{brain.name}: {why}" for brain in self.brains[:start]]
        failed: BrainError | None = None
        for position in range(start, len(self.brains)):
            brain, breaker = self.brains[position], self._breakers[position]
            if breaker.left and position < len(self.brains) - 1:
                reasons.append(f"{brain.name} unavailable: {breaker.reason}")
                continue
            if failed is not None:
                before_next()
            try:
                with breaker.trying():
                    thought = _checked(await think(brain), kind)
            except GraphBubbleUp:
                raise
            except Exception as error:
                failed = error if isinstance(error, BrainError) else _broken(brain, error)
                usage += failed.usage
                breaker.failed(str(failed), lasting=failed.lasting)
                reasons.append(f"{brain.name} unavailable: {failed}")
                continue
            breaker.succeeded()
            notes = (*(f"{reason}; used {brain.name}" for reason in reasons), *thought.notes)
            return Thought(thought.value, usage + thought.usage, notes)
        if failed is None:  # cannot be: the last brain is always asked
            raise BrainError("no brain could be asked")
        raise BrainError(str(failed) if len(self.brains) == 1 else "; ".join(reasons), usage=usage)


def _checked(thought: Thought[T], kind: type[T] | None) -> Thought[T]:
    """A thought whose value is of its `kind` (None: any). Raises TypeError for what a brain must not return."""
    if not isinstance(thought, Thought):
        raise TypeError(f"it returned {type(thought).__name__}, not a Thought")
    if kind is not None and not isinstance(thought.value, kind):
        raise TypeError(f"it thought of {type(thought.value).__name__}, not of {kind.__name__}")
    return thought


def _broken(brain: Brain, error: Exception) -> BrainError:
    """What a brain breaks its promise with counts as a failure to think; its trace goes to the log."""
    logging.getLogger(__name__).error("the brain '%s' broke", brain.name, exc_info=error)
    told = str(error).strip().partition("\n")[0][:300]
    return BrainError(f"the brain '{brain.name}' broke: {type(error).__name__}" + (f": {told}" if told else ""))
