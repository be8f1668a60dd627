"""What files hold, for the tests that look for what must not be there."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path


def stored_bytes(folder: Path) -> dict[str, bytes]:
    """What every file below `folder` holds, by its name: its bytes, and what is compressed in them in plain."""
    found = {}
    for file in (path for path in folder.rglob("*") if path.is_file()):
        name = str(file.relative_to(folder))
        found[name] = file.read_bytes()
        if file.suffix == ".sqlite":
            found[f"{name}, inflated"] = b"\n".join(_inflated(file))
    return found


def _inflated(database: Path) -> Iterator[bytes]:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE TABLE%'").fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    if isinstance(value, bytes):
                        with suppress(zlib.error):
                            yield zlib.decompress(value)
