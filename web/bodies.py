"""What the API takes: the bodies of its requests, checked before anything is begun."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from graph.types import TYPES
from state.budget import Budget
from state.text import printable

B = TypeVar("B", bound="Body")


class Body(BaseModel):
    """An object whose fields may be left out, or be empty, which says the same. Descriptions say what is to be sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, given: Any) -> Any:
        return {name: value for name, value in given.items() if value not in (None, "", [], {})}


class Start(Body):
    """A run that is to begin."""

    goal: str = Field(default="", validate_default=True, description="text")
    type: str | None = Field(default=None, description=f"one of {', '.join(TYPES)}")
    policy: str | None = Field(default=None, description="the name or the file of a policy, as text")
    brain: str | None = Field(default=None, description="the name of a brain, as text")
    docs: list[str] | None = Field(default=None, description="a list of files and folders, each as text")
    db: str | None = Field(default=None, description="the URL of a database, as text")
    plan: Any = Field(default=None, description='an object with "tasks", a list of tasks, or either as text')
    budget: Budget | None = Field(default=None, description='an object such as {"seconds": 60}')
    thread_id: str | None = Field(default=None, description="the id of a thread, as text")

    @field_validator("goal")
    @classmethod
    def _says_something(cls, goal: str) -> str:
        if not goal.strip():
            raise ValueError("The goal is empty. Say what you want to know or have done.")
        return goal.strip()

    @field_validator("type")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in TYPES:
            raise ValueError(f"There is no type '{name}'; there are: {', '.join(TYPES)}.")
        return name

    @field_validator("docs", mode="before")
    @classmethod
    def _one_or_many(cls, given: Any) -> Any:
        return [given] if isinstance(given, str) else given

    @field_validator("plan")
    @classmethod
    def _may_be_a_plan(cls, given: Any) -> Any:
        if not isinstance(given, dict | list | str):
            raise ValueError(_needed("plan", cls.model_fields["plan"].description))
        return given

    @field_validator("thread_id")
    @classmethod
    def _can_be_asked_for(cls, name: str) -> str:
        if "/" in name or printable(name) != name:
            raise ValueError("The id of a thread can't have '/' in it, nor characters that nobody sees.")
        return name


class Resume(Body):
    """A thread that is to go on."""

    answers: dict[str, Any] | None = Field(default=None, description="an object: what is answered to which question")
    retry_failed: bool = Field(default=False, description="true or false")


def read(body: type[B], given: Any) -> B:
    """The body that was sent as JSON. Raises ValueError with a sentence that says what is to be sent."""
    if not isinstance(given, dict):
        raise ValueError("The request must be a JSON object.")
    try:
        return body.model_validate(given)
    except ValidationError as error:
        raise ValueError(_told(body, error.errors(include_url=False)[0])) from None


def _told(body: type[Body], problem: Any) -> str:
    name, *within = map(str, problem["loc"])
    if problem["type"] == "value_error":
        return str(problem["msg"]).removeprefix("Value error, ")
    if name not in body.model_fields:
        return f"There is no field '{printable(name)}'; there are: {', '.join(body.model_fields)}."
    where = f" ({'.'.join(within)}: {problem['msg']})" if within else ""
    return _needed(name, body.model_fields[name].description, where)


def _needed(name: str, what: str | None, where: str = "") -> str:
    return f"'{name}' can't be used{where}; send {what}."
