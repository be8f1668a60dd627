"""How fast documents are indexed and found: `python -m benchmarks.index [--chunks 10000]`.

Text like the Constitution's, cut and shuffled by sentence from the example until there are as many passages.
The baseline of indexing is reading and hashing the same files; that of a query a full-text search alone, with the
same words, on the same file.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import random
import re
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.reflex import DOCUMENT
from benchmarks.timing import heading, in_turns, row
from memory.documents import DocumentIndex

QUERIES = (
    "How old must a senator be?",
    "commander in chief of the army",
    "when was the amendment ratified",
    "compensation of judges during their continuance in office",
    "right to bear arms",
)
PER_FILE = 40


def write_documents(folder: Path, passages: int) -> int:
    """Write files of some forty passages each, `passages` in all; the number of bytes."""
    text = DOCUMENT.read_text("utf-8")
    sentences = [re.sub(r"\s+", " ", found).strip() for found in re.findall(r"[^.;]{40,400}[.;]", text)]
    chance, written = random.Random(7), 0
    for number in range(passages // PER_FILE):
        paragraphs = [" ".join(chance.sample(sentences, 4)) for _ in range(PER_FILE)]
        data = "\n\n".join(f"Section {number}.{part}\n\n{body}" for part, body in enumerate(paragraphs)).encode()
        (folder / f"{number:05}.txt").write_bytes(data)
        written += len(data)
    return written


def read_and_hash(folder: Path) -> None:
    """What any index has to do at least."""
    for path in sorted(folder.iterdir()):
        hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()


async def queries(index: DocumentIndex, runs: int) -> dict[str, list[float]]:
    """Seconds of each way of finding ten passages."""
    connection = sqlite3.connect(f"file:{index.path}?mode=ro", uri=True)

    async def words_only() -> None:
        for query in QUERIES:
            asked = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", query))
            connection.execute(
                "SELECT rowid FROM words WHERE words MATCH ? ORDER BY bm25(words) LIMIT 10", (asked,)
            ).fetchall()

    async def hybrid() -> None:
        for query in QUERIES:
            index.search(query, 10)

    taken = await in_turns({"words alone": words_only, "hybrid search": hybrid}, runs=runs)
    connection.close()
    return {name: [seconds / len(QUERIES) for seconds in each] for name, each in taken.items()}


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0] if __doc__ else None)
    parser.add_argument("--chunks", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=21)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "documents"
        folder.mkdir()
        megabytes = write_documents(folder, options.chunks) / 1e6
        start = time.perf_counter()
        read_and_hash(folder)
        hashing = time.perf_counter() - start
        first = DocumentIndex(Path(place) / "warm.sqlite")
        first.add([folder / "00000.txt"])  # loads the embedding
        index = DocumentIndex(Path(place) / "index.sqlite")
        report = index.add([folder])
        again = index.add([folder])
        print(f"{megabytes:.2f} MB in {report.added} files, {len(index)} passages")
        print(f"indexed in {report.seconds:.2f} s: {megabytes / report.seconds:.2f} MB/s,"
              f" {len(index) / report.seconds:.0f} passages/s; read and hashed in {hashing:.3f} s")  # fmt: skip
        print(f"nothing changed: {again.seconds * 1000:.0f} ms\n")
        print(heading())
        for name, seconds in asyncio.run(queries(index, options.runs)).items():
            print(row(f"{name}, per query", seconds))
        first.close()
        index.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
