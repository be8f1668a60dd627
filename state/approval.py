"""Questions to a person and their answers, in LangChain's human-in-the-loop shapes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, Literal, NotRequired, TypedDict

from langgraph.types import interrupt
from pydantic import Field, ValidationError, field_validator, model_validator

from state.check import argument_errors
from state.record import Record
from state.result import Origin

DecisionType = Literal["approve", "edit", "reject", "respond"]
QuestionKind = Literal["approval", "plan", "clarify", "question", "in_doubt"]
_LONGEST_SHOWN = 4000
_ANSWERED_BY_TEXT: frozenset[QuestionKind] = frozenset({"clarify", "question"})


class ActionRequest(TypedDict):
    """The action a person is asked about."""

    name: str
    args: dict[str, Any]
    description: str


class ReviewConfig(TypedDict):
    """How the action may be answered."""

    action_name: str
    allowed_decisions: list[DecisionType]
    args_schema: NotRequired[dict[str, Any]]


class Question(TypedDict):
    """What an interrupt carries: LangChain's request, and what a person needs to decide well."""

    action_requests: list[ActionRequest]
    review_configs: list[ReviewConfig]
    kind: QuestionKind
    task: str | None
    reason: str
    provenance: dict[str, dict[str, Any]]
    expires_at: float | None


class BadAnswer(ValueError):
    """An answer that doesn't fit its question; the question stays open. `problems`: what is wrong, without the form."""

    def __init__(self, problems: str, form: str = "") -> None:
        super().__init__(f"{problems}. {form}" if form else problems)
        self.problems = problems


class EditedAction(Record):
    """The action as a person wants it instead."""

    name: str | None = None
    args: dict[str, Any]


class HumanDecision(Record):
    """One person's answer to one action."""

    type: DecisionType
    edited_action: EditedAction | None = None
    message: str | None = Field(default=None, description="Why rejected, or the response.")

    @model_validator(mode="before")
    @classmethod
    def _flat_edit(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("type") == "edit" and "args" in value and "edited_action" not in value:
            return {"type": "edit", "edited_action": {"name": value.get("name"), "args": value["args"]}}
        return value

    @model_validator(mode="after")
    def _edit_has_action(self) -> HumanDecision:
        if self.type == "edit" and self.edited_action is None:
            raise ValueError("an edit needs edited_action: {name, args}")
        return self


class HumanResponse(Record):
    """The response to an interrupt. Text alone responds to a question; a lone decision needs no list."""

    decisions: list[HumanDecision] = Field(min_length=1)
    who: str | None = Field(default=None, description="Who decided, if the answer is passed on for somebody.")

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"decisions": [{"type": "respond", "message": value}]}
        if isinstance(value, list):
            return {"decisions": value}
        if isinstance(value, dict) and "decisions" not in value and "type" in value:
            return {"decisions": [value]}
        return value


def question(
    kind: QuestionKind,
    *,
    name: str,
    args: dict[str, Any],
    description: str,
    allowed: list[DecisionType],
    reason: str,
    task: str | None = None,
    args_schema: dict[str, Any] | None = None,
    origins: dict[str, Origin] | None = None,
    expires_at: float | None = None,
) -> Question:
    """The value of an interrupt that asks a person."""
    config = ReviewConfig(action_name=name, allowed_decisions=allowed)
    if args_schema:
        config["args_schema"] = args_schema
    return Question(
        action_requests=[ActionRequest(name=name, args=args, description=description)],
        review_configs=[config],
        kind=kind,
        task=task,
        reason=reason,
        provenance={
            argument: {"value": _bounded(args.get(argument)), "trusted": origin.trusted, "sources": origin.sources}
            for argument, origin in (origins or {}).items()
        },
        expires_at=expires_at,
    )


Check = Callable[[HumanResponse], str | None]
"""What is wrong with a response beyond its shape; None if nothing is."""


def response_schema(asked: Question, check: Check | None = None) -> type[HumanResponse]:
    """The type of the responses that `asked` allows, for `interrupt(asked, response_schema=...)`."""

    class Response(HumanResponse):
        @model_validator(mode="before")
        @classmethod
        def _decides_in_words(cls, value: Any) -> Any:
            # 'no' would count as what the action came to.
            if isinstance(value, str) and asked["kind"] not in _ANSWERED_BY_TEXT:
                raise ValueError("text alone answers a question; here a decision is needed")
            return value

        @field_validator("decisions")
        @classmethod
        def _of_the_kinds_shown(cls, given: list[HumanDecision]) -> list[HumanDecision]:
            return [_of_the_kinds_shown(asked, decision) for decision in given]

        @model_validator(mode="after")
        def _fits_the_question(self) -> Response:
            if problem := _misfit(asked, self) or (check(self) if check else None):
                raise ValueError(problem)
            return self

    Response.__name__ = Response.__qualname__ = "HumanResponse"
    return Response


Answered = list[tuple[Question, HumanResponse]]
_answered: ContextVar[Answered | None] = ContextVar("answered", default=None)


@contextmanager
def answers() -> Iterator[Answered]:
    """Within it every question that is answered is noted, for a record of what was shown and decided."""
    noted: Answered = []
    token = _answered.set(noted)
    try:
        yield noted
    finally:
        _answered.reset(token)


def ask_person(asked: Question, check: Check | None = None) -> HumanResponse:
    """Interrupt the run with a question, and return the response once there is one.

    Raises BadAnswer for a response that doesn't fit, which is then not kept: the question stays
    open. Raises LangGraph's GraphInterrupt while there is no response.
    """
    try:
        response: HumanResponse = interrupt(dict(asked), response_schema=response_schema(asked, check))
    except ValidationError as error:
        problems = "; ".join(str(detail["msg"]).removeprefix("Value error, ") for detail in error.errors()[:3])
        allowed = " | ".join(map(repr, asked["review_configs"][0]["allowed_decisions"]))
        raise BadAnswer(problems, f"An answer looks like {{'decisions': [{{'type': {allowed}}}]}}") from None
    if (noted := _answered.get()) is not None:
        noted.append((asked, response))
    return response


def _of_the_kinds_shown(asked: Question, decision: HumanDecision) -> HumanDecision:
    """A decision whose edited arguments are JSON again where a form has made text of them.

    Interfaces such as agent-chat-ui show every argument in a field of text, and send what stands there.
    """
    if decision.edited_action is None:
        return decision
    shown, args = asked["action_requests"][0]["args"], dict(decision.edited_action.args)
    for name, value in args.items():
        if isinstance(value, str) and name in shown and not isinstance(shown[name], str):
            with suppress(ValueError):
                args[name] = json.loads(value)
    return decision.model_copy(update={"edited_action": decision.edited_action.model_copy(update={"args": args})})


def _misfit(asked: Question, response: HumanResponse) -> str | None:
    if len(response.decisions) != 1:
        return f"one action is asked about, {len(response.decisions)} decisions were given"
    made, allowed = response.decisions[0], asked["review_configs"][0]["allowed_decisions"]
    if made.type not in allowed:
        return f"'{made.type}' isn't possible here; possible: {', '.join(allowed)}"
    if made.type == "respond" and made.message is None:
        return "a response needs a message"
    action = asked["action_requests"][0]["name"]
    if made.edited_action and made.edited_action.name not in (None, action):
        return f"the tool can't be changed here, only its arguments: '{action}' is asked about"
    schema = asked["review_configs"][0].get("args_schema")
    if made.edited_action and schema and (problems := argument_errors(made.edited_action.args, schema, resolved=True)):
        return f"the edited arguments don't fit: {'; '.join(problems)}"
    return None


def _bounded(value: Any) -> Any:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return value if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + " …"
