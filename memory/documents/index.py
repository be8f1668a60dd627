"""DocumentIndex: files and folders, indexed incrementally and searched by words and by meaning."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from memory.documents import files
from memory.documents.content import Chunk, DocumentsError, Unreadable, chunks
from memory.documents.database import Database
from memory.documents.reading import convert, load
from memory.documents.search import Hit, Searcher
from memory.embedding import embed

_BATCH_CHUNKS = 1024
_ASTRAY = "is a link out of its folder, and left out; to have it read, name it, or what it leads to"

Clean = Callable[[str], str]


@dataclass
class IndexReport:
    """What indexing did. `failed` and `notes` are pairs of a file and a reason; `seconds` is wall time."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    chunks: int = 0
    bytes: int = 0
    seconds: float = 0.0

    @property
    def changed(self) -> bool:
        return bool(self.added or self.updated or self.removed)


@dataclass(frozen=True)
class _Known:
    stamp: str
    digest: str
    failure: str | None
    notes: str


@dataclass(frozen=True)
class _Read:
    """A file that was read anew: its passages, or why it has none."""

    path: Path
    stamp: str
    digest: str
    size: int
    passages: list[Chunk]
    date: str | None = None
    failure: str | None = None
    notes: tuple[str, ...] = ()


class DocumentIndex:
    """An index of documents in one SQLite file, 0600; made if it isn't there.

    `clean` is what passages go through before they are stored: what it takes out is in no file of ours.

    Safe to use from several threads, and from several processes at once.
    """

    def __init__(self, path: Path | str, clean: Clean | None = None) -> None:
        self._clean = clean
        self._database = Database(Path(path).expanduser())
        self._searcher = Searcher(self._database)

    @property
    def path(self) -> Path:
        return self._database.path

    def add(self, paths: Iterable[Path | str]) -> IndexReport:
        """Bring the index up to date with files and folders.

        What hasn't changed is passed over: by size and times, else by the hash of its content. What
        is gone from a folder vanishes from the index. Files that can't be read are reported and never
        stop the others. Raises DocumentsError: a path that isn't there, nothing to index, a damaged index.
        """
        start = time.perf_counter()
        given = [paths] if isinstance(paths, str | Path) else list(paths)
        if not given:
            raise DocumentsError("no documents given; name at least one file or folder")
        found = files.find(given)
        known = self._known()
        report = IndexReport()
        self._remove(report, known, found)
        if found.missing:
            raise DocumentsError(f"there is no file or folder {', '.join(map(files.shown, found.missing))}")
        if not found.files:
            folders = ", ".join(map(files.shown, found.folders))
            raise DocumentsError(f"no documents in {folders}; understood are: {files.formats()}, also packed as .gz")
        self._write(report, known, self._read(report, known, found))
        report.seconds = time.perf_counter() - start
        return report

    def search(self, query: str, k: int = 5, sources: Sequence[str] | None = None) -> list[Hit]:
        """The `k` passages that fit `query` best, best first; see `Hit` for what their score means.

        `sources`: only files of these names or paths, or below these folders. Raises DocumentsError.
        """
        return self._searcher.search(query, k, sources)

    def documents(self) -> list[str]:
        """The files that can be searched, as they are named to a person."""
        with self._database.reading() as connection:
            rows = connection.execute("SELECT path FROM files WHERE failure IS NULL ORDER BY path").fetchall()
        return [files.shown(path) for (path,) in rows]

    def __len__(self) -> int:
        """How many passages there are."""
        with self._database.reading() as connection:
            return int(connection.execute("SELECT count(*) FROM chunks").fetchone()[0])

    def close(self) -> None:
        """Close the file; the index opens it again when it is used again."""
        self._database.close()

    def _known(self) -> dict[str, _Known]:
        with self._database.reading() as connection:
            rows = connection.execute("SELECT path, stamp, digest, failure, notes FROM files").fetchall()
        return {path: _Known(*rest) for path, *rest in rows}

    def _remove(self, report: IndexReport, known: dict[str, _Known], found: files.Found) -> None:
        there = set(map(str, found.files))
        gone = [
            path
            for path in known
            if path not in there and any(Path(path).is_relative_to(where) for where in [*found.folders, *found.missing])
        ]
        if gone:
            with self._database.writing() as connection:
                connection.executemany("DELETE FROM files WHERE path = ?", [(path,) for path in gone])
            report.removed = len(gone)

    def _read(self, report: IndexReport, known: dict[str, _Known], found: files.Found) -> Iterator[_Read]:
        """The files whose content is new, read and cut into passages."""
        for path in found.files:
            is_astray = path in found.astray
            stamp = _ASTRAY if is_astray else _stamp(path)
            before = known.get(str(path))
            if before is not None and before.stamp == stamp:
                self._pass_over(report, path, before)
                continue
            if is_astray:
                yield _Read(path, stamp, "", 0, [], failure=_ASTRAY)
                continue
            try:
                data = load(path)
            except Unreadable as error:
                yield _Read(path, stamp, "", 0, [], failure=str(error))
                continue
            digest = hashlib.blake2b(data, digest_size=16).hexdigest()
            if before is not None and before.digest == digest:
                self._pass_over(report, path, before)
                with self._database.writing() as connection:
                    connection.execute("UPDATE files SET stamp = ? WHERE path = ?", (stamp, str(path)))
                continue
            try:
                content = convert(path, data)
                passages = [self._cleaned(passage) for passage in chunks(content)]
                yield _Read(path, stamp, digest, len(data), passages, content.date, notes=tuple(content.notes))
            except Unreadable as error:
                yield _Read(path, stamp, digest, len(data), [], failure=str(error))

    def _cleaned(self, passage: Chunk) -> Chunk:
        if self._clean is None:
            return passage
        return Chunk(self._clean(passage.text), self._clean(passage.place), self._clean(passage.headings))

    @staticmethod
    def _pass_over(report: IndexReport, path: Path, before: _Known) -> None:
        if before.failure is not None:
            report.failed.append((files.shown(path), before.failure))
            return
        report.unchanged += 1
        report.notes += [(files.shown(path), note) for note in before.notes.splitlines()]

    def _write(self, report: IndexReport, known: dict[str, _Known], reads: Iterator[_Read]) -> None:
        """Store what was read, some thousand passages to a transaction."""
        batch: list[_Read] = []
        size = 0
        for read in reads:
            batch.append(read)
            size += len(read.passages)
            if size >= _BATCH_CHUNKS:
                self._store(batch)
                batch, size = [], 0
            self._count(report, known, read)
        if batch:
            self._store(batch)

    @staticmethod
    def _count(report: IndexReport, known: dict[str, _Known], read: _Read) -> None:
        name = files.shown(read.path)
        report.bytes += read.size
        report.notes += [(name, note) for note in read.notes]
        if read.failure is not None:
            report.failed.append((name, read.failure))
            return
        report.chunks += len(read.passages)
        if str(read.path) in known:
            report.updated += 1
        else:
            report.added += 1

    def _store(self, batch: list[_Read]) -> None:
        import numpy as np

        passages = [passage for read in batch for passage in read.passages]
        vectors = iter(embed([_embedded(passage) for passage in passages]).astype(np.float16))
        with self._database.writing() as connection:
            for read in batch:
                number = self._store_file(connection, read)
                connection.executemany(
                    "INSERT INTO chunks (file, text, headings, place, embedding) VALUES (?, ?, ?, ?, ?)",
                    [(number, p.text, p.headings, p.place, next(vectors).tobytes()) for p in read.passages],
                )

    @staticmethod
    def _store_file(connection: sqlite3.Connection, read: _Read) -> int:
        connection.execute("DELETE FROM files WHERE path = ?", (str(read.path),))
        cursor = connection.execute(
            "INSERT INTO files (path, stamp, digest, bytes, date, failure, notes) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (str(read.path), read.stamp, read.digest, read.size, read.date, read.failure, "\n".join(read.notes)),
        )
        return int(cursor.lastrowid or 0)


def index_for(
    paths: Iterable[Path | str], directory: Path | str, clean: Clean | None = None
) -> tuple[DocumentIndex, IndexReport]:
    """The index of exactly these files and folders, kept under `directory` and brought up to date.

    `clean`: as `DocumentIndex` takes it.

    The same set of paths, in any order, has the same index: when nothing changed this costs milliseconds.
    Raises DocumentsError, as `DocumentIndex.add` does.
    """
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    key = "\n".join(sorted({str(files.absolute(path)) for path in given}))
    name = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:24]
    index = DocumentIndex(Path(directory) / f"{name}.sqlite", clean)
    return index, index.add(given)


def _stamp(path: Path) -> str:
    """What changes with a file's content, without reading it. The change time can't be set back."""
    try:
        status = path.stat()
    except OSError as error:
        return f"unreadable: {error.errno}"
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}:{status.st_ino}"


def _embedded(passage: Chunk) -> str:
    """The text whose embedding stands for a passage."""
    return f"{passage.headings.rpartition(' > ')[2]}. {passage.text}" if passage.headings else passage.text
