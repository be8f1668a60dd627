"""The journal of effects: written ahead, so that nothing that can't be undone happens twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memory.journal_entries import Decision, Effect, EffectState, Journal

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

__all__ = ["Decision", "Effect", "EffectState", "Journal", "journal_at", "journal_for"]


def journal_for(checkpointer: BaseCheckpointSaver[Any] | None) -> Journal:
    """The journal beside a saver's checkpoints: in the same file or database, or, for a saver in memory, with it.

    Cheap: nothing is opened before the journal is first used. Two journals of one saver hold the same entries. With no
    saver (None) the entries end with the journal.
    """
    from memory.journal_location import SaverJournal

    return SaverJournal(checkpointer)


def journal_at(url: str | None = None) -> Journal:
    """The journal in the database that `url` names, by default the configured one: for a graph that gets its saver
    from the server it runs on. Raises PersistenceError for a URL it can't use."""
    from memory.journal_location import journal_in

    return journal_in(url)
