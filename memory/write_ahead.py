"""SQLite's write-ahead log, turned on for a new file that several processes may open at once."""

from __future__ import annotations

import sqlite3
import time

_PAUSE = 0.01


def write_ahead(connection: sqlite3.Connection, seconds: float) -> None:
    """Turn the log on; it then stays on for the file. Raises sqlite3.Error.

    Only one may do so at a time, and SQLite doesn't let the others wait for it as it does with writes: 'database is
    locked' comes at once. So it is tried again for up to `seconds`.
    """
    until = time.monotonic() + seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_PAUSE)
