"""Aegra, the Apache-licensed server for the same API: workers over one Postgres and one Redis."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from evals.servers import postgres
from tests.server.conftest import ROOT, copy_project, own_environment

COMMAND = ROOT / ".venv-aegra" / "bin" / "aegra"
STARTS_WITHIN = 120.0
# A dead worker's runs are taken over in seconds rather than in a minute.
_HASTE = {"LEASE_DURATION_SECONDS": "6", "HEARTBEAT_INTERVAL_SECONDS": "2", "REAPER_INTERVAL_SECONDS": "2"}


def missing() -> str | None:
    """Why Aegra can't be started here; None if it can."""
    if not COMMAND.exists():
        return "Aegra isn't installed in .venv-aegra (see .ci/run; it needs Python 3.12 or newer)"
    if not shutil.which("redis-server"):
        return "no Redis is installed (apt-get install redis-server)"
    return postgres.missing()


class Workers:
    """Processes of Aegra that share everything but their memory."""

    def __init__(self, directory: Path, database: str, redis: Path) -> None:
        self.directory, self.place = directory, directory / "place"
        self.project = copy_project(directory)
        self.environment = own_environment(directory) | _HASTE | {
            "DATABASE_URL": database,
            "ORCHESTRATE_DATABASE": database,
            "REDIS_BROKER_ENABLED": "true",
            "REDIS_URL": f"unix://{redis}",
            "AEGRA_CONFIG": "langgraph.json",
            "LANGGRAPH_STRICT_MSGPACK": "true",
        }  # fmt: skip
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> str:
        """Start one more; its URL."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        url, log = f"http://127.0.0.1:{port}", self.directory / f"log-{len(self._processes)}"
        with log.open("ab") as said:
            process = subprocess.Popen(
                [str(COMMAND), "serve", "--host", "127.0.0.1", "--port", str(port)],
                cwd=self.project,
                env=self.environment,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
        self._processes.append(process)
        until = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < until and process.poll() is None:
            try:
                if httpx.get(f"{url}/ready", timeout=5, trust_env=False).status_code == 200:
                    return url
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"Aegra didn't start:\n{log.read_text(errors='replace')[-5000:]}")

    def logs(self) -> str:
        return "\n".join(file.read_text(errors="replace")[-5000:] for file in sorted(self.directory.glob("log-*")))

    def kill(self, number: int) -> None:
        """As a power cut would: nothing is flushed, nobody is told."""
        process = self._processes[number]
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=60)

    def number_of(self, pid: int) -> int:
        """Which of the workers the process belongs to."""
        return next(number for number, one in enumerate(self._processes) if os.getpgid(pid) == one.pid)

    def kill_all(self) -> None:
        for number in range(len(self._processes)):
            self.kill(number)


@contextmanager
def workers(directory: Path) -> Iterator[Workers]:
    """No worker yet; a Postgres and a Redis for those that are started. Nothing is left at the end."""
    with postgres.serve_postgres() as server, _redis(directory) as redis:
        started = Workers(directory, postgres.new_database(server), redis)
        try:
            yield started
        finally:
            started.kill_all()


@contextmanager
def _redis(directory: Path) -> Iterator[Path]:
    path = directory / "redis.sock"
    command = ["redis-server", "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(directory)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while not path.exists():
            assert process.poll() is None, "Redis didn't start"
            assert time.monotonic() < until, "Redis didn't start"
            time.sleep(0.05)
        yield path
    finally:
        process.kill()
        process.wait(timeout=60)
