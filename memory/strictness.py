"""Strict reading of checkpoints, for savers that others made."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from memory.encryption import serializer
from memory.loops import shared
from memory.threaded import threaded

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver


def fit(saver: BaseCheckpointSaver[Any]) -> BaseCheckpointSaver[Any]:
    """A saver that somebody else made as it is used here: strict, and with methods to be awaited."""
    return strict(threaded(saver))


def strict(saver: BaseCheckpointSaver[Any]) -> BaseCheckpointSaver[Any]:
    """`saver`, reading objects of the state's own types and no others.

    LangGraph's default makes whatever object the bytes name; with LANGGRAPH_STRICT_MSGPACK it makes none of ours. A
    saver with a serializer of its own choosing is left alone. The clone shares the saver's connection and data.
    """
    from langgraph.checkpoint.serde.base import maybe_add_typed_methods
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

    if type(saver.serde) is not JsonPlusSerializer or saver.serde._allowed_msgpack_modules not in (True, None):
        return saver
    clone = copy.copy(saver)
    clone.serde = maybe_add_typed_methods(serializer(None))
    shared(clone)
    return clone
