"""The catalog lists every built-in tool as it can be used here, and loads the tools that users bring."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from memory.settings import Settings
from tools.catalog import builtin_tools, load_tools
from tools.registry import Toolbox, ToolSpec

ALL = {
    "calculate", "now", "pick", "find_link", "search_documents", "read_file", "list_files", "write_file",
    "query_database", "run_sql", "search_web", "fetch_page", "http_request", "send_email", "run_python", "ask_human",
}  # fmt: skip
USER_TOOLS = '''
from langchain_core.tools import tool as langchain_tool
from tools.registry import tool

@tool(risk="read", trusted=True)
def stock(article: str) -> int:
    """How many there are."""
    return 12

@langchain_tool
def greet(name: str) -> str:
    """Greet somebody."""
    return "Hello " + name

some = [stock]
_hidden = greet
number = 5

def make():
    return [stock, greet]

def lacking():
    return {}["nothing"]
'''


def _settings(**values: Any) -> Settings:
    return Settings(_env_file=None, **values)


def _listed(config: Settings | None = None, **given: Any) -> Toolbox:
    return Toolbox(builtin_tools(config=config or _settings(), **given))


def test_every_tool_is_listed_and_says_what_it_lacks(tmp_path: Path) -> None:
    tools = _listed(files_root=tmp_path)
    assert set(tools) == ALL
    lacking = {name: spec.unavailable for name, spec in tools.items() if spec.unavailable}
    assert set(lacking) == {"search_documents", "query_database", "run_sql", "send_email"}
    assert "ORCHESTRATE_SMTP_URL" in str(lacking["send_email"])
    assert all(len(str(reason)) > 15 for reason in lacking.values())


def test_each_tool_explains_itself_and_its_risk(tmp_path: Path) -> None:
    tools = _listed(files_root=tmp_path)
    assert all(spec.description and spec.parameters["type"] == "object" for spec in tools.values())
    writing = {name for name, spec in tools.items() if spec.risk != "read"}
    assert writing == {"write_file", "run_sql", "http_request", "send_email"}
    untrusted = {name for name, spec in tools.items() if not spec.trusted}
    assert untrusted >= {"search_web", "fetch_page", "http_request", "search_documents", "read_file"}


def test_what_is_there_becomes_available(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("# Harbour\n\nThe harbour is 12 m deep.")
    database = f"sqlite:///{tmp_path / 'shop.sqlite'}"
    with closing(sqlite3.connect(tmp_path / "shop.sqlite")) as connection:
        connection.execute("CREATE TABLE articles (name TEXT)")
    config = _settings(smtp_url=SecretStr("smtp://127.0.0.1:25"))
    tools = _listed(config, docs=[tmp_path / "notes.md"], db=database, files_root=tmp_path)
    assert {name: spec.unavailable for name, spec in tools.items() if spec.unavailable} == {}


def test_documents_that_are_not_there_leave_the_rest_usable(tmp_path: Path) -> None:
    tools = _listed(docs=[tmp_path / "nothing.md"], files_root=tmp_path)
    assert "nothing.md" in (tools["search_documents"].unavailable or "")
    assert tools["calculate"].unavailable is None


@pytest.mark.parametrize(("count", "more"), [(1, ""), (3, ""), (5, "; and 2 more")])
def test_where_no_document_can_be_read_each_reason_is_told(tmp_path: Path, count: int, more: str) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.docx").write_bytes(b"PK no archive")
    told = _listed(docs=[folder], files_root=tmp_path)["search_documents"].unavailable or ""
    assert told.count("is damaged") == min(count, 3)
    assert told.endswith(more)


async def test_a_document_is_found_through_the_catalog(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("# Harbour\n\nThe harbour is 12 m deep.")
    tools = await asyncio.to_thread(_listed, docs=[tmp_path / "notes.md"], files_root=tmp_path)
    output = await tools["search_documents"].call({"query": "How deep is the harbour?"})
    assert any("12 m deep" in evidence.text for evidence in output.evidence)


@pytest.fixture
def user_tools(tmp_path: Path) -> Path:
    file = tmp_path / "tools.py"
    file.write_text(USER_TOOLS)
    return file


@pytest.mark.parametrize(
    ("attribute", "names"),
    [("", ["stock", "greet"]), (":stock", ["stock"]), (":some", ["stock"]), (":make", ["stock", "greet"])],
)
def test_users_tools_come_from_a_file(user_tools: Path, attribute: str, names: list[str]) -> None:
    specs = load_tools(f"{user_tools}{attribute}")
    assert [spec.name for spec in specs] == names


async def test_users_tools_keep_their_terms(user_tools: Path) -> None:
    stock, greet = load_tools(str(user_tools))
    assert (stock.risk, stock.trusted) == ("read", True)
    assert (greet.risk, greet.trusted, greet.idempotent) == ("write", False, False)
    assert (await stock.call({"article": "pen"})).value == 12


def test_users_tools_come_from_a_module(user_tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user_tools.rename(tmp_path / "my_shop_tools.py")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert [spec.name for spec in load_tools("my_shop_tools:make")] == ["stock", "greet"]
    sys.modules.pop("my_shop_tools")


def test_the_setting_adds_them_to_the_catalog(user_tools: Path, tmp_path: Path) -> None:
    tools = _listed(_settings(tools=str(user_tools)), files_root=tmp_path)
    assert isinstance(tools["stock"], ToolSpec)
    assert set(tools) == ALL | {"stock", "greet"}


async def test_the_setting_adds_mcp_servers_even_where_a_loop_runs(tmp_path: Path) -> None:
    config = _settings(mcp={"shop": {"command": str(tmp_path / "nothing"), "args": []}})
    tools = _listed(config, files_root=tmp_path)
    assert "the MCP server 'shop' can't be reached" in (tools["shop_tools"].unavailable or "")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/nowhere/tools.py", "there is no file"),
        ("no_such_module_here", "No module named"),
        ("{file}:nothing", "has no 'nothing'"),
        ("{file}:number", "this is int"),
        ("{empty}", "there are no tools"),
        ("{broken}", "SyntaxError"),
        ("{ending}", "SystemExit: 3"),
        ("{file}:lacking", "KeyError: 'nothing'"),
        ("{making}:make", "RuntimeError: no stock"),
    ],
)
def test_what_cannot_be_loaded_is_said(user_tools: Path, tmp_path: Path, path: str, message: str) -> None:
    (tmp_path / "empty.py").write_text("x = 1\n")
    (tmp_path / "broken.py").write_text("def (\n")
    (tmp_path / "making.py").write_text("def make():\n    raise RuntimeError('no stock')\n")
    (tmp_path / "ending.py").write_text("import sys\nsys.exit(3)\n")
    names = ("empty", "broken", "making", "ending")
    given = path.format(file=user_tools, **{name: tmp_path / f"{name}.py" for name in names})
    with pytest.raises(ValueError, match=message):
        load_tools(given)
