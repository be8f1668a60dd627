"""The chat brain: any LangChain chat model, kept to its schema and its sources."""

from __future__ import annotations

from models.chat.brain import ChatBrain
from models.chat.calls import Patience

__all__ = ["ChatBrain", "Patience"]
