"""What searches keep of an index in memory for as long as it stays the same: embeddings, and what was read before."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from memory.documents.content import DocumentsError
from memory.embedding import DIMENSIONS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

K = TypeVar("K")
V = TypeVar("V")

_MOST_KEPT = 2_000


class Stored(NamedTuple):
    """A passage as it stands in the index."""

    text: str
    path: str
    place: str
    date: str | None
    headings: str


@dataclass(frozen=True)
class Snapshot:
    """One generation of an index. `chunks`, `files`, `vectors`: each passage's number, its file's, its embedding.

    The passages that one search reads, and how many have a word, are asked for again by the next: by those of one plan
    within milliseconds. Every row that SQLite hands out lets another thread run, so that two searches that read rows
    at once take several times as long.
    """

    generation: int
    chunks: NDArray[np.int64]
    files: NDArray[np.int64]
    vectors: NDArray[np.float32]
    _passages: dict[int, Stored] = field(default_factory=dict)
    _frequencies: dict[str, int] = field(default_factory=dict)

    def passages(self, connection: sqlite3.Connection, numbers: Sequence[int]) -> list[Stored]:
        """The passages of these numbers."""
        known = {number: kept for number in numbers if (kept := self._passages.get(number))}
        if missing := [number for number in numbers if number not in known]:
            sql = (
                "SELECT chunks.id, text, path, place, date, headings FROM chunks JOIN files ON files.id = chunks.file "
                f"WHERE chunks.id IN ({','.join(map(str, missing))})"
            )
            read = {row[0]: Stored(*row[1:]) for row in connection.execute(sql)}
            _keep(self._passages, read)
            known |= read
        return [known[number] for number in numbers]

    def frequency(self, connection: sqlite3.Connection, word: str) -> int:
        """How many passages have a word."""
        found = self._frequencies.get(word)
        if found is None:
            sql = "SELECT count(*) FROM words WHERE words MATCH ?"
            found = int(connection.execute(sql, (quoted(word),)).fetchone()[0])
            _keep(self._frequencies, {word: found})
        return found


def read_snapshot(connection: sqlite3.Connection, generation: int) -> Snapshot:
    """The snapshot of what `connection` sees. Raises DocumentsError."""
    import numpy as np

    rows = connection.execute("SELECT id, file, embedding FROM chunks ORDER BY id").fetchall()
    data = b"".join(row[2] for row in rows)
    if len(data) != len(rows) * DIMENSIONS * 2:
        raise DocumentsError("the index has embeddings of another size in it; delete it and index again")
    vectors = np.frombuffer(data, dtype=np.float16).reshape(len(rows), DIMENSIONS).astype(np.float32)
    numbers = np.array([(row[0], row[1]) for row in rows], dtype=np.int64).reshape(len(rows), 2)
    return Snapshot(generation, numbers[:, 0].copy(), numbers[:, 1].copy(), vectors)


def quoted(term: str) -> str:
    """A word as a string of FTS5's query language, where nothing in it has a meaning."""
    return '"' + term.replace('"', '""') + '"'


def _keep(kept: dict[K, V], new: dict[K, V]) -> None:
    if len(kept) > _MOST_KEPT:
        kept.clear()
    kept.update(new)
