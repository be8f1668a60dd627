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
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
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
AGAIN_PAUSE = 1.0
"""Seconds before watching is begun again, when it broke off."""
FULL_PAUSE = 5.0
"""Seconds before a change is handed in again, when the queue was full."""
_SEEN = "{}"
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
    """Compares files with what was seen of them before, which outlives the process: so nothing is missed meanwhile.

    Each file has a mark of its own in the queue, so that what a change costs doesn't grow with the number of files.
    The mark of the source says that it has been looked at before.
    """

    def __init__(self, source: FilesSource, intake: Intake) -> None:
        self._source = source
        self._intake = intake
        self._mark = f"files:{source.name}"
        self._match = re.compile(source.match) if source.match is not None else None

    async def run(self, ready: Callable[[], None] | None = None) -> None:
        """Hand in changes until cancelled. `ready` is called when watching has begun."""
        changes = self._changes()
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
                    await asyncio.sleep(0)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def _changes(self) -> AsyncIterator[None]:
        """Yields when something may have changed. Raises what keeps it from watching at all.

        A name that isn't Unicode ends watchfiles' watching, and so may what a file system does. It is begun anew, and
        what happened in between is found by the look that follows.
        """
        from watchfiles import awatch

        said, has_begun = "", False
        while True:
            try:
                async for _ in awatch(*self._source.paths, debounce=400, step=50):
                    yield
            except Exception as error:
                broke_off = isinstance(error, ExceptionGroup)  # from among the tasks that watch; else it didn't begin
                if not broke_off and not has_begun:
                    raise
                has_begun = True
                told = str(error.exceptions[0] if isinstance(error, ExceptionGroup) else error)
                if told != said:
                    _logger.warning("files %s: watching ended, and is begun again: %s", self._source.name, told)
                said = told
                await asyncio.sleep(AGAIN_PAUSE if broke_off else LOOK_ANYWAY)
                yield

    async def look(self) -> bool:
        """Hand in what differs from what was seen before; whether anything does. The first time ever all is as it
        should be.
        """
        queue = self._intake.queue
        noted = await queue.mark(self._mark)
        if noted is not None and noted != _SEEN:
            noted = await self._one_mark_each(noted)
        known, found = await asyncio.to_thread(self._compared, await queue.marks(f"{self._mark}:"))
        if noted is None:
            whole = {path: replace(s, read=s.size, line=await self._count(path)) for path, s in found.items()}
            await queue.set_marks({self._mark: _SEEN} | {self._mark_of(path): _dump(s) for path, s in whole.items()})
            return False
        for path in sorted({*known, *found}):
            await self._hand_in(path, known.get(path), found.get(path))
        return bool(known or found)

    def _compared(self, marks: Mapping[str, str]) -> tuple[dict[str, Seen], dict[str, Seen]]:
        """What was seen before of the files that differ from it now, and what they are now; blocks."""
        known = {self._path_of(name): Seen(*json.loads(value)) for name, value in marks.items()}
        found = self._scan()
        same = {path for path, seen in known.items() if path in found and _same(seen, found[path])}
        return (
            {path: seen for path, seen in known.items() if path not in same},
            {path: seen for path, seen in found.items() if path not in same},
        )

    async def _one_mark_each(self, noted: str) -> str:
        """Take over what earlier versions noted down: all files in the mark of the source."""
        marks = {self._mark_of(path): json.dumps(values) for path, values in json.loads(noted).items()}
        await self._intake.queue.set_marks({self._mark: _SEEN} | marks)
        return _SEEN

    def _mark_of(self, path: str) -> str:
        return f"{self._mark}:{json.dumps(path)}"  # as JSON, since a name need not be Unicode

    def _path_of(self, mark: str) -> str:
        return str(json.loads(mark.removeprefix(f"{self._mark}:")))

    async def _hand_in(self, path: str, before: Seen | None, after: Seen | None) -> None:
        change = "added" if before is None else "deleted" if after is None else "modified"
        data: dict[str, Any] = {"path": _shown(path), "name": Path(path).name, "change": change}
        if after is not None and self._match is not None:
            after, lines = await asyncio.to_thread(self._new_lines, path, before, after)
            data |= {"lines": lines, "text": "\n".join(f"{line['number']}: {line['text']}" for line in lines)}
        mark = (self._mark_of(path), _dump(after) if after is not None else None)
        is_wanted = change in self._source.changes and (self._match is None or bool(data.get("lines")))
        if not is_wanted:
            await self._intake.queue.set_mark(*mark)
            return
        seen = after or before
        identity = [path, change, asdict(seen) if seen is not None else None]
        event_id = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:24]
        while True:
            try:
                receipt = await self._intake.take(self._source, event_id, data, at=time.time(), mark=mark)
            except QueueFull as error:
                _logger.warning("files %s wait: %s", self._source.name, error)
                await asyncio.sleep(FULL_PAUSE)
            except InputError as error:
                _logger.warning("files %s: %s is passed over: %s", self._source.name, path, error)
                await self._intake.queue.set_mark(*mark)
                return
            else:
                if receipt.status == "rejected":
                    await self._intake.queue.set_mark(*mark)
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


def _same(before: Seen, after: Seen) -> bool:
    return (before.changed, before.size) == (after.changed, after.size)


def _shown(path: str) -> str:
    """The path as the file tools name it: relative to their root, where it is below."""
    root = settings().files.expanduser().absolute()
    return str(Path(path).relative_to(root)) if Path(path).is_relative_to(root) else path


def _dump(seen: Seen) -> str:
    return json.dumps(astuple(seen))
