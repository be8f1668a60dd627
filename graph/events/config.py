"""The file that says which events there are and what is to be done about them."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from graph.plans import load_plan
from memory.queued import Strategy
from state import references
from state.budget import Budget
from state.plan import Plan
from state.task import EVENT, Task


class ConfigError(ValueError):
    """A file of events that can't be used. The message says where and what to do."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Configured(_Model):
    """What the runs of a source are configured with, and how its events compete."""

    name: str = ""
    docs: list[Path] = Field(default_factory=list, description="Files and folders to search.")
    db: str | None = Field(default=None, description="Database to query.")
    brain: Literal["reflex", "chat"] | None = None
    model: str | None = None
    policy: str | None = Field(default=None, description="'default', 'ask', 'auto' or a TOML file.")
    budget: Budget | None = None
    strategy: Strategy = Field(default="enqueue", description="What an event does while its key is busy.")

    @field_validator("docs", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


class Source(_Configured):
    """What is to be done about an event. Goal and plan are the user's own words; `{{event.data.NAME}}` in them stands
    for what an event says.
    """

    goal: str = Field(min_length=1, description="What is to be done about an event.")
    plan: Path | None = Field(default=None, description="A file with a plan, JSON or TOML; or give `tasks`.")
    tasks: list[Task] = Field(default_factory=list, description="The plan itself; with neither, one is made.")
    key: str = Field(
        default="", description="What an event is about, as '{{event.data.repository}}': one run of a key at a time."
    )
    debounce: float = Field(default=0.0, ge=0, le=3600, description="Seconds without a further event before it starts.")

    @field_validator("goal", "key")
    @classmethod
    def _refers_to_the_event(cls, value: str) -> str:
        for reference in references.find(value):
            if reference.root != EVENT:
                raise ValueError(f"'{{{{{reference.text}}}}}' must refer to the event, as '{{{{event.data.path}}}}'")
        return value

    @model_validator(mode="after")
    def _one_plan(self) -> Source:
        if self.plan is not None and self.tasks:
            raise ValueError("give `plan` or `tasks`, not both")
        return self

    def given_plan(self) -> Plan | None:
        """The plan of the file or of `tasks`; None: one is to be made. Raises ConfigError."""
        try:
            plan = Plan(tasks=self.tasks) if self.tasks else load_plan(self.plan) if self.plan else None
        except ValueError as error:
            raise ConfigError(f"source '{self.name}': {error}") from None
        if plan is not None and any(task.id == EVENT for task in plan.tasks):
            raise ConfigError(f"source '{self.name}': no task can be called 'event': that is what started the run")
        return plan


class ScheduleSource(Source):
    """At times, as cron says them."""

    type: Literal["schedule"]
    cron: str = Field(description="As '0 7 * * mon-fri': minute, hour, day, month, weekday; or with seconds, six.")
    timezone: str = Field(default="UTC", description="As 'Europe/Berlin'.")
    missed: Literal["latest", "all", "skip"] = Field(
        default="latest", description="What is made up for, of the times that passed while nothing ran."
    )

    @field_validator("cron")
    @classmethod
    def _is_cron(cls, value: str) -> str:
        from datetime import UTC, datetime

        from cronsim import CronSim, CronSimError

        try:
            next(CronSim(value, datetime.now(UTC)))
        except (CronSimError, StopIteration) as error:
            told = str(error) or "there is no such time"
            raise ValueError(f"'{value}' is no cron expression ({told}); as in '30 7 * * mon-fri'") from None
        return value

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ValueError, OSError, KeyError):
            raise ValueError(f"there is no time zone '{value}'; as in 'Europe/Berlin'") from None
        return value


class WebhookSource(Source):
    """Requests `POST /hooks/NAME`, signed as https://www.standardwebhooks.com says."""

    type: Literal["webhook"]
    secret_env: str = Field(description="Name of the environment variable with the secret; several, space-separated.")
    tolerance: float = Field(default=300.0, gt=0, le=3600, description="Seconds a request's time may be off.")
    largest: int = Field(default=200_000, ge=1, le=200_000, description="Bytes a request may have.")

    def secrets(self) -> list[str]:
        """The secrets, the current ones and those being phased out. Raises ConfigError."""
        return _from_environment(self.name, self.secret_env).split()


class FilesSource(Source):
    """Files that are added, changed or removed; with `match`, lines that are added to them."""

    type: Literal["files"]
    paths: list[Path] = Field(min_length=1, description="Folders, or files.")
    pattern: str = Field(default="*", description="Of the names of the files, as '*.log'.")
    changes: list[Literal["added", "modified", "deleted"]] = Field(default=["added", "modified"], min_length=1)
    match: str | None = Field(
        default=None, description="A regular expression: an event only when lines are added that it is found in."
    )

    @field_validator("paths", mode="before")
    @classmethod
    def _path_or_paths(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("match")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"'{value}' is no regular expression: {error}") from None
        return value

    @model_validator(mode="after")
    def _keeps_lines(self) -> FilesSource:
        if self.match is not None and self.debounce:
            raise ValueError("with `match` every event has lines of its own, which `debounce` would lose; leave it out")
        return self


class ChatSource(_Configured):
    """A conversation over the websocket `/chat/NAME`. Who has the token is a user: what they say is the goal."""

    type: Literal["chat"]
    token_env: str = Field(description="Name of the environment variable with the token that opens a conversation.")
    origins: list[str] = Field(default_factory=list, description="Pages that may connect, as 'https://example.org'.")

    def token(self) -> str:
        """The token. Raises ConfigError."""
        return _from_environment(self.name, self.token_env).strip()


AnySource = Annotated[ScheduleSource | WebhookSource | FilesSource | ChatSource, Field(discriminator="type")]


class EventsConfig(_Model):
    """All of it: where webhooks and chats are served, the bounds, and the sources by name."""

    host: str = "127.0.0.1"
    port: int = Field(default=8787, ge=0, le=65535, description="0: any that is free.")
    concurrency: int = Field(default=2, ge=1, le=64, description="Runs at work at the same time.")
    capacity: int = Field(default=1000, ge=1, le=1_000_000, description="Events that may wait.")
    attempts: int = Field(default=3, ge=1, le=20, description="How often an event is tried before it is dead.")
    retry_delay: float = Field(default=10.0, ge=0, le=3600, description="Seconds before the next attempt, doubling.")
    keep_days: float = Field(default=30.0, ge=1, description="Days that an event is known after it ended.")
    sources: dict[str, AnySource] = Field(min_length=1)

    @field_validator("sources", mode="after")
    @classmethod
    def _name_them(cls, sources: dict[str, AnySource]) -> dict[str, AnySource]:
        for name in sources:
            if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,49}", name):
                raise ValueError(f"'{name}' is no name for a source: letters, digits, '-' and '_', at most 50")
        return {name: source.model_copy(update={"name": name}) for name, source in sources.items()}


def load_config(path: Path) -> EventsConfig:
    """Read a TOML file; its paths are relative to its folder. Raises ConfigError."""
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is no TOML: {error}") from None
    try:
        config = EventsConfig.model_validate(given)
    except ValidationError as error:
        problems = [f"{_where(item['loc'])}: {_told(item)}" for item in error.errors(include_url=False)]
        raise ConfigError(f"{path} can't be used: {'; '.join(problems)}") from None
    sources = {name: _at(path.parent, source) for name, source in config.sources.items()}
    for source in sources.values():
        if isinstance(source, Source):
            source.given_plan()
    return config.model_copy(update={"sources": sources})


def _at(folder: Path, source: AnySource) -> AnySource:
    changed: dict[str, Any] = {"docs": [_absolute(folder, path) for path in source.docs]}
    if isinstance(source, Source) and source.plan is not None:
        changed["plan"] = _absolute(folder, source.plan)
    if isinstance(source, FilesSource):
        changed["paths"] = [_absolute(folder, path) for path in source.paths]
    if source.policy and source.policy.endswith(".toml"):
        changed["policy"] = str(_absolute(folder, Path(source.policy)))
    return source.model_copy(update=changed)


def _absolute(folder: Path, path: Path) -> Path:
    return (folder / path.expanduser()).absolute()


def _from_environment(source: str, variable: str) -> str:
    found = os.environ.get(variable, "")
    if not found.strip():
        raise ConfigError(f"source '{source}': the environment variable {variable} is not set; put the secret there")
    return found


def _where(location: tuple[int | str, ...]) -> str:
    # pydantic names the chosen kind of source between its name and the field
    return ".".join(str(part) for number, part in enumerate(location) if not (number == 2 and location[0] == "sources"))


def _told(problem: Any) -> str:
    if problem["type"] == "union_tag_not_found":
        return "it needs a `type`: schedule, webhook, files or chat"
    return str(problem["msg"]).removeprefix("Value error, ")
