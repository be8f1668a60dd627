"""The stream that a run is part of: what is held for a run as long as it is streamed is found by its stream's name.

It is held by whoever streams the run (`graph.guarded`) and is gone when the stream ends, however that ends.
"""

from __future__ import annotations

import secrets

from langgraph.config import get_config

CONFIG_KEY = "__stream"
"""Where a run's configuration names its stream. Two underscores keep it out of what a checkpoint holds."""


def new_stream() -> str:
    """A name for one stream."""
    return secrets.token_hex(8)


def stream_here() -> str:
    """The name of the stream that a step is part of; '' where the graph was compiled without a guarded entry."""
    try:
        configurable = get_config().get("configurable") or {}
    except RuntimeError:
        return ""
    return str(configurable.get(CONFIG_KEY) or "")
