"""Ranking: BM25 over words and cosine over embeddings, fused by reciprocal rank."""

from __future__ import annotations

import math
import re
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memory.documents import files
from memory.documents.content import DocumentsError
from memory.documents.database import Database
from memory.embedding import DIMENSIONS, embed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_HITS = 50
_CANDIDATES = 60
_RANK_CONSTANT = 60
_MOST_TERMS = 32
_HEADING_WEIGHT = 0.6
_WORD = re.compile(r"[^\W_]+")
_NO_LIKENESS, _FULL_LIKENESS = 0.15, 0.60
"""Cosines between which a passage goes from unrelated to the question to about the very same thing."""

STOP_WORDS = frozenset(
    """
    a about above after again against all also am an and any are as at be because been before being below
    between both but by can could did do does doing down during each few for from further had has have having he
    her here hers him his how i if in into is it its itself just may me might more most must my no nor not of
    off on once only or other our out over own please same shall she should so some such tell than that the
    their them then there these they this those through to too under until up us very was we were what when
    where which while who whom whose why will with would you your
    """.split()  # noqa: SIM905
)


@dataclass(frozen=True)
class Hit:
    """A passage that was found.

    `text` is verbatim but for white space; its paragraphs are separated by newlines. `score`, in 0..1,
    is how much the passage has to do with the query, comparable between queries: the mean of the share
    of the query's words in it (rare words count more) and its likeness in meaning. Below about 0.25
    even the best hit is unlikely to be on the topic at all. Hits are ordered by fused rank, not by score.
    """

    text: str
    source: str
    place: str
    score: float
    date: str | None = None


@dataclass(frozen=True)
class _Matrix:
    generation: int
    chunks: NDArray[np.int64]
    files: NDArray[np.int64]
    vectors: NDArray[np.float32]


class Searcher:
    """Searches one index; keeps its embeddings in memory until the index changes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._matrix: _Matrix | None = None
        self._loading = threading.Lock()

    def search(self, query: str, k: int, sources: Sequence[str] | None) -> list[Hit]:
        """As DocumentIndex.search."""
        if not query.strip() or k < 1:
            return []
        terms = query_terms(query)
        vector = embed([query])[0]
        with self._database.reading() as connection:
            matrix = self._current(connection)
            allowed = None if sources is None else _file_numbers(connection, sources)
            by_words = _ranked_by_words(connection, terms, allowed)
            cosines = matrix.vectors @ vector
            by_meaning = _ranked_by_meaning(matrix, cosines, allowed)
            best = _fused([by_words, by_meaning])[: min(k, MOST_HITS)]
            coverage = _coverage(connection, terms, best, len(matrix.chunks))
            meaning = dict(zip(best, cosines[matrix.chunks.searchsorted(best)].tolist(), strict=True))
            return _hits(connection, best, meaning, coverage)

    def _current(self, connection: sqlite3.Connection) -> _Matrix:
        """The embeddings as of now."""
        generation = connection.execute("SELECT number FROM generation").fetchone()[0]
        if self._matrix is None or self._matrix.generation != generation:
            with self._loading:
                if self._matrix is None or self._matrix.generation != generation:
                    self._matrix = _load(connection, generation)
        return self._matrix


def query_terms(query: str) -> list[str]:
    """The words of a query that carry its meaning; all of its words if none does."""
    words = list(dict.fromkeys(word.casefold() for word in _WORD.findall(query)))
    return ([word for word in words if word not in STOP_WORDS] or words)[:_MOST_TERMS]


def _load(connection: sqlite3.Connection, generation: int) -> _Matrix:
    import numpy as np

    rows = connection.execute("SELECT id, file, embedding FROM chunks ORDER BY id").fetchall()
    data = b"".join(row[2] for row in rows)
    if len(data) != len(rows) * DIMENSIONS * 2:
        raise DocumentsError("the index has embeddings of another size in it; delete it and index again")
    vectors = np.frombuffer(data, dtype=np.float16).reshape(len(rows), DIMENSIONS).astype(np.float32)
    numbers = np.array([(row[0], row[1]) for row in rows], dtype=np.int64).reshape(len(rows), 2)
    return _Matrix(generation, numbers[:, 0].copy(), numbers[:, 1].copy(), vectors)


def _file_numbers(connection: sqlite3.Connection, sources: Sequence[str]) -> set[int]:
    wanted = [(source, files.absolute(source)) for source in sources]
    return {
        number
        for number, path in connection.execute("SELECT id, path FROM files")
        if any(
            path == str(where) or path.startswith(f"{where}/") or path.rpartition("/")[2] == name
            for name, where in wanted
        )
    }


def _ranked_by_words(connection: sqlite3.Connection, terms: list[str], allowed: set[int] | None) -> list[int]:
    if not terms:
        return []
    only = "" if allowed is None else f"AND chunks.file IN ({','.join(map(str, sorted(allowed)))})"
    join = "" if allowed is None else "JOIN chunks ON chunks.id = words.rowid"
    sql = f"SELECT words.rowid FROM words {join} WHERE words MATCH ? {only} ORDER BY bm25(words, 1.0, ?) LIMIT ?"
    matched = " OR ".join(map(_quoted, terms))
    return [row[0] for row in connection.execute(sql, (matched, _HEADING_WEIGHT, _CANDIDATES))]


def _ranked_by_meaning(matrix: _Matrix, cosines: NDArray[np.float32], allowed: set[int] | None) -> list[int]:
    """The numbers of the likest passages, best first."""
    import numpy as np

    if not cosines.any():
        return []
    eligible = cosines if allowed is None else np.where(np.isin(matrix.files, list(allowed)), cosines, -np.inf)
    count = min(_CANDIDATES, len(eligible))
    top = np.argpartition(-eligible, count - 1)[:count]
    top = top[np.lexsort((top, -eligible[top]))]
    return [int(matrix.chunks[row]) for row in top if np.isfinite(eligible[row])]


def _fused(rankings: list[list[int]]) -> list[int]:
    """Reciprocal rank fusion; ties go to the passage that comes first in the index."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, chunk in enumerate(ranking, start=1):
            scores[chunk] = scores.get(chunk, 0.0) + 1.0 / (_RANK_CONSTANT + rank)
    return sorted(scores, key=lambda chunk: (-scores[chunk], chunk))


def _coverage(connection: sqlite3.Connection, terms: list[str], chunks: list[int], total: int) -> dict[int, float]:
    """Per passage, the share of the query's words that occur in it, weighted by how rare they are."""
    share = dict.fromkeys(chunks, 0.0)
    whole = 0.0
    listed = ",".join(map(str, chunks))
    for term in terms:
        frequency = connection.execute("SELECT count(*) FROM words WHERE words MATCH ?", (_quoted(term),)).fetchone()[0]
        weight = math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))
        whole += weight
        if frequency:
            sql = f"SELECT rowid FROM words WHERE words MATCH ? AND rowid IN ({listed})"
            for (chunk,) in connection.execute(sql, (_quoted(term),)):
                share[chunk] += weight
    return {chunk: covered / whole if whole else 0.0 for chunk, covered in share.items()}


def _hits(
    connection: sqlite3.Connection, chunks: list[int], cosines: dict[int, float], coverage: dict[int, float]
) -> list[Hit]:
    sql = (
        "SELECT chunks.id, text, path, place, date FROM chunks JOIN files ON files.id = chunks.file "
        f"WHERE chunks.id IN ({','.join(map(str, chunks))})"
    )
    rows = {row[0]: row[1:] for row in connection.execute(sql)}
    found = []
    for chunk in chunks:
        text, path, place, date = rows[chunk]
        score = (coverage[chunk] + _likeness(cosines[chunk])) / 2
        found.append(Hit(text, files.shown(path), place, round(score, 4), date))
    return found


def _likeness(cosine: float) -> float:
    return min(max((cosine - _NO_LIKENESS) / (_FULL_LIKENESS - _NO_LIKENESS), 0.0), 1.0)


def _quoted(term: str) -> str:
    """A word as a string of FTS5's query language, where nothing in it has a meaning."""
    return '"' + term.replace('"', '""') + '"'
