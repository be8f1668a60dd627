"""Who a decision is recorded under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def deciding(configurable: Mapping[str, Any], named: str | None = None) -> str:
    """The name for the audit log: of whom a server has authenticated; else as the answer says (`named`), or the run's
    configuration (`user`)."""
    return str(configurable.get("langgraph_auth_user_id") or named or configurable.get("user") or "unknown")
