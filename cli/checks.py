"""The checks of `orchestrate doctor`. Each looks at one thing and never raises."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from memory.settings import Settings

DISTRIBUTION = "orchestration-layer"
_PATIENCE = 3.0
_SHOWN = ("langgraph", "langchain-core", "langchain-openai", "langgraph-checkpoint-sqlite")


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. 'off': it isn't configured and needn't be."""

    name: str
    state: Literal["ok", "off", "problem"]
    found: str
    advice: str = ""


def run_checks() -> list[Check]:
    """All checks, in the order a person would look."""
    checks = [_python(), _packages()]
    try:
        from memory.settings import settings

        config = settings()
    except Exception as error:  # whatever a setting's value does to its parser
        from cli.errors import explain

        told = explain(error)
        return [*checks, Check("settings", "problem", told.message, told.hint)]
    named: list[tuple[str, Callable[[Settings], Check]]] = [
        ("home", _home), ("SQLite", _sqlite), ("threads", _threads), ("encryption", _encryption), ("brain", _brain),
        ("web search", _web_search), ("mail", _mail), ("documents", _documents), ("database", _database),
        ("own tools", _own_tools), ("policy", _policy), ("tracing", _tracing), ("drawing", _drawing),
    ]  # fmt: skip
    for name, look in named:
        try:
            checks.append(look(config))
        except Exception as error:  # a check that fails is a finding, not a crash
            checks.append(Check(name, "problem", f"{type(error).__name__}: {str(error)[:200]}"))
    return checks


def _python() -> Check:
    return Check("Python", "ok", f"{platform.python_version()}, {sys.executable}")


def _packages() -> Check:
    from importlib import metadata

    from packaging.requirements import Requirement

    wrong: list[str] = []
    try:
        requirements = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return Check("packages", "problem", f"{DISTRIBUTION} is not installed", "pip install .")
    for requirement in map(Requirement, requirements):
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement.name} is {version}, needed is {requirement.specifier}")
    if wrong:
        return Check("packages", "problem", "; ".join(wrong), "pip install --upgrade . in the project's directory")
    shown = ", ".join(f"{name} {metadata.version(name)}" for name in _SHOWN)
    return Check("packages", "ok", f"{shown}, and {len(requirements) - len(_SHOWN)} others as required")


def _home(config: Settings) -> Check:
    directory = config.directory
    if reason := _unwritable(directory):
        advice = "put that right, or set ORCHESTRATE_HOME to a directory that you can write"
        return Check("home", "problem", reason, advice)
    if directory.exists() and directory.stat().st_mode & 0o077 and os.name == "posix":
        advice = f"chmod 700 {directory}, to keep others on this machine out"
        return Check("home", "ok", f"{directory}, which others may look into", advice)
    return Check("home", "ok", f"{directory}{'' if directory.exists() else ', made when it is needed'}")


def _unwritable(directory: Path) -> str:
    """Why nothing can be kept in a directory, or it can't be made; empty if it can."""
    nearest = directory
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        return f"{nearest} is no directory"
    try:  # permissions don't tell all: a file system may be full, or read-only, or none that files can be made in
        Path(tempfile.mkdtemp(dir=nearest)).rmdir()
    except OSError as error:
        return f"{nearest} can't be written: {error.strerror}"
    return ""


def _sqlite(config: Settings) -> Check:
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute("CREATE VIRTUAL TABLE probe USING fts5(text)")
        except sqlite3.OperationalError:
            advice = "use a Python whose SQLite has FTS5: document search needs it"
            return Check("SQLite", "problem", f"{sqlite3.sqlite_version} without FTS5", advice)
    return Check("SQLite", "ok", f"{sqlite3.sqlite_version} with FTS5")


def _threads(config: Settings) -> Check:
    from memory.database import PostgresServer, SqliteFile, backing_of_url
    from state.text import counted

    backing = backing_of_url(config.database_url)
    if isinstance(backing, PostgresServer):
        return _postgres(backing.conninfo)
    if not isinstance(backing, SqliteFile):
        return Check("threads", "ok", "kept in memory: they end with the process")
    if reason := _unwritable(backing.path.parent):
        return Check("threads", "problem", reason, "set ORCHESTRATE_HOME, or ORCHESTRATE_DATABASE, to another")
    if not backing.path.exists():
        return Check("threads", "ok", f"{backing.path}, made by the first run")
    try:
        with closing(sqlite3.connect(f"{backing.path.as_uri()}?mode=ro", uri=True, timeout=_PATIENCE)) as connection:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            count = 0
            if "checkpoints" in tables:
                (count,) = connection.execute("SELECT COUNT(DISTINCT thread_id) FROM checkpoints").fetchone()
    except sqlite3.Error as error:
        verdict, count = str(error), 0
    if verdict != "ok":
        advice = "restore a copy, or move the file away to begin anew"
        return Check("threads", "problem", f"{backing.path} is damaged: {verdict}", advice)
    megabytes = backing.path.stat().st_size / 1e6
    return Check("threads", "ok", f"{backing.path}: {counted(count, 'thread')}, {megabytes:.1f} MB, intact")


def _postgres(conninfo: str) -> Check:
    try:
        import psycopg
    except ImportError:
        return Check("threads", "problem", "the Postgres driver is missing", "pip install '.[postgres]'")
    try:
        with psycopg.connect(conninfo, connect_timeout=int(_PATIENCE)) as connection:
            version = connection.info.server_version // 10_000
    except psycopg.Error as error:
        reason = (str(error).strip().splitlines() or [""])[0]
        return Check("threads", "problem", f"Postgres: {reason}", "check ORCHESTRATE_DATABASE and that it runs")
    return Check("threads", "ok", f"Postgres {version}, reachable")


def _encryption(config: Settings) -> Check:
    if config.encryption_key is None:
        return Check("encryption", "off", "checkpoints are not encrypted", "set ORCHESTRATE_ENCRYPTION_KEY to do so")
    length = len(config.encryption_key.get_secret_value().encode())
    if length not in (16, 24, 32):
        return Check("encryption", "problem", f"the key has {length} bytes", "it must have 16, 24 or 32")
    return Check("encryption", "ok", "checkpoints are encrypted")


def _brain(config: Settings) -> Check:
    chosen = config.brain or ("chat" if config.has_model else "reflex")
    if chosen == "reflex":
        advice = "set OPENAI_API_KEY, or OPENAI_BASE_URL for Ollama, vLLM or llama.cpp, to use a model"
        return Check(
            "brain", "ok", "reflex, the embedded one: it answers by quoting", "" if config.has_model else advice
        )
    if chosen != "chat":
        return Check("brain", "problem", f"there is no brain '{chosen}'", "set ORCHESTRATE_BRAIN to reflex or chat")
    if not config.has_model:
        advice = "set OPENAI_API_KEY or OPENAI_BASE_URL, or ORCHESTRATE_BRAIN=reflex"
        return Check("brain", "problem", "chat is chosen and no model is configured", advice)
    return _model_server(config)


def _model_server(config: Settings) -> Check:
    import httpx

    base = (config.openai_base_url or "https://api.openai.com/v1").rstrip("/")
    host = urlsplit(base).hostname or base
    key = config.openai_api_key.get_secret_value() if config.openai_api_key else ""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        answer = httpx.get(f"{base}/models", headers=headers, timeout=_PATIENCE)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        advice = "check OPENAI_BASE_URL and that the server runs; until then the embedded brain answers"
        return Check("brain", "problem", f"chat: {host} can't be reached: {str(error) or type(error).__name__}", advice)
    if answer.status_code in (401, 403):
        return Check("brain", "problem", f"chat: {host} refuses the key", "set OPENAI_API_KEY to a valid one")
    models = _model_names(answer)
    if models and config.model not in models:
        advice = f"set ORCHESTRATE_MODEL to one of: {', '.join(sorted(models)[:8])}"
        return Check("brain", "problem", f"chat: {host} has no model '{config.model}'", advice)
    return Check("brain", "ok", f"chat: {config.model} at {host}, reachable")


def _model_names(answer: object) -> set[str]:
    try:
        return {str(model["id"]) for model in answer.json()["data"]}  # type: ignore[attr-defined]
    except (ValueError, KeyError, TypeError):
        return set()


def _web_search(config: Settings) -> Check:
    if config.tavily_api_key:
        return Check("web search", "ok", "Tavily, by TAVILY_API_KEY")
    return Check("web search", "off", "DuckDuckGo, without a key", "set TAVILY_API_KEY for better results")


def _mail(config: Settings) -> Check:
    import socket

    if config.smtp_url is None:
        return Check("mail", "off", "no server is configured", "set ORCHESTRATE_SMTP_URL to send mail")
    from tools.send_email import host_and_port, send_email

    if problem := send_email(config).unavailable:
        return Check("mail", "problem", problem, "correct ORCHESTRATE_SMTP_URL")
    host, port = host_and_port(config.smtp_url.get_secret_value())
    try:
        socket.create_connection((host, port), timeout=_PATIENCE).close()
    except OSError as error:
        return Check("mail", "problem", f"{host}:{port} can't be reached: {error}", "check the server")
    return Check("mail", "ok", f"{host}:{port}, reachable; from {config.smtp_from}")


def _documents(config: Settings) -> Check:
    if not config.docs:
        return Check("documents", "off", "none by default", "name them by --docs, or set ORCHESTRATE_DOCS")
    missing = [str(path) for path in config.docs if not Path(path).expanduser().exists()]
    if missing:
        return Check("documents", "problem", f"not there: {', '.join(missing)}", "correct ORCHESTRATE_DOCS")
    return Check("documents", "ok", ", ".join(map(str, config.docs)))


def _database(config: Settings) -> Check:
    if config.db is None:
        return Check("database", "off", "none by default", "name one by --db, or set ORCHESTRATE_DB")
    from tools.query_database import opened
    from tools.sql_database import without_password

    _, tables, problem = opened(config.db, patience=_PATIENCE)
    if problem is not None:
        return Check("database", "problem", problem, "correct ORCHESTRATE_DB")
    return Check("database", "ok", f"{without_password(config.db)}; tables that can be queried: {len(tables)}")


def _own_tools(config: Settings) -> Check:
    if config.tools is None:
        return Check("own tools", "off", "none", "name a Python file with some by ORCHESTRATE_TOOLS")
    from tools.catalog import load_tools

    try:
        found = load_tools(config.tools)
    except ValueError as error:
        return Check("own tools", "problem", str(error), "correct the file, or ORCHESTRATE_TOOLS")
    return Check("own tools", "ok", f"{config.tools}: {', '.join(spec.name for spec in found)}")


def _policy(config: Settings) -> Check:
    from graph.kits import choose_policy

    try:
        policy = choose_policy(config.policy)
    except ValueError as error:
        return Check("policy", "problem", str(error), "correct ORCHESTRATE_POLICY")
    answers = {
        "writing": policy.write,
        "writing what is untrusted": policy.untrusted_write,
        "irreversible": policy.irreversible,
    }
    return Check("policy", "ok", f"{policy.name}: " + ", ".join(f"{what} {how}" for what, how in answers.items()))


def _tracing(config: Settings) -> Check:
    from graph import tracing

    collector = tracing.endpoint(config)
    if collector and not tracing.is_installed():
        return Check(
            "tracing", "problem", f"OpenTelemetry to {collector}, but it isn't installed", "install the extra otel"
        )
    places = [f"OpenTelemetry to {collector}"] if collector else []
    if config.langsmith_api_key:
        on = os.environ.get("LANGSMITH_TRACING", os.environ.get("LANGCHAIN_TRACING_V2", "")).lower() == "true"
        if not on and not places:
            return Check("tracing", "off", "LANGSMITH_API_KEY is set, tracing is off", "set LANGSMITH_TRACING=true")
        places += ["LangSmith"] if on else []
    if places:
        return Check("tracing", "ok", " and ".join(places))
    return Check(
        "tracing",
        "off",
        "`orchestrate report` is kept beside each run",
        "set LANGSMITH_API_KEY to trace to LangSmith, OTEL_EXPORTER_OTLP_ENDPOINT to a collector of OpenTelemetry",
    )


def _drawing(config: Settings) -> Check:
    import shutil

    if shutil.which("dot"):
        return Check("drawing", "ok", "Graphviz is here: `orchestrate graph --svg` works")
    return Check("drawing", "off", "no Graphviz", "install the package graphviz for `orchestrate graph --svg`")
