"""Settings from the environment and `.env`: prefix ORCHESTRATE_, plus the names that are conventional elsewhere."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


def _named(*names: str) -> AliasChoices:
    return AliasChoices(*names)


class Settings(BaseSettings):
    """All settings; every one has a default that works with no key and no network."""

    model_config = SettingsConfigDict(
        env_prefix="ORCHESTRATE_", env_file=".env", env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True
    )

    home: Path = Field(
        default=Path("~/.orchestrate"), validate_default=True, description="The one directory that state lives under."
    )
    database: str | None = Field(
        default=None,
        description="Checkpoints, store and journal: sqlite:///PATH or postgresql://...; default in `home`.",
    )
    brain: str | None = Field(default=None, description="'reflex' or 'chat'; default: chat if a model is configured.")
    model: str = Field(default="gpt-4o-mini", description="Name of the chat model.")
    models: dict[str, str] = Field(
        default_factory=dict,
        description='A model per role (plan, write, judge, act), as JSON: {"plan": "...", "write": "..."}.',
    )
    model_timeout: float = Field(default=60.0, gt=0, description="Seconds for one model call.")
    model_max_tokens: int | None = Field(
        default=None,
        gt=0,
        description="Tokens a model's answer may have at most; default: what each kind of answer needs.",
    )
    policy: str = Field(default="default", description="'default', 'auto', 'ask', or a TOML file.")
    docs: list[Path] = Field(default_factory=list, description="Files and folders to search, as JSON.")
    db: str | None = Field(default=None, description="SQLAlchemy URL of the database that may be queried.")
    files: Path = Field(default=Path(), description="Root folder that the file tools are confined to.")
    tools: str | None = Field(
        default=None, description="Your own tools: a Python file, a module, or 'file.py:name', 'module:name'."
    )
    mcp: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description='MCP servers by name, as JSON: {"files": {"command": "...", "args": []}, "shop": {"url": "..."}}.',
    )
    http_allow: list[str] = Field(
        default_factory=list, description="Hosts the web tools may reach though not public, as JSON: ['intranet:8000']."
    )
    concurrency: int = Field(default=16, ge=1, description="Tasks of one run at work at the same time.")
    encryption_key: SecretStr | None = Field(default=None, description="16, 24 or 32 bytes; encrypts checkpoints.")
    max_goal: int = Field(default=20_000, ge=1, description="Characters a goal may have.")

    api_tokens: dict[str, SecretStr] = Field(
        default_factory=dict,
        description='Who may use the server, as JSON: {"alice": "TOKEN", "admin": "TOKEN"}; by default everybody.',
    )

    openai_api_key: SecretStr | None = Field(default=None, validation_alias=_named("OPENAI_API_KEY"))
    openai_base_url: str | None = Field(default=None, validation_alias=_named("OPENAI_BASE_URL", "OPENAI_API_BASE"))
    tavily_api_key: SecretStr | None = Field(default=None, validation_alias=_named("TAVILY_API_KEY"))
    langsmith_api_key: SecretStr | None = Field(default=None, validation_alias=_named("LANGSMITH_API_KEY"))
    otel_endpoint: str | None = Field(default=None, validation_alias=_named("OTEL_EXPORTER_OTLP_ENDPOINT"))
    otel_traces_endpoint: str | None = Field(
        default=None, validation_alias=_named("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    )
    smtp_url: SecretStr | None = Field(
        default=None, description="smtp://user:password@host:port, smtps:// for TLS; the server mail is sent by."
    )
    smtp_from: str = Field(default="orchestrate@localhost", description="Sender of mails.")

    @field_validator("home")
    @classmethod
    def _is_somewhere(cls, home: Path) -> Path:
        try:
            home.expanduser()
        except RuntimeError:  # of a user that isn't there, or in a container for a user without a home
            raise ValueError(f"there is no {home.parts[0]} here: name a directory by its full path") from None
        return home

    @property
    def directory(self) -> Path:
        """`home`, made absolute."""
        return self.home.expanduser().absolute()

    @property
    def database_url(self) -> str:
        """URL of the database of checkpoints, store and journal."""
        return self.database or f"sqlite:///{self.directory / 'orchestrate.sqlite'}"

    @property
    def has_model(self) -> bool:
        """Whether a chat model is configured."""
        return bool(self.openai_api_key or self.openai_base_url)


@functools.lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process. Tests that change the environment call `settings.cache_clear()`."""
    return Settings()
