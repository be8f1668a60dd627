"""A private Postgres server, where one is installed: for what must hold on a server as it does on a file."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_DEBIANS = "/usr/lib/postgresql"


def program(name: str) -> str | None:
    """The path of a Postgres program; Debian keeps them off the PATH."""
    if found := shutil.which(name):
        return found
    newest_first = sorted(Path(_DEBIANS).glob(f"*/bin/{name}"), reverse=True)
    return str(newest_first[0]) if newest_first else None


def missing() -> str | None:
    """Why no server can be started here; None if one can."""
    if not program("initdb") or not program("postgres"):
        return "no Postgres server is installed (apt-get install postgresql)"
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return "psycopg isn't installed (the `postgres` extra)"
    return None


@contextmanager
def serve_postgres() -> Iterator[Path]:
    """Runs a server on a socket in a new directory, as an unprivileged user; yields that directory.

    Everybody may connect as 'postgres'; nothing listens on the network, and nothing is left at the end.
    """
    directory = Path(tempfile.mkdtemp(prefix="pg-"))
    user: dict[str, Any] = {"cwd": directory}
    if os.getuid() == 0:  # Postgres doesn't run as root
        user["user"] = "nobody"
        shutil.chown(directory, "nobody")
    data, log = directory / "data", directory / "log"
    initialise = [str(program("initdb")), "-D", str(data), "-U", "postgres", "-A", "trust", "-N"]
    initialise += ["-E", "UTF8", "--no-locale"]  # whatever the locale is of whoever runs it
    serve = [str(program("postgres")), "-D", str(data), "-k", str(directory), "-c", "listen_addresses="]
    try:
        subprocess.run(initialise, check=True, stdout=subprocess.DEVNULL, **user)
        with log.open("w") as output:
            process = subprocess.Popen([*serve, "-c", "fsync=off"], stdout=output, stderr=output, **user)
        try:
            _await_connections(directory, process, log)
            yield directory
        finally:
            process.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
            process.wait(timeout=60)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def new_database(directory: Path) -> str:
    """The URL of a new, empty database on the server of that directory."""
    import psycopg

    name = f"db_{uuid.uuid4().hex}"
    with psycopg.connect(host=str(directory), user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"postgresql:///{name}?host={directory}&user=postgres"


def _await_connections(directory: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg

    until = time.monotonic() + 120
    while True:
        try:
            psycopg.connect(host=str(directory), user="postgres", dbname="postgres").close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"Postgres didn't start:\n{log.read_text()[-2000:]}") from None
            time.sleep(0.05)
