"""Copying and dropping checkpoints in a SQLite file, so that what remains is whole.

A channel that grows (`DeltaChannel`, the messages) isn't in every checkpoint: its value is made by replaying the writes
of a checkpoint's ancestors onto the last snapshot among them. So whatever drops ancestors leaves a *base* behind where
a kept checkpoint needs one: its parent, emptied of everything but that snapshot and those writes.

All functions run in a transaction of the caller's.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from langgraph.checkpoint.serde.base import SerializerProtocol

BASE_SOURCE = "base"
"""`source` in the metadata of a base: no state of a run, and not to be shown as one."""

_BASE_TASK = "base"
_INPUT = "__input__"


@dataclass(frozen=True)
class _Row:
    """A checkpoint without its values."""

    id: str
    parent: str | None
    metadata: dict[str, Any]

    @property
    def is_base(self) -> bool:
        return self.metadata.get("source") == BASE_SOURCE

    @property
    def replayed(self) -> list[str]:
        """The channels whose value is made from the ancestors' writes."""
        return list(self.metadata.get("counters_since_delta_snapshot") or {})


def created(checkpoint_id: str) -> float | None:
    """When a checkpoint was made, in epoch seconds, by its id; None if the id isn't a time-ordered UUID."""
    try:
        number = UUID(checkpoint_id).int
    except ValueError:
        return None
    if (number >> 76) & 0xF != 6:
        return None
    ticks = (number >> 80) << 12 | (number >> 64) & 0xFFF  # of 100 ns since 1582-10-15
    return (ticks - 0x01B21DD213814000) / 1e7


def delete_thread(connection: sqlite3.Connection, thread_id: str) -> None:
    """Drop every checkpoint and write of a thread."""
    for table in ("checkpoints", "writes"):
        connection.execute(f"DELETE FROM {table} WHERE thread_id = ?", (thread_id,))


def copy_thread(connection: sqlite3.Connection, source: str, target: str) -> None:
    """Copy every checkpoint and write of `source` to `target`."""
    connection.execute(
        "INSERT OR REPLACE INTO checkpoints SELECT ?, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, "
        f"checkpoint, {_RENAMED} FROM checkpoints WHERE thread_id = ?",
        (target, target, source),
    )
    connection.execute(f"{_COPY_WRITES} WHERE thread_id = ?", (target, source))


_RENAMED = (
    "CASE WHEN json_extract(CAST(metadata AS TEXT), '$.thread_id') IS NULL THEN metadata "
    "ELSE CAST(json_set(CAST(metadata AS TEXT), '$.thread_id', ?) AS BLOB) END"
)
_COPY_WRITES = (
    "INSERT OR REPLACE INTO writes (thread_id, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type, "
    "value) SELECT ?, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type, value FROM writes"
)


def copy_branch(connection: sqlite3.Connection, source: str, target: str, checkpoint_id: str, *, is_head: bool) -> int:
    """Copy a checkpoint and its ancestors, with their writes, to a new thread. Returns the number of checkpoints.

    The writes of the checkpoint itself are what came after it: they are copied only where nothing else did
    (`is_head`), so that its pending work goes on; otherwise its next step is taken anew.
    """
    rows = {row.id: row for row in _rows(connection, source, "")}
    branch: list[str] = []
    cursor: str | None = checkpoint_id
    while cursor in rows and cursor not in branch:
        branch.append(cursor)
        cursor = rows[cursor].parent
    places = [("", id_) for id_ in branch]
    begun = set(branch) if is_head else set(branch[1:])
    for namespace in _namespaces(connection, source):
        for row in _rows(connection, source, namespace) if namespace else []:
            if (row.metadata.get("parents") or {}).get("") in begun:
                places.append((namespace, row.id))
    for namespace, id_ in places:
        where = (source, namespace, id_)
        connection.execute(
            "INSERT INTO checkpoints SELECT ?, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, "
            f"{_RENAMED} FROM checkpoints WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ?",
            (target, target, *where),
        )
        if is_head or (namespace, id_) != ("", checkpoint_id):
            connection.execute(
                f"{_COPY_WRITES} WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ?", (target, *where)
            )
    return len(branch)


def prune_thread(
    connection: sqlite3.Connection,
    serde: SerializerProtocol,
    thread_id: str,
    *,
    keep_last: int = 1,
    before: float | None = None,
) -> int:
    """Drop a thread's old checkpoints. Returns how many.

    The newest `keep_last` (at least one) stay, and where `before` (epoch seconds) is given all that are newer than it.
    """
    dropped_roots: set[str] = set()
    dropped = 0
    for namespace in _namespaces(connection, thread_id):  # the root's comes first
        rows = _rows(connection, thread_id, namespace)
        real = [row for row in rows if not row.is_base]
        if ":" in namespace and real and (real[0].metadata.get("parents") or {}).get("") in dropped_roots:
            keep: set[str] = set()  # the working of one call of a subgraph, whose step is over and dropped
        else:
            keep = {row.id for row in real[: max(keep_last, 1)]}
            if before is not None:
                keep |= {row.id for row in real if (created(row.id) or before) >= before}
        if not namespace:
            dropped_roots = {row.id for row in real} - keep
        dropped += len([row for row in real if row.id not in keep])
        _keep_only(connection, serde, (thread_id, namespace), rows, keep)
    return dropped


def delete_runs(connection: sqlite3.Connection, serde: SerializerProtocol, run_ids: Sequence[str]) -> None:
    """Drop the checkpoints that runs made, and the input they had begun to hand in."""
    if not run_ids:
        return
    marks = ",".join("?" * len(run_ids))
    found = connection.execute(
        "SELECT DISTINCT thread_id, checkpoint_ns FROM checkpoints "
        f"WHERE json_extract(CAST(metadata AS TEXT), '$.run_id') IN ({marks})",
        tuple(run_ids),
    ).fetchall()
    for thread_id, namespace in list(found):
        rows = _rows(connection, thread_id, namespace)
        keep = {row.id for row in rows if row.metadata.get("run_id") not in run_ids}
        kept_parents = {row.parent for row in rows if row.id in keep}
        for parent in {row.parent for row in rows if row.id not in keep} & keep - kept_parents:
            connection.execute(
                "DELETE FROM writes WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ? AND task_id = ?",
                (thread_id, namespace, parent, _input_task(parent)),
            )
        _keep_only(connection, serde, (thread_id, namespace), rows, keep)


def _input_task(checkpoint_id: str | None) -> str:
    # The id LangGraph stores a turn's input under, at the checkpoint that the turn starts from.
    try:
        return str(uuid5(UUID(checkpoint_id), _INPUT))
    except (ValueError, TypeError):
        return ""


def _keep_only(
    connection: sqlite3.Connection,
    serde: SerializerProtocol,
    place: tuple[str, str],
    rows: Sequence[_Row],
    keep: Collection[str],
) -> None:
    by_id = {row.id: row for row in rows}
    needs: dict[str, set[str]] = {}
    for row in rows:
        if row.id in keep and row.parent in by_id and row.parent not in keep and row.replayed:
            needs.setdefault(row.parent, set()).update(row.replayed)
    for parent, channels in needs.items():
        _make_base(connection, serde, place, by_id, by_id[parent], channels)
    stay = set(keep) | set(needs)
    _delete(connection, place, [row.id for row in rows if row.id not in stay])
    orphans = [row.id for row in rows if row.id in keep and row.parent is not None and row.parent not in stay]
    connection.executemany(
        "UPDATE checkpoints SET parent_checkpoint_id = NULL "
        "WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ?",
        [(*place, id_) for id_ in orphans],
    )


def _make_base(
    connection: sqlite3.Connection,
    serde: SerializerProtocol,
    place: tuple[str, str],
    by_id: dict[str, _Row],
    row: _Row,
    channels: set[str],
) -> None:
    """Empty `row` of all but the last snapshot of `channels` on its way to the root, and the writes since."""
    missing, seeds = set(channels), {}
    writes: list[tuple[str, str, bytes]] = []  # (channel, type, value), newest first
    seen: set[str] = set()
    cursor: _Row | None = row
    head: dict[str, Any] | None = None
    while cursor is not None and missing and cursor.id not in seen:
        seen.add(cursor.id)
        where = (*place, cursor.id)
        found = connection.execute(
            "SELECT channel, type, value FROM writes WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ? "
            "ORDER BY task_path DESC, task_id DESC, idx DESC",
            where,
        ).fetchall()
        writes += [(channel, type_, value) for channel, type_, value in found if channel in missing]
        (stored,) = connection.execute(
            "SELECT type, checkpoint FROM checkpoints WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ?",
            where,
        ).fetchall()
        checkpoint = serde.loads_typed((stored[0], stored[1]))
        head = head or checkpoint
        for channel in missing & checkpoint["channel_values"].keys():
            seeds[channel] = checkpoint["channel_values"][channel]
            missing.discard(channel)
        cursor = by_id.get(cursor.parent or "")
    emptied = {
        **(head or {}),
        "channel_values": seeds,
        "channel_versions": {},
        "versions_seen": {},
        "updated_channels": None,
    }
    metadata = {"source": BASE_SOURCE, "step": row.metadata.get("step", -1), "parents": {}}
    _delete_writes(connection, place, [row.id])
    connection.execute(
        "UPDATE checkpoints SET parent_checkpoint_id = NULL, type = ?, checkpoint = ?, metadata = ? "
        "WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ?",
        (*serde.dumps_typed(emptied), json.dumps(metadata).encode(), *place, row.id),
    )
    connection.executemany(
        "INSERT INTO writes (thread_id, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type, value) "
        "VALUES (?, ?, ?, ?, '', ?, ?, ?, ?)",
        [(*place, row.id, _BASE_TASK, index, *write) for index, write in enumerate(reversed(writes))],
    )


def _delete(connection: sqlite3.Connection, place: tuple[str, str], ids: Iterable[str]) -> None:
    ids = list(ids)
    _delete_writes(connection, place, ids)
    connection.executemany(
        "DELETE FROM checkpoints WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ?",
        [(*place, id_) for id_ in ids],
    )


def _delete_writes(connection: sqlite3.Connection, place: tuple[str, str], ids: Iterable[str]) -> None:
    connection.executemany(
        "DELETE FROM writes WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ?",
        [(*place, id_) for id_ in ids],
    )


def _namespaces(connection: sqlite3.Connection, thread_id: str) -> list[str]:
    found = connection.execute(
        "SELECT DISTINCT checkpoint_ns FROM checkpoints WHERE thread_id = ? ORDER BY checkpoint_ns", (thread_id,)
    ).fetchall()
    return [row[0] for row in found]


def _rows(connection: sqlite3.Connection, thread_id: str, namespace: str) -> list[_Row]:
    """The checkpoints of a namespace, newest first."""
    found = connection.execute(
        "SELECT checkpoint_id, parent_checkpoint_id, metadata FROM checkpoints "
        "WHERE thread_id = ? AND checkpoint_ns = ? ORDER BY checkpoint_id DESC",
        (thread_id, namespace),
    ).fetchall()
    return [_Row(id_, parent, json.loads(metadata) if metadata else {}) for id_, parent, metadata in found]
