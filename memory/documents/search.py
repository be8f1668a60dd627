"""Ranking: BM25 over words and cosine over embeddings, fused by reciprocal rank; the best ordered by relevance."""

from __future__ import annotations

import math
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from memory.documents import files
from memory.documents.database import Database
from memory.documents.relevance import Relevance, Term, terms
from memory.documents.snapshot import Snapshot, quoted, read_snapshot
from memory.embedding import embed

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


class Searcher:
    """Searches one index; keeps its embeddings in memory until the index changes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._snapshot: Snapshot | None = None
        self._loading = threading.Lock()

    def search(self, query: str, k: int, sources: Sequence[str] | None) -> list[Hit]:
        """As DocumentIndex.search."""
        k = min(k, MOST_HITS)
        if not query.strip() or k < 1:
            return []
        question = terms(query)
        vector = embed([query])[0]
        with self._database.reading() as connection:
            snapshot = self._current(connection)
            allowed = None if sources is None else _file_numbers(connection, sources)
            cosines = snapshot.vectors @ vector
            by_words = _ranked_by_words(connection, question, allowed)
            by_title = _ranked_by_words(connection, question, allowed, column="headings")
            by_meaning = _ranked_by_meaning(snapshot, cosines, allowed)
            best = _fused([by_words, by_meaning, by_title])[: max(_RERANKED, k)]
            passages = snapshot.passages(connection, best)
            relevance = Relevance(question, vector, _rarity(connection, snapshot))
        whole = cosines[snapshot.chunks.searchsorted(best)]
        scores = relevance.of([one.text for one in passages], [one.headings for one in passages], whole)
        ranked = sorted(zip(scores, passages, strict=True), key=lambda scored: -scored[0])[:k]
        names = {path: files.shown(path) for path in {one.path for _, one in ranked}}
        return [Hit(one.text, names[one.path], one.place, round(min(score, 1.0), 4), one.date) for score, one in ranked]

    def _current(self, connection: sqlite3.Connection) -> Snapshot:
        """The index as of now."""
        generation = connection.execute("SELECT number FROM generation").fetchone()[0]
        snapshot = self._snapshot
        if snapshot is None or snapshot.generation != generation:
            with self._loading:
                snapshot = self._snapshot
                if snapshot is None or snapshot.generation != generation:
                    self._snapshot = snapshot = read_snapshot(connection, generation)
        return snapshot


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
    ranked = f"SELECT words.rowid AS id FROM words {join} WHERE words MATCH ? {only} ORDER BY bm25(words, 1, ?) LIMIT ?"
    # All in one row, in the order they come in: each row is a moment at which another thread may take over.
    sql = f"SELECT group_concat(id) FROM ({ranked})"
    matched = " OR ".join(quoted(word) for term in question for word in term.words)
    matched = f"{{{column}}} : ({matched})" if column else matched
    (found,) = connection.execute(sql, (matched, _HEADING_WEIGHT, _CANDIDATES)).fetchone()
    return list(map(int, found.split(","))) if found else []


def _ranked_by_meaning(snapshot: Snapshot, cosines: NDArray[np.float32], allowed: set[int] | None) -> list[int]:
    """The numbers of the likest passages, best first."""
    import numpy as np

    if not cosines.any():
        return []
    eligible = cosines if allowed is None else np.where(np.isin(snapshot.files, list(allowed)), cosines, -np.inf)
    count = min(_CANDIDATES, len(eligible))
    top = np.argpartition(-eligible, count - 1)[:count]
    top = top[np.lexsort((top, -eligible[top]))]
    found: list[int] = snapshot.chunks[top[np.isfinite(eligible[top])]].tolist()
    return found


def _fused(rankings: list[list[int]]) -> list[int]:
    """Reciprocal rank fusion; ties go to the passage that comes first in the index."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, chunk in enumerate(ranking, start=1):
            scores[chunk] = scores.get(chunk, 0.0) + 1.0 / (_RANK_CONSTANT + rank)
    return sorted(scores, key=lambda chunk: (-scores[chunk], chunk))


def _rarity(connection: sqlite3.Connection, snapshot: Snapshot) -> Callable[[str], float]:
    """The inverse document frequency of a word, as BM25 has it."""

    def rarity(word: str) -> float:
        frequency = snapshot.frequency(connection, word)
        return math.log(1 + (len(snapshot.chunks) - frequency + 0.5) / (frequency + 0.5))

    return rarity
