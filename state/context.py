"""The configuration of one run: what an assistant in Studio may change without touching code."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from state.budget import Budget
from state.forms import optional_as_given


class RunContext(BaseModel):
    """Overrides of what the graph was built with; what is left out stays as it was built."""

    model_config = ConfigDict(title="Configuration", extra="ignore", frozen=True, json_schema_extra=optional_as_given)

    brain: str | None = Field(
        default=None,
        title="Brain",
        description="'reflex', the embedded brain, or 'chat', the configured model; by default chat if there is one.",
        json_schema_extra={"enum": ["reflex", "chat"]},
    )
    model: str | None = Field(
        default=None, title="Model", description="Name of the chat model.", examples=["gpt-4o-mini"]
    )
    policy: str | None = Field(
        default=None,
        title="Policy",
        description="Who may do what without asking: 'default', 'auto' (nothing asks), 'ask' (all but reading asks), "
        "or the path of a TOML file.",
        examples=["default", "auto", "ask"],
    )
    docs: list[str] | None = Field(
        default=None, title="Documents", description="Files and folders to search, on the server.", examples=[["docs"]]
    )
    db: str | None = Field(
        default=None,
        title="Database",
        description="URL of the database to query.",
        examples=["sqlite:///sales.sqlite", "postgresql://reader@db/sales"],
    )
    budget: Budget | None = Field(
        default=None, title="Budget", description="Upper bounds of a run, where the goal brings none."
    )
