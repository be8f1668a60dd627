"""Events of files: added, changed, removed, or lines added to them."""

from __future__ import annotations

import asyncio
import fnmatch
import hashlib
import json
import logging
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from typing import Any

from graph.events.config import FilesSource
from graph.events.intake import Intake
from memory.queued import QueueFull
from memory.settings import settings
from nodes.guard import InputError

LONGEST_READ = 1_000_000
"""Bytes that are read of what was added to a file at a time."""
MOST_LINES = 100
LONGEST_LINE = 1_000
LOOK_ANYWAY = 60.0
"""Seconds after which it is looked even if nothing was told."""
FULL_PAUSE = 5.0
"""Seconds before a change is handed in again, when the queue was full."""
_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Seen:
    """What is known of a file: when it was changed, its size, which file it is, and up to where its lines were read."""

    changed: int
    size: int
    inode: int
    read: int = 0
    line: int = 0


class FilesWatch:
    """Compares files with what was seen of them before, which outlives the process: so nothing is missed meanwhile."""

    def __init__(self, source: FilesSource, intake: Intake) -> None:
        self._source = source
        self._intake = intake
        self._mark = f"files:{source.name}"
        self._match = re.compile(source.match) if source.match is not None else None

    async def run(self, ready: Callable[[], None] | None = None) -> None:
        """Hand in changes until cancelled. `ready` is called when watching has begun."""
        from watchfiles import awatch

        changes = awatch(*self._source.paths, debounce=400, step=50)
        following = asyncio.ensure_future(anext(changes))
        try:
            await asyncio.sleep(0)  # it watches from here on, so whatever changes while this looks is seen after it
            while True:
                while await self.look():
                    pass
                if ready is not None:
                    ready()
                    ready = None
                # Network folders may tell nothing, so it is looked now and then all the same.
                await asyncio.wait({following}, timeout=LOOK_ANYWAY)
                if following.done():
                    following.result()
                    following = asyncio.ensure_future(anext(changes))
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def look(self) -> bool:
        """Hand in what differs from what was seen before; whether anything does. The first time ever all is as it
        should be.
        """
        noted = await self._intake.queue.mark(self._mark)
        found = await asyncio.to_thread(self._scan)
        if noted is None:
            whole = {path: replace(s, read=s.size, line=await self._count(path)) for path, s in found.items()}
            await self._intake.queue.set_mark(self._mark, _dump(whole))
            return False
        known = {path: Seen(*values) for path, values in json.loads(noted).items()}
        changed = [path for path in sorted({*known, *found}) if not _same(known.get(path), found.get(path))]
        for path in changed:
            await self._hand_in(known, path, known.get(path), found.get(path))
        return bool(changed)

    async def _hand_in(self, known: dict[str, Seen], path: str, before: Seen | None, after: Seen | None) -> None:
        change = "added" if before is None else "deleted" if after is None else "modified"
        data: dict[str, Any] = {"path": _shown(path), "name": Path(path).name, "change": change}
        if after is None:
            known.pop(path)
        elif self._match is None:
            known[path] = after
        else:
            known[path], lines = await asyncio.to_thread(self._new_lines, path, before, after)
            data |= {"lines": lines, "text": "\n".join(f"{line['number']}: {line['text']}" for line in lines)}
        is_wanted = change in self._source.changes and (self._match is None or bool(data.get("lines")))
        if not is_wanted:
            await self._intake.queue.set_mark(self._mark, _dump(known))
            return
        identity = [path, change, asdict(known[path]) if path in known else asdict(before) if before else None]
        event_id = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:24]
        while True:
            try:
                receipt = await self._intake.take(
                    self._source, event_id, data, at=time.time(), mark=(self._mark, _dump(known))
                )
            except QueueFull as error:
                _logger.warning("files %s wait: %s", self._source.name, error)
                await asyncio.sleep(FULL_PAUSE)
            except InputError as error:
                _logger.warning("files %s: %s is passed over: %s", self._source.name, path, error)
                await self._intake.queue.set_mark(self._mark, _dump(known))
                return
            else:
                if receipt.status == "rejected":
                    await self._intake.queue.set_mark(self._mark, _dump(known))
                return

    def _scan(self) -> dict[str, Seen]:
        found = {}
        for root in self._source.paths:
            for path in [root] if root.is_file() else _files(root):
                if fnmatch.fnmatch(path.name, self._source.pattern):
                    try:
                        status = path.stat()
                    except OSError:  # gone meanwhile
                        continue
                    found[str(path)] = Seen(status.st_mtime_ns, status.st_size, status.st_ino)
        return found

    async def _count(self, path: str) -> int:
        """The number of lines of a file, if lines matter."""
        if self._match is None:
            return 0

        def count() -> int:
            try:
                with Path(path).open("rb") as file:
                    return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
            except OSError:
                return 0

        return await asyncio.to_thread(count)

    def _new_lines(self, path: str, before: Seen | None, after: Seen) -> tuple[Seen, list[dict[str, Any]]]:
        """How far the file is read now, and the lines that match among those added whole since before.

        A file that shrank, or is another one, as after a rotation, is read from its beginning.
        """
        goes_on = before is not None and before.inode == after.inode and before.read <= after.size
        start, number = (before.read, before.line) if before is not None and goes_on else (0, 0)
        try:
            with Path(path).open("rb") as file:
                file.seek(start)
                added = file.read(LONGEST_READ)
        except OSError:
            return replace(after, read=start, line=number), []
        whole = added.rfind(b"\n") + 1
        if not whole and len(added) == LONGEST_READ:  # one endless line
            whole = len(added)
        assert self._match is not None
        lines: list[dict[str, Any]] = []
        end = 0
        while end < whole and len(lines) < MOST_LINES:
            following = added.find(b"\n", end, whole) + 1 or whole
            text = added[end:following].decode("utf-8", "replace").rstrip("\r\n")[:LONGEST_LINE]
            end, number = following, number + 1
            if self._match.search(text):
                lines.append({"number": number, "text": text})
        # Where there is more, it is as if that weren't there yet, so that the next look reads on.
        is_more = end < whole or len(added) == LONGEST_READ
        size = start + end if is_more else after.size
        return replace(after, size=size, read=start + end, line=number), lines


def _files(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            yield Path(folder) / name


def _same(before: Seen | None, after: Seen | None) -> bool:
    return before is not None and after is not None and (before.changed, before.size) == (after.changed, after.size)


def _shown(path: str) -> str:
    """The path as the file tools name it: relative to their root, where it is below."""
    root = settings().files.expanduser().absolute()
    return str(Path(path).relative_to(root)) if Path(path).is_relative_to(root) else path


def _dump(known: dict[str, Seen]) -> str:
    return json.dumps({path: astuple(seen) for path, seen in known.items()})
