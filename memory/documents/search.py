"""Ranking: BM25 over words and cosine over embeddings, fused by reciprocal rank; the best ordered by relevance."""

from __future__ import annotations

import math
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from memory.documents import files
from memory.documents.content import DocumentsError
from memory.documents.database import Database
from memory.documents.relevance import Relevance, Term, asks_for_a_number, terms
from memory.embedding import DIMENSIONS, embed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_HITS = 50
_CANDIDATES = 100
_RERANKED = 60
_RANK_CONSTANT = 60
_HEADING_WEIGHT = 1.0


@dataclass(frozen=True)
class Hit:
    """A passage that was found.

    `text` is verbatim but for white space; its paragraphs are separated by newlines. `score`, in 0..1, is how
    much the passage has to do with the query, comparable between queries: about 1 if it has all of its words and
    its meaning, and below 0.25 even for the best hit when the documents have nothing on the topic.
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
        k = min(k, MOST_HITS)
        if not query.strip() or k < 1:
            return []
        question = terms(query)
        vector = embed([query])[0]
        with self._database.reading() as connection:
            matrix = self._current(connection)
            allowed = None if sources is None else _file_numbers(connection, sources)
            cosines = matrix.vectors @ vector
            by_words = _ranked_by_words(connection, question, allowed)
            by_title = _ranked_by_words(connection, question, allowed, column="headings")
            by_meaning = _ranked_by_meaning(matrix, cosines, allowed)
            best = _fused([by_words, by_meaning, by_title])[: max(_RERANKED, k)]
            passages = _passages(connection, best)
            relevance = Relevance(
                question, vector, _rarity(connection, len(matrix.chunks)), numeric=asks_for_a_number(query)
            )
        whole = cosines[matrix.chunks.searchsorted(best)]
        scores = relevance.of([hit.text for hit, _ in passages], [headings for _, headings in passages], whole)
        ranked = sorted(zip(scores, passages, strict=True), key=lambda scored: -scored[0])
        return [replace(hit, score=round(min(score, 1.0), 4)) for score, (hit, _) in ranked[:k]]

    def _current(self, connection: sqlite3.Connection) -> _Matrix:
        """The embeddings as of now."""
        generation = connection.execute("SELECT number FROM generation").fetchone()[0]
        if self._matrix is None or self._matrix.generation != generation:
            with self._loading:
                if self._matrix is None or self._matrix.generation != generation:
                    self._matrix = _load(connection, generation)
        return self._matrix


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


def _ranked_by_words(
    connection: sqlite3.Connection, question: list[Term], allowed: set[int] | None, *, column: str = ""
) -> list[int]:
    """The numbers of the passages that have the question's words, best first; `column`: in that column only."""
    if not question:
        return []
    only = "" if allowed is None else f"AND chunks.file IN ({','.join(map(str, sorted(allowed)))})"
    join = "" if allowed is None else "JOIN chunks ON chunks.id = words.rowid"
    sql = f"SELECT words.rowid FROM words {join} WHERE words MATCH ? {only} ORDER BY bm25(words, 1.0, ?) LIMIT ?"
    matched = " OR ".join(_quoted(word) for term in question for word in term.words)
    matched = f"{{{column}}} : ({matched})" if column else matched
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


def _rarity(connection: sqlite3.Connection, total: int) -> Callable[[str], float]:
    """The inverse document frequency of a word, as BM25 has it."""

    def rarity(word: str) -> float:
        frequency = connection.execute("SELECT count(*) FROM words WHERE words MATCH ?", (_quoted(word),)).fetchone()[0]
        return math.log(1 + (total - frequency + 0.5) / (frequency + 0.5))

    return rarity


def _passages(connection: sqlite3.Connection, chunks: list[int]) -> list[tuple[Hit, str]]:
    """The passages of these numbers, each with its headings."""
    sql = (
        "SELECT chunks.id, text, path, place, date, headings FROM chunks JOIN files ON files.id = chunks.file "
        f"WHERE chunks.id IN ({','.join(map(str, chunks))})"
    )
    rows = {row[0]: row[1:] for row in connection.execute(sql)}
    names = {path: files.shown(path) for path in {row[1] for row in rows.values()}}
    return [
        (Hit(text, names[path], place, 0.0, date), headings)
        for text, path, place, date, headings in (rows[chunk] for chunk in chunks)
    ]


def _quoted(term: str) -> str:
    """A word as a string of FTS5's query language, where nothing in it has a meaning."""
    return '"' + term.replace('"', '""') + '"'
