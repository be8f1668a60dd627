"""The tools of a real MCP server, spoken to over stdio."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from state.task import Task
from tests.nodes.harness import Bench
from tools.bridges.mcp import mcp_tools
from tools.registry import Toolbox, ToolFailure, ToolSpec

SERVER = '''
from mcp.server.fastmcp import FastMCP
from mcp.types import ToolAnnotations
from pydantic import BaseModel

server = FastMCP("shop")

class Article(BaseModel):
    name: str
    price: float

@server.tool(annotations=ToolAnnotations(readOnlyHint=True))
def price(article: str) -> Article:
    """What an article costs."""
    return Article(name=article, price=2.5)

@server.tool(annotations=ToolAnnotations(readOnlyHint=True))
def articles(limit: int = 2) -> list[str]:
    """The articles there are."""
    return ["pen", "ink", "paper"][:limit]

@server.tool(annotations=ToolAnnotations(destructiveHint=True))
def delete(article: str) -> str:
    """Delete an article."""
    return "deleted " + article

@server.tool(annotations=ToolAnnotations(destructiveHint=False, idempotentHint=True))
def put(article: str, count: int) -> str:
    """Set how many there are."""
    return f"{count} of {article}"

@server.tool()
def guess() -> str:
    """Nobody knows what this does."""
    raise ValueError("the guess went wrong")

server.run()
'''


@pytest.fixture
def connection(tmp_path: Path) -> dict[str, Any]:
    script = tmp_path / "server.py"
    script.write_text(SERVER)
    return {"command": sys.executable, "args": [str(script)]}


async def _by_name(servers: dict[str, Any], **options: Any) -> dict[str, ToolSpec]:
    return dict(Toolbox(await mcp_tools(servers, **{"timeout": 120, **options})))


async def test_a_servers_hints_become_risk(connection: dict[str, Any]) -> None:
    specs = await _by_name({"shop": connection})
    terms = {name: (spec.risk, spec.idempotent) for name, spec in specs.items()}
    assert terms == {
        "shop_price": ("read", True),
        "shop_articles": ("read", True),
        "shop_delete": ("irreversible", False),
        "shop_put": ("write", True),
        "shop_guess": ("write", False),
    }
    assert not any(spec.trusted or spec.unavailable for spec in specs.values())
    assert specs["shop_price"].description == "What an article costs."
    assert specs["shop_put"].parameters["required"] == ["article", "count"]
    distrusted = await _by_name({"shop": connection}, trust_hints=False)
    assert {(spec.risk, spec.idempotent) for spec in distrusted.values()} == {("write", False)}


async def test_values_keep_their_json(connection: dict[str, Any]) -> None:
    specs = await _by_name({"shop": connection})
    assert (await specs["shop_price"].call({"article": "pen"})).value == {"name": "pen", "price": 2.5}
    listed = await specs["shop_articles"].call({"limit": 1})
    assert listed.value == ["pen"]
    put = await specs["shop_put"].call({"article": "pen", "count": 3})
    assert put.value == "3 of pen"
    (evidence,) = put.evidence
    assert (evidence.text, evidence.source, evidence.trusted) == ("3 of pen", "shop: put", False)


async def test_an_error_of_a_tool_is_typed(connection: dict[str, Any]) -> None:
    specs = await _by_name({"shop": connection})
    with pytest.raises(ToolFailure, match="the guess went wrong") as failure:
        await specs["shop_guess"].call({})
    assert failure.value.kind == "permanent"


async def test_a_server_that_is_down_is_listed_with_the_reason(connection: dict[str, Any], tmp_path: Path) -> None:
    specs = await _by_name(
        {
            "missing": {"command": str(tmp_path / "nothing"), "args": []},
            "closed": {"url": "http://127.0.0.1:9/mcp"},
            "wrong": {"transport": "pigeon"},
            "shop": connection,
        }
    )
    for name in ("missing", "closed", "wrong"):
        assert f"the MCP server '{name}'" in (specs[f"{name}_tools"].unavailable or "")
    assert specs["shop_price"].unavailable is None


async def test_a_server_that_says_nothing_is_waited_for_only_so_long() -> None:
    silent = {"transport": "stdio", "command": sys.executable, "args": ["-c", "import time; time.sleep(600)"]}
    specs = await _by_name({"silent": silent}, timeout=1)
    assert specs["silent_tools"].unavailable == "the MCP server 'silent' didn't list its tools within 1 s"


BY_HAND = """
import json, os, sys

TEXT = {"content": [{"type": "text", "text": "ok"}]}
ANSWERS = {
    "unfit": {"result": {**TEXT, "structuredContent": {"id": "seven"}}},
    "bare": {"result": TEXT},
    "sound": {"result": {"content": [{"type": "audio", "data": "AAAA", "mimeType": "audio/wav"}]}},
    "garbled": {"result": {"content": "ok"}},
    "refused": {"error": {"code": -32602, "message": "no such article"}},
    "gone": None,
}
SCHEMA = {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}

for line in sys.stdin:
    asked = json.loads(line)
    method, told = asked["method"], asked.get("params", {})
    if method == "tools/list":
        inputs = {"type": "object", "properties": {}}
        answer = {"result": {"tools": [{"name": name, "inputSchema": inputs} for name in ANSWERS]}}
        for one in answer["result"]["tools"][:2]:
            one["outputSchema"] = SCHEMA
    elif method == "tools/call":
        answer = ANSWERS[told["name"]]
    elif method == "initialize":
        about = {"capabilities": {"tools": {}}, "serverInfo": {"name": "shop", "version": "1"}}
        answer = {"result": {"protocolVersion": told["protocolVersion"], **about}}
    else:
        continue
    if answer is None:
        os._exit(0)
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], **answer}), flush=True)
"""


async def test_a_write_that_may_have_happened_never_counts_as_failed(tmp_path: Path) -> None:
    script = tmp_path / "server.py"
    script.write_text(BY_HAND)
    specs = await mcp_tools({"shop": {"command": sys.executable, "args": [str(script)]}})
    out = await Bench(specs).run([Task(id=spec.name.removeprefix("shop_"), tool=spec.name) for spec in specs])
    assert {name: result.status for name, result in out["results"].items()} == {
        "unfit": "done", "bare": "done", "sound": "done", "garbled": "pending", "gone": "pending", "refused": "failed",
    }  # fmt: skip
    assert {asked.value["kind"] for asked in out["__interrupt__"]} == {"in_doubt"}
    assert "Done; what came back was left out: 'unfit' of the MCP server 'shop'" in out["results"]["unfit"].value


async def test_a_write_that_was_never_begun_is_in_no_doubt(tmp_path: Path) -> None:
    script = tmp_path / "server.py"
    script.write_text(BY_HAND)
    program = tmp_path / "program"
    program.symlink_to(sys.executable)
    specs = await mcp_tools({"shop": {"command": str(program), "args": [str(script)]}})
    program.unlink()
    out = await Bench(specs).run([Task(id="t1", tool="shop_bare")])
    assert out["results"]["t1"].status == "failed"
    assert "the connection to the MCP server 'shop' broke" in out["results"]["t1"].error.message
