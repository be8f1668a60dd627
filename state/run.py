"""What goes into a run, what flows through it, and what comes out."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from langchain_core.messages import AnyMessage
from langgraph.channels import DeltaChannel
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from state.agenda import Todo
from state.budget import Budget, Usage
from state.forms import optional_as_given
from state.intent import Intent
from state.plan import Plan, Problem
from state.record import Record
from state.reducers import append_messages
from state.result import Citation, TaskResult
from state.verdict import Draft, Verdict
from state.versions import STATE_VERSION

PlanSource = Literal["caller", "brain", "person", "replan"]
"""Who made the plan; 'replan': a brain, after it had read untrusted text."""
StopReason = Literal["answered", "not_found", "partial", "budget", "rounds", "refused", "declined", "failed"]


def _form(schema: dict[str, Any]) -> None:
    optional_as_given(schema)
    schema["required"] = ["goal"]  # without one, `clean_input` says so in a sentence of its own


class RunInput(BaseModel):
    """A goal, and little else."""

    model_config = ConfigDict(title="Goal", json_schema_extra=_form)

    goal: str = Field(
        default="",
        title="Goal",
        description="What you want to know or have done, in your own words.",
        examples=["How old must a senator be, and how old a president?", "What is 17 % of 240?"],
    )
    plan: Plan | None = Field(
        default=None,
        title="Plan",
        description="A plan of your own; leave it out to have one made.",
        examples=[{"tasks": [{"id": "t1", "tool": "calculate", "args": {"expression": "0.17 * 240"}}]}],
    )
    budget: Budget | None = Field(
        default=None,
        title="Budget",
        description="Upper bounds of what the run may spend; leave it out for none.",
        examples=[{"seconds": 60, "tool_calls": 20}],
    )


class Rounds(Record):
    """How often each loop of the graph has been taken in this run."""

    clarify: int = 0
    repair: int = 0
    rewrite: int = 0
    rerun: int = 0
    replan: int = 0
    act: int = Field(default=0, description="Rounds of an agent's work on its goal.")

    @property
    def refinements(self) -> int:
        return self.rewrite + self.rerun + self.replan


class RunReport(Record):
    """Where the time and the money went."""

    thread_id: str = ""
    brain: str = ""
    started: float = 0.0
    ended: float = 0.0
    usage: Usage = Field(default_factory=Usage)
    rounds: Rounds = Field(default_factory=Rounds)
    critical_path: list[str] = Field(default_factory=list, description="Task ids of the longest chain.")
    critical_seconds: float = 0.0
    notes: list[str] = Field(default_factory=list, description="Fallbacks taken, bounds reached, guards that spoke.")

    def _repr_html_(self) -> str:
        from state.display import report

        return report(self)


class RunState(TypedDict, total=False):
    """The channels of a run. All but `messages` are of the current goal and start anew with the next."""

    version: int
    run_key: str
    goal: str
    budget: Budget
    messages: Annotated[list[AnyMessage], DeltaChannel(append_messages, snapshot_frequency=100)]
    intent: Intent | None
    plan: Plan | None
    plan_source: PlanSource
    approved: bool
    problems: list[Problem]
    results: dict[str, TaskResult]
    ahead: dict[str, TaskResult]
    agenda: list[Todo]
    draft: Draft | None
    verdict: Verdict | None
    rounds: Rounds
    usage: Usage
    notes: list[str]
    started: float
    answer: str
    citations: list[Citation]
    stop_reason: StopReason | None
    report: RunReport | None


class RunOutput(TypedDict, total=False):
    """What a caller gets back, and what a server streams as it changes: so the conversation and the plan too."""

    messages: Annotated[list[AnyMessage], DeltaChannel(append_messages, snapshot_frequency=100)]
    plan: Plan | None
    answer: str
    citations: list[Citation]
    results: dict[str, TaskResult]
    verdict: Verdict | None
    stop_reason: StopReason | None
    report: RunReport | None


def fresh_run(goal: str, *, plan: Plan | None, budget: Budget, run_key: str, started: float) -> dict[str, Any]:
    """The values that begin a run, so that nothing of the goal before is left over."""
    return {
        "version": STATE_VERSION,
        "run_key": run_key,
        "goal": goal,
        "budget": budget,
        "intent": None,
        "plan": plan,
        "plan_source": "caller" if plan else "brain",
        "approved": False,
        "problems": [],
        "results": {},
        "ahead": {},
        "agenda": [],
        "draft": None,
        "verdict": None,
        "rounds": Rounds(),
        "usage": Usage(),
        "notes": [],
        "started": started,
        "answer": "",
        "citations": [],
        "stop_reason": None,
        "report": None,
    }
