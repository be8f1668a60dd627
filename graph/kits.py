"""Makes the kit of a graph from what the caller named, and narrows it for a run's configuration."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from memory.journal import Journal, journal_for
from memory.settings import settings
from models.brain import Brain
from models.choose import choose_brain
from nodes.guardrails import Guards
from nodes.kit import Kit
from nodes.redaction import without_secrets
from state.context import RunContext
from state.policy import NAMED, Policy
from tools.registry import AnyTool, Toolbox, ToolSpec


def make_kit(
    *,
    brain: Brain | str | None = None,
    tools: Sequence[AnyTool] | None = None,
    checkpointer: Any = None,
    policy: Policy | str | Path | None = None,
    journal: Journal | None = None,
    model: str | None = None,
    guards: Guards | None = None,
) -> Kit:
    """The kit of a graph. Raises ValueError for a name that isn't known."""
    config = settings()
    return Kit(
        brain=choose_brain(brain, config, model=model),
        tools=Toolbox(builtin(config.docs, config.db) if tools is None else tools),
        policy=choose_policy(policy),
        journal=journal or journal_for(checkpointer),
        concurrency=config.concurrency,
        guards=guards or Guards(),
        narrow=narrow,
    )


def builtin(docs: Sequence[str | Path] | None, db: str | None) -> list[ToolSpec]:
    """The built-in tools over documents and a database; blocking, so call it in a thread on a loop."""
    from tools.catalog import builtin_tools

    config = settings()
    return builtin_tools(docs=docs, db=db, files_root=config.files, config=config, clean=without_secrets)


def builtin_over(docs: Sequence[str | Path] | None, db: str | None) -> list[ToolSpec]:
    """Those of the built-in tools that work over documents, and over a database, where these are named; blocking."""
    from tools.catalog import database_tools, document_tools

    searching = document_tools(docs, settings(), without_secrets) if docs is not None else []
    return searching + (database_tools(db) if db else [])


def of_settings() -> list[ToolSpec]:
    """The tools that the settings name, a user's own and those of MCP servers; blocking. Raises ValueError."""
    from tools.catalog import tools_of_settings

    return tools_of_settings(settings())


def choose_policy(policy: Policy | str | Path | None) -> Policy:
    """A policy by name, from a file, or as given. Raises ValueError."""
    if isinstance(policy, Policy):
        return policy
    name = str(policy or settings().policy)
    if name in NAMED:
        return NAMED[name]
    if not Path(name).is_file():
        raise ValueError(f"there is no policy '{name}': it is {', '.join(NAMED)}, or a TOML file")
    return load_policy(Path(name))


def load_policy(path: Path) -> Policy:
    """Read a policy from a TOML file. Raises ValueError."""
    import tomllib

    try:
        return Policy.model_validate({"name": path.stem, **tomllib.loads(path.read_text("utf-8"))})
    except (OSError, ValueError) as error:
        raise ValueError(f"the policy {path} can't be read: {error}") from None


async def narrow(kit: Kit, context: RunContext) -> Kit:
    """The kit with what a run's configuration overrides.

    Documents and a database bring the tools that read them, and the one that changes the database where the kit has it.
    """
    changed: dict[str, Any] = {}
    if context.brain or context.model:
        changed["brain"] = await asyncio.to_thread(choose_brain, context.brain, settings(), model=context.model)
    if context.policy:
        changed["policy"] = await asyncio.to_thread(choose_policy, context.policy)
    if context.docs is not None or context.db:
        fresh = await asyncio.to_thread(builtin_over, context.docs, context.db)
        wanted = {spec.name: spec for spec in fresh if spec.name in kit.tools or spec.risk == "read"}
        changed["tools"] = Toolbox({**kit.tools, **wanted}.values())
    return replace(kit, **changed) if changed else kit
