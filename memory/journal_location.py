"""Which journal goes with which checkpoints."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from memory.database import (
    Backing,
    PostgresServer,
    ProcessMemory,
    SqliteFile,
    backing_of_saver,
    backing_of_url,
    memory_of,
)
from memory.encryption import JsonCodec, cipher, configured_key
from memory.journal_entries import Decision, Effect, EffectState, Journal
from memory.journal_memory import MemoryJournal
from memory.journal_sql import PostgresJournal, SqliteJournal

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

_ATTACHED = "_effect_journal"


def journal_in(url: str | None = None) -> Journal:
    """The journal in the database that `url` names; None: in the configured one."""
    return _open(backing_of_url(url), JsonCodec(cipher(configured_key())))


def _open(backing: Backing, codec: JsonCodec) -> Journal:
    if isinstance(backing, SqliteFile):
        return SqliteJournal(backing, codec)
    if isinstance(backing, PostgresServer):
        return PostgresJournal(backing, codec)
    return _attached(backing)


def _attached(backing: ProcessMemory) -> MemoryJournal:
    if backing.owner is None:
        return MemoryJournal()
    return vars(backing.owner).setdefault(_ATTACHED, MemoryJournal())  # type: ignore[no-any-return]


class SaverJournal:
    """The journal beside a saver's checkpoints, found when it is first used: some savers connect only then."""

    def __init__(self, saver: BaseCheckpointSaver[Any] | None) -> None:
        self._saver = saver
        self._found: Journal | None = None
        if saver is None or "InMemorySaver" in {base.__name__ for base in type(saver).__mro__}:
            self._found = _attached(memory_of(saver))

    async def _journal(self) -> Journal:
        if self._found is None:
            backing = await backing_of_saver(self._saver)
            codec = await asyncio.to_thread(_codec_of, self._saver)  # the settings may have to be read from a file
            self._found = self._found or _open(backing, codec)  # another may have come first meanwhile
        return self._found

    async def intend(self, effect: Effect) -> Effect | None:
        return await (await self._journal()).intend(effect)

    async def find(self, key: str) -> Effect | None:
        return await (await self._journal()).find(key)

    async def call_again(self, key: str, args: dict[str, Any]) -> None:
        await (await self._journal()).call_again(key, args)

    async def settle(self, key: str, state: EffectState, outcome: dict[str, Any] | None = None) -> None:
        await (await self._journal()).settle(key, state, outcome)

    async def effects(self, thread_id: str | None = None) -> list[Effect]:
        return await (await self._journal()).effects(thread_id)

    async def record(self, decision: Decision) -> None:
        await (await self._journal()).record(decision)

    async def decisions(self, thread_id: str | None = None) -> list[Decision]:
        return await (await self._journal()).decisions(thread_id)

    async def forget(self, thread_id: str) -> None:
        await (await self._journal()).forget(thread_id)

    async def forked(self, thread_id: str, fork: str) -> None:
        await (await self._journal()).forked(thread_id, fork)

    async def aclose(self) -> None:
        if self._found is not None:
            await self._found.aclose()


def _codec_of(saver: BaseCheckpointSaver[Any] | None) -> JsonCodec:
    """Seals with what the saver seals with, else with the configured key."""
    sealing = getattr(getattr(saver, "serde", None), "cipher", None)
    return JsonCodec(sealing or cipher(configured_key()))
