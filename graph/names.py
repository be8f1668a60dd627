"""Names that are made up here."""

from __future__ import annotations

import uuid


def new_thread_id() -> str:
    """A name for a new thread: short enough to type, unlikely enough to be new."""
    return uuid.uuid4().hex[:12]
