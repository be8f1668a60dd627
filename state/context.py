"""The configuration of one run: what an assistant in Studio may change without touching code."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from state.budget import Budget


class RunContext(BaseModel):
    """Overrides of what the graph was built with; what is left out stays as it was built."""

    model_config = ConfigDict(title="Configuration", extra="ignore", frozen=True)

    brain: str | None = Field(default=None, description="'reflex' (embedded) or 'chat' (the configured model).")
    model: str | None = Field(default=None, description="Name of the chat model.")
    policy: str | None = Field(default=None, description="'default', 'auto', 'ask', or the path of a TOML file.")
    docs: list[str] | None = Field(default=None, description="Files and folders to search.")
    db: str | None = Field(default=None, description="URL of the database to query, as sqlite:///sales.sqlite.")
    budget: Budget | None = Field(default=None, description="Upper bounds, where the goal brings none.")
