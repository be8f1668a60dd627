"""Files confined to a root folder: no path leads out of it, by whatever trick, at whatever moment."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

LARGEST_READ = 50 * 1024 * 1024
LARGEST_WRITE = 5 * 1024 * 1024
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Refused(Exception):
    """The path may not be used, or can't. The message says why and what to do."""


class Confined:
    """The files below `root`. Paths are relative to it, with '/' between their parts.

    A path is resolved first, links included, and must stay below the root; then it is walked from the
    root's descriptor without following links, so that nothing can be exchanged in between.
    """

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root).expanduser().absolute()

    def unavailable(self) -> str | None:
        """Why the root can't be used; None if it can."""
        if not self.root.is_dir():
            return f"there is no folder {self.root}; make it, or name another one in ORCHESTRATE_FILES"
        return None if os.access(self.root, os.R_OK | os.X_OK) else f"the folder {self.root} may not be read"

    def read(self, path: str) -> bytes:
        """The bytes of a file. Raises Refused."""
        folders, name = self._parts(path, must_name_file=True)
        with self._folder(folders, path) as folder, _reasons(path):
            # Without O_NONBLOCK opening a pipe would wait for its other end for ever.
            handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
            with os.fdopen(handle, "rb") as file:
                status = os.fstat(file.fileno())
                if stat.S_ISDIR(status.st_mode):
                    raise Refused(f"'{path}' is a folder; list it, or name a file in it")
                if not stat.S_ISREG(status.st_mode):
                    raise Refused(f"'{path}' is a device or a pipe, not a file")
                data = file.read(LARGEST_READ + 1)
        if len(data) > LARGEST_READ:
            raise Refused(f"'{path}' is larger than {LARGEST_READ >> 20} MB")
        return data

    def write(self, path: str, data: bytes) -> bool:
        """Make or replace a file, at once or not at all; folders on the way are made. Raises Refused.

        Returns False if it held exactly that already.
        """
        if len(data) > LARGEST_WRITE:
            raise Refused(f"a file may have {LARGEST_WRITE >> 20} MB, this one has {len(data) >> 20} MB; split it")
        folders, name = self._parts(path, must_name_file=True)
        with self._folder(folders, path, create=True) as folder, _reasons(path):
            before = _status(name, folder)
            if before is not None and not stat.S_ISREG(before.st_mode):
                raise Refused(f"'{path}' is a folder, a link or a device; choose another name")
            if before is not None and before.st_size == len(data) and self.read(path) == data:
                return False
            mode = stat.S_IMODE(before.st_mode) if before is not None else 0o644
            _replace(folder, name, data, mode)
        return True

    def files(self, path: str, pattern: str, most: int) -> tuple[list[tuple[str, os.stat_result]], bool]:
        """Files below a folder whose name fits a pattern, sorted, and whether there are more. Raises Refused.

        Hidden files are left out, links aren't followed.
        """
        folders, name = self._parts(path, must_name_file=False)
        with self._folder([*folders, name] if name else folders, path):
            start = self.root.joinpath(*folders, name)
        found: list[tuple[str, os.stat_result]] = []
        for directory, names, files in os.walk(start):
            names[:] = sorted(each for each in names if not each.startswith("."))
            for each in sorted(files):
                if each.startswith(".") or not PurePosixPath(each).match(pattern):
                    continue
                file = Path(directory, each)
                with contextlib.suppress(OSError):
                    status = file.lstat()
                    if stat.S_ISREG(status.st_mode):
                        if len(found) == most:
                            return found, True
                        found.append((file.relative_to(self.root).as_posix(), status))
        return found, False

    def _parts(self, path: str, *, must_name_file: bool) -> tuple[list[str], str]:
        """The folders and the name of a path, links resolved. Raises Refused."""
        if "\0" in path or any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in path):
            raise Refused(f"{path!r} has control characters in it; use plain names")
        if path.startswith(("/", "~")) or "\\" in path or (len(path) > 1 and path[1] == ":"):
            raise Refused(f"'{path}' is not relative to the folder of the files; name it as in 'notes/today.txt'")
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if ".." in parts:
            raise Refused(f"'{path}' leads out of the folder of the files by '..'; name it as in 'notes/today.txt'")
        if hidden := next((part for part in parts if part.startswith(".")), None):
            raise Refused(f"'{hidden}' is hidden; hidden files and folders are left alone")
        if must_name_file and (not parts or path.endswith("/")):
            raise Refused(f"'{path}' names no file")
        root = self.root.resolve()
        with _reasons(path):
            resolved = root.joinpath(*parts).resolve()
        if not resolved.is_relative_to(root):
            raise Refused(f"'{path}' is a link that leads out of the folder of the files")
        found = list(resolved.relative_to(root).parts)
        if any(part.startswith(".") for part in found):
            raise Refused(f"'{path}' is a link to something hidden; hidden files and folders are left alone")
        return found[:-1], found[-1] if found else ""

    @contextlib.contextmanager
    def _folder(self, folders: list[str], path: str, *, create: bool = False) -> Iterator[int]:
        """The descriptor of a folder below the root, walked to without following links."""
        with _reasons(path):
            handle = os.open(self.root.resolve(), _FOLDER)
        try:
            with _reasons(path):
                for folder in folders:
                    if create:
                        with contextlib.suppress(FileExistsError):
                            os.mkdir(folder, dir_fd=handle)
                    below = os.open(folder, _FOLDER, dir_fd=handle)
                    os.close(handle)
                    handle = below
            yield handle
        finally:
            os.close(handle)


def _status(name: str, folder: int) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _replace(folder: int, name: str, data: bytes, mode: int) -> None:
    """Write a file beside its place, flush it to disk, and rename it into place."""
    temporary = f".{secrets.token_hex(8)}.tmp"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode, dir_fd=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=folder)
        raise
    with contextlib.suppress(OSError):  # some file systems can't flush a folder; the file is in its place all the same
        os.fsync(folder)


@contextlib.contextmanager
def _reasons(path: str) -> Iterator[None]:
    """The system's errors as sentences."""
    try:
        yield
    except OSError as error:
        known = {
            errno.ENOENT: "there is no file '{}'",
            errno.ENOTDIR: "a part of '{}' is a file or a link, not a folder",
            errno.ELOOP: "'{}' is a link that can't be followed here",
            errno.EACCES: "'{}' may not be used; check its permissions",
            errno.ENOSPC: "the disk is full, '{}' wasn't written; free some space",
            errno.EROFS: "'{}' is on a disk that can't be written",
            errno.ENAMETOOLONG: "'{}' is too long a name",
            errno.EISDIR: "'{}' is a folder, not a file",
        }
        message = known.get(error.errno or 0, "'{}' can't be used: " + str(error.strerror))
        raise Refused(message.format(path[:200])) from error
    except RuntimeError as error:  # pathlib's word for a loop of links
        raise Refused(f"'{path[:200]}' is a loop of links") from error
