"""Which threads there are and how far each goes, without loading their checkpoints."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

from memory.database import backing_of_saver, explained
from memory.retention import BASE_SOURCE

if TYPE_CHECKING:
    from langgraph.checkpoint.base import BaseCheckpointSaver

    Saver = BaseCheckpointSaver[Any]


class Extent(NamedTuple):
    """How far a thread goes: its first checkpoint's id, the number of its checkpoints, its bytes."""

    first: str
    steps: int
    size: int


def is_sqlite(saver: Saver) -> bool:
    """Whether the saver is on a SQLite file, where tables can be reached."""
    return "AsyncSqliteSaver" in {base.__name__ for base in type(saver).__mro__}


async def extents(saver: Saver, thread_id: str | None = None) -> dict[str, Extent]:
    """First checkpoint, number of checkpoints and bytes of each thread; latest first."""
    if is_sqlite(saver):
        return await _sqlite_extents(saver, thread_id)
    if "AsyncPostgresSaver" in {base.__name__ for base in type(saver).__mro__}:
        return await _postgres_extents(saver, thread_id)
    found: dict[str, list[str]] = {}
    async for entry in saver.alist({"configurable": {"thread_id": thread_id}} if thread_id else None):
        place = entry.config["configurable"]
        if not place.get("checkpoint_ns"):
            found.setdefault(place["thread_id"], []).append(place["checkpoint_id"])
    latest_first = sorted(found.items(), key=lambda item: max(item[1]), reverse=True)
    return {name: Extent(min(ids), len(ids), 0) for name, ids in latest_first}


async def _sqlite_extents(saver: Any, thread_id: str | None) -> dict[str, Extent]:
    where, values = ("WHERE thread_id = ?", (thread_id,)) if thread_id else ("", ())
    await saver.setup()
    with explained(await backing_of_saver(saver)):
        async with saver.lock:
            rows = await saver.conn.execute_fetchall(
                "SELECT thread_id, MIN(checkpoint_id), SUM(checkpoint_ns = '' AND "
                "IFNULL(json_extract(CAST(metadata AS TEXT), '$.source'), '') != ?), "
                f"SUM(LENGTH(checkpoint) + LENGTH(metadata)) FROM checkpoints {where} "
                "GROUP BY thread_id ORDER BY MAX(checkpoint_id) DESC",
                (BASE_SOURCE, *values),
            )
            written = await saver.conn.execute_fetchall(
                f"SELECT thread_id, SUM(LENGTH(value)) FROM writes {where} GROUP BY thread_id", values
            )
    sizes = dict(written)
    return {row[0]: Extent(row[1], row[2], row[3] + (sizes.get(row[0]) or 0)) for row in rows}


async def _postgres_extents(saver: Any, thread_id: str | None) -> dict[str, Extent]:
    from psycopg.rows import tuple_row

    where, values = ("WHERE thread_id = %s", (thread_id,)) if thread_id else ("", ())
    sql = (
        "WITH sizes AS (SELECT thread_id, SUM(size) AS size FROM ("
        f"SELECT thread_id, pg_column_size(checkpoint) AS size FROM checkpoints {where} UNION ALL "
        f"SELECT thread_id, pg_column_size(blob) FROM checkpoint_blobs {where} UNION ALL "
        f"SELECT thread_id, pg_column_size(blob) FROM checkpoint_writes {where}) AS parts GROUP BY thread_id) "
        "SELECT thread_id, MIN(checkpoint_id), COUNT(*) FILTER (WHERE checkpoint_ns = ''), MAX(size)::bigint "
        f"FROM checkpoints JOIN sizes USING (thread_id) {where} GROUP BY thread_id ORDER BY MAX(checkpoint_id) DESC"
    )
    async with AsyncExitStack() as stack:
        stack.enter_context(explained(await backing_of_saver(saver)))
        if hasattr(saver.conn, "connection"):  # a pool
            connection = await stack.enter_async_context(saver.conn.connection())
        else:
            await stack.enter_async_context(saver.lock)
            connection = saver.conn
        cursor = await stack.enter_async_context(connection.cursor(row_factory=tuple_row))
        await cursor.execute(sql, values * 4)
        return {name: Extent(first, steps, size or 0) for name, first, steps, size in await cursor.fetchall()}
