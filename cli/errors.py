"""Errors as a person reads them: one clear sentence and what to do next, never a stack trace."""

from __future__ import annotations

import errno
import os
import sqlite3
import sys
import tempfile
import time
import traceback
from enum import IntEnum
from pathlib import Path

from memory.folders import make_private

_OURS = frozenset({"cli", "graph", "nodes", "models", "tools", "memory", "state", "web"})

_ROOM = "make room, then try again; `orchestrate threads` lists what can be resumed"


class Exit(IntEnum):
    """Exit codes of the command."""

    ANSWERED = 0
    FAILED = 1
    USAGE = 2
    WAITING = 3
    PARTIAL = 4
    INTERRUPTED = 130


class CommandError(Exception):
    """Something a person can put right: what is wrong, what to do about it, and the exit code."""

    def __init__(self, message: str, hint: str = "", *, code: int = Exit.FAILED) -> None:
        super().__init__(message)
        self.message, self.hint, self.code = message, hint, int(code)


class UsageError(CommandError):
    """The command was called wrongly."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint, code=Exit.USAGE)


def explain(error: BaseException) -> CommandError:
    """What to tell a person about `error`. What isn't known is written to a log file, with its trace."""
    known = error if isinstance(error, CommandError) else _known(error)
    if known is not None:
        return known
    log = _write_log(error)
    return CommandError(
        f"internal error: {type(error).__name__}: {_first_line(error)}",
        f"the details are in {log}; please report them" if log else "no log could be written",
    )


def _known(error: BaseException) -> CommandError | None:
    if isinstance(error, sqlite3.Error):
        return _database(error)
    if isinstance(error, OSError):
        return _system(error)
    if isinstance(error, ModuleNotFoundError) and error.name and error.name.partition(".")[0] not in _OURS:
        package = error.name.partition(".")[0]
        return CommandError(f"the package '{package}' is missing", "`orchestrate doctor` says how to install it")
    if _is_settings_error(error):
        return CommandError(_settings_message(error), "correct it in the environment or in .env", code=Exit.USAGE)
    module = type(error).__module__.partition(".")[0]
    if module in _OURS:  # ours: written for a person
        message = _first_line(error) or type(error).__name__
        if type(error).__name__ == "InputError":  # by name: importing it would cost what help may not
            return CommandError(message, code=Exit.USAGE)
        waits = "waits for a person" in message
        return CommandError(message, "`orchestrate approve THREAD` answers it" if waits else "")
    if type(error) is ValueError and _is_raised_by_us(error):
        return CommandError(_first_line(error), code=Exit.USAGE)
    return None


def _is_raised_by_us(error: BaseException) -> bool:
    """Whether our code raised it on purpose, to say what is wrong with a value; not a bug that surfaced as one."""
    frames = traceback.extract_tb(error.__traceback__)
    modules = [frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)]
    if not modules or str(modules[-1]).partition(".")[0] not in _OURS:
        return False
    return (frames[-1].line or "").startswith("raise ")


def _database(error: sqlite3.Error) -> CommandError:
    text = str(error)
    home = os.environ.get("ORCHESTRATE_HOME", "~/.orchestrate")
    if "locked" in text or "busy" in text:
        return CommandError("the database of threads is locked by another process", "try again when it has finished")
    if "readonly" in text or "unable to open" in text:
        return CommandError(
            f"the database of threads can't be opened or written: {text}",
            f"make the directory {home} writable, or set ORCHESTRATE_HOME to one that is",
        )
    if "full" in text or "disk I/O" in text:
        return CommandError(f"the disk can't be written: {text}", _ROOM)
    if "malformed" in text or "not a database" in text:
        return CommandError(
            f"the database of threads is damaged: {text}",
            "`orchestrate doctor` checks it; restore a copy, or move the file away to begin anew",
        )
    return CommandError(f"the database of threads failed: {text}", "`orchestrate doctor` checks it")


def _system(error: OSError) -> CommandError | None:
    name = f" {error.filename}" if error.filename else ""
    elsewhere = "set ORCHESTRATE_HOME to a directory that can be written"
    reasons = {
        errno.ENOENT: (f"there is no file or directory{name}", "check the path"),
        errno.EACCES: (f"no permission for{name}", f"check who owns it, or {elsewhere}"),
        errno.EPERM: (f"no permission for{name}", f"check who owns it, or {elsewhere}"),
        errno.EROFS: (f"the file system is read-only:{name}", elsewhere),
        errno.ENOSPC: ("the disk is full", _ROOM),
        errno.EDQUOT: ("the disk quota is used up", _ROOM),
        errno.EISDIR: (f"{name.strip()} is a directory", "name a file"),
        errno.ENOTDIR: (f"{name.strip()} is below something that is no directory", "check the path"),
    }
    found = reasons.get(error.errno or 0)
    return CommandError(*found) if found else None


def _is_settings_error(error: BaseException) -> bool:
    names = {cls.__name__ for cls in type(error).__mro__}
    return "SettingsError" in names or ("ValidationError" in names and getattr(error, "title", "") == "Settings")


def _settings_message(error: BaseException) -> str:
    errors = getattr(error, "errors", None)
    if errors is None:
        return f"a setting can't be read: {_first_line(error)}"
    found = [
        f"{_variable(item['loc'])}: {item['msg'].removeprefix('Value error, ')}" for item in errors(include_input=False)
    ]
    return "a setting can't be used: " + "; ".join(found)


def _variable(place: tuple[object, ...]) -> str:
    name, *inner = map(str, place)
    return ".".join([name if name.isupper() else f"ORCHESTRATE_{name.upper()}", *inner])


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [""])[0][:300]


def _write_log(error: BaseException) -> Path | None:
    text = "".join(traceback.format_exception(error))
    name = f"error-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    home = Path(os.environ.get("ORCHESTRATE_HOME") or "~/.orchestrate")
    for below in (home / "logs", Path(tempfile.gettempdir())):
        try:
            directory = below.expanduser()
            make_private(directory)
            path = directory / name
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            path.write_text(f"{' '.join(sys.argv[:1])} on Python {sys.version}\n\n{text}", encoding="utf-8")
        except (OSError, RuntimeError):  # RuntimeError: there is no such user, or none at all
            continue
        return path
    return None
