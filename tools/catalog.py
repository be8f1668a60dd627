"""The catalog: every built-in tool as it can be used here, and the tools that users bring."""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from langchain_core.tools import BaseTool

from memory.settings import Settings, settings
from tools.registry import ToolSpec

_TOLD = 3
"""Files whose failure is told, where none could be read."""


def builtin_tools(
    *,
    docs: Sequence[str | Path] | None = None,
    db: str | None = None,
    files_root: Path | None = None,
    config: Settings | None = None,
    clean: Callable[[str], str] | None = None,
) -> list[ToolSpec]:
    """All built-in tools, and those that the settings `tools` and `mcp` name.

    `docs`: files and folders to search; `db`: SQLAlchemy URL of the database to query; `files_root`: the folder that
    the file tools are confined to; `clean`: what passages of documents go through before they are stored. A tool
    whose key, server, index or database is missing is listed all the same, its `unavailable` saying what to do.

    Blocks: it imports, reads the database's schema and brings the index of documents up to date. On an event loop call
    it by `asyncio.to_thread`. Raises ValueError if the user's tools can't be loaded.
    """
    config = config or settings()
    from tools.ask_human import ask_human
    from tools.calculate import calculate
    from tools.fetch_page import fetch_page
    from tools.files import file_tools
    from tools.http_request import http_request
    from tools.now import now
    from tools.pick import find_link, pick
    from tools.run_python import run_python
    from tools.search_web import search_web
    from tools.send_email import send_email

    return [
        calculate,
        now,
        pick,
        find_link,
        *document_tools(docs or [], config, clean),
        *database_tools(db),
        *file_tools(files_root or config.files),
        search_web(config),
        fetch_page(allow=config.http_allow),
        http_request(allow=config.http_allow),
        send_email(config),
        run_python(),
        ask_human(),
        *tools_of_settings(config),
    ]


def document_tools(
    docs: Sequence[str | Path], config: Settings, clean: Callable[[str], str] | None = None
) -> list[ToolSpec]:
    """Those of the built-in tools that search `docs`, files and folders; blocks as `builtin_tools`."""
    return [_search_documents(docs, config.directory / "documents", clean)]


def database_tools(url: str | None) -> list[ToolSpec]:
    """Those of the built-in tools that work on the database at `url`; blocks as `builtin_tools`."""
    from tools.query_database import query_database
    from tools.run_sql import run_sql

    return [query_database(url), run_sql(url)]


def tools_of_settings(config: Settings) -> list[ToolSpec]:
    """The tools that the settings `tools` and `mcp` name; blocks, and raises, as `builtin_tools`."""
    return [*(load_tools(config.tools) if config.tools else []), *(_mcp_tools(config) if config.mcp else [])]


def load_tools(path: str) -> list[ToolSpec]:
    """The user's tools at `path`: 'tools.py' or 'a.module' for all tools in it, ':name' after it for one.

    A name may stand for a tool, a list of tools, or a function without arguments that makes either. Runs the code it
    loads. Raises ValueError saying what is wrong.
    """
    place, _, attribute = path.partition(":") if not _has_drive(path) else (path, "", "")
    try:
        module = _module(place)
    except (Exception, SystemExit) as error:
        raise _unloadable(place, error) from error
    if attribute:
        if not hasattr(module, attribute):
            raise ValueError(f"'{place}' has no '{attribute}'")
        found = getattr(module, attribute)
        if callable(found) and not isinstance(found, BaseTool):
            try:
                found = found()
            except (Exception, SystemExit) as error:
                raise _unloadable(path, error) from error
        specs = list(_specs(found))
    else:
        specs = list(_specs([value for name, value in vars(module).items() if not name.startswith("_")], strict=False))
    if not specs:
        raise ValueError(f"there are no tools in '{path}'; mark functions with @tool from tools.registry")
    return specs


def _unloadable(place: str, error: BaseException) -> ValueError:
    return ValueError(f"the tools in '{place}' can't be loaded: {type(error).__name__}: {error}")


def _search_documents(paths: Sequence[str | Path], directory: Path, clean: Callable[[str], str] | None) -> ToolSpec:
    from tools.search_documents import search_documents

    if not paths:
        return search_documents(None)
    from memory.documents import DocumentsError, index_for

    try:
        index, report = index_for(paths, directory, clean)
    except DocumentsError as error:
        return replace(search_documents(None), unavailable=str(error))
    made = search_documents(index)
    if made.unavailable and report.failed:
        told = [f"{file} {reason}" for file, reason in report.failed[:_TOLD]]
        more = [f"and {len(report.failed) - _TOLD} more"] if len(report.failed) > _TOLD else []
        return replace(made, unavailable=f"no document could be read: {'; '.join([*told, *more])}")
    return made


def _mcp_tools(config: Settings) -> list[ToolSpec]:
    from tools.bridges.mcp import mcp_tools

    # A loop may be running in this thread.
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(lambda: asyncio.run(mcp_tools(config.mcp))).result()


def _module(place: str) -> ModuleType:
    file = Path(place).expanduser()
    if file.suffix != ".py":
        return importlib.import_module(place)
    if not file.is_file():
        raise FileNotFoundError(f"there is no file {file}")
    # A name of its own for each file, so that two files called tools.py don't hide each other, or ours.
    name = f"user_tools_{hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:12]}"
    found = importlib.util.spec_from_file_location(name, file)
    if found is None or found.loader is None:
        raise ImportError(f"{file} is no Python file")
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module
    try:
        found.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _specs(found: Any, *, strict: bool = True) -> Iterable[ToolSpec]:
    """The specs of a tool or a collection of tools; what is no tool is an error if `strict`, else passed over."""
    if isinstance(found, BaseTool | ToolSpec):
        yield ToolSpec.of(found)
        return
    if not isinstance(found, list | tuple):
        raise ValueError(
            f"a tool is made by @tool from tools.registry, or a LangChain tool; this is {type(found).__name__}"
        )
    for value in {id(value): value for value in found}.values():
        if isinstance(value, BaseTool | ToolSpec):
            yield ToolSpec.of(value)
        elif strict:
            raise ValueError(f"among the tools is one that is none: {value!r}")


def _has_drive(path: str) -> bool:
    return len(path) > 2 and path[1] == ":" and path[2] in "\\/"
