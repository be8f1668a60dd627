"""How writes to a channel are joined to what is there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import AnyMessage, convert_to_messages


def append_messages(messages: list[AnyMessage] | None, writes: Sequence[Any]) -> list[AnyMessage]:
    """Append every write (a message, or a list of them); a message whose id is there already is passed over.

    Associative over batches of writes, as a DeltaChannel demands.
    """
    joined: list[AnyMessage] = list(messages or [])
    seen = {message.id for message in joined if message.id}
    for write in writes:
        for message in convert_to_messages(write if isinstance(write, list) else [write]):
            if message.id and message.id in seen:
                continue
            if message.id:
                seen.add(message.id)
            joined.append(message)  # type: ignore[arg-type]
    return joined
