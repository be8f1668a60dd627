"""After a run whose goal, plan, tool output, error and answers hold secrets: none of them is in any file."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any, ClassVar

import pytest
from langchain_core.tracers.langchain import LangChainTracer
from langgraph.types import Command

from graph.orchestrator import build
from graph.run import aask
from memory.persistence import open_checkpointer
from memory.settings import settings
from state.plan import Plan, Task
from state.policy import Policy
from state.result import Evidence
from tests.stored import stored_bytes
from tools.registry import ToolFailure, ToolOutput, tool

SECRETS = {
    "goal": "ghp_" + "a1B2c3D4e5" * 3 + "F6g7H8",
    "plan": "AKIA" + "Q7Z2M4N8P1R5S9T3",
    "value": "4111 1111 1111 1111",
    "nested": "sk-proj-" + "Zx9Yw8Vu7Ts6Rq5" * 2,
    "named": "sk-proj-" + "Ab1Cd2Ef3Gh4Ij5" * 2,
    "place": "tvly-" + "k7L8m9N0p1Q2r3S4t5",
    "evidence": "xoxb-" + "123456789012-abcdefABCDEF",
    "error": "hunter2-correct-horse",
    "resume": "glpat-" + "Q1w2E3r4T5y6U7i8O9p0",
}
KEY = "0123456789abcdef0123456789abcdef"
MARK = "an ordinary sentence about otters"


@pytest.fixture
def received() -> list[str]:
    return []


@pytest.fixture
def tools(received: list[str]) -> list[Any]:
    @tool(risk="read")
    def account(token: str) -> ToolOutput:
        """Look an account up."""
        received.append(token)
        value = {"card": SECRETS["value"], "rows": [{"key": SECRETS["nested"]}, {SECRETS["named"]: 1}], "text": MARK}
        text = f"{MARK}. The bot's token is {SECRETS['evidence']}."
        return ToolOutput(value, [Evidence(text=text, source="accounts", place=f"?key={SECRETS['place']}")])

    @tool(risk="read")
    def broken() -> str:
        """Fail."""
        raise ToolFailure(f"can't log in with password={SECRETS['error']}")

    @tool(risk="write")
    def pay(card: str, key: str) -> str:
        """Pay."""
        received.extend([card, key])
        return f"paid from {card}"

    return [account, broken, pay]


PLAN = Plan(
    tasks=[
        Task(id="t1", tool="account", args={"token": SECRETS["plan"]}),
        Task(id="t2", tool="broken"),
        Task(id="t3", tool="pay", args={"card": "{{t1.card}}", "key": "-"}),
    ]
)


async def the_run(folder: Path, tools: list[Any]) -> dict[str, Any]:
    """A whole run with a question in the middle, on a file in `folder`."""
    config: Any = {"configurable": {"thread_id": "t"}}
    async with open_checkpointer(f"sqlite:///{folder / 'c.sqlite'}") as saver:
        graph = build(brain="reflex", tools=tools, checkpointer=saver, policy=Policy(plan="auto"))
        await graph.ainvoke({"goal": f"Use {SECRETS['goal']}: what is ordinary about otters?", "plan": PLAN}, config)
        waiting = (await graph.aget_state(config)).interrupts
        (asked,) = waiting
        args = {**asked.value["action_requests"][0]["args"], "key": SECRETS["resume"]}
        edit = {"type": "edit", "edited_action": {"name": "pay", "args": args}}
        return await graph.ainvoke(Command(resume={asked.id: {"decisions": [edit]}}), config)


async def test_no_secret_is_in_any_file(tmp_path: Path, tools: list[Any], received: list[str]) -> None:
    out = await the_run(tmp_path, tools)
    files = stored_bytes(tmp_path)
    assert any(MARK.encode() in content for content in files.values())  # what is no secret is stored, readably
    for name, content in files.items():
        for where, secret in SECRETS.items():
            assert secret.encode() not in content, f"the secret of the {where} is in {name}"
    assert not any(secret in str(out) for secret in SECRETS.values())
    # The tools worked with the real values all the same.
    assert received == [SECRETS["plan"], SECRETS["value"], SECRETS["resume"]]
    assert out["results"]["t3"].status == "done"


async def test_quotations_of_redacted_evidence_are_verbatim(tmp_path: Path, tools: list[Any]) -> None:
    out = await the_run(tmp_path, tools)
    (evidence,) = out["results"]["t1"].evidence
    assert MARK in evidence.text
    assert "[redacted api key" in evidence.text
    assert out["citations"]
    assert all(citation.quote in evidence.text for citation in out["citations"] if citation.source == "accounts")


async def test_with_a_key_nothing_can_be_read_at_all(
    tmp_path: Path, tools: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORCHESTRATE_ENCRYPTION_KEY", KEY)
    settings.cache_clear()
    await the_run(tmp_path, tools)
    for name, content in stored_bytes(tmp_path).items():
        assert MARK.encode() not in content, name
        assert b"accounts" not in content, name


async def test_files_are_for_their_owner_alone(tmp_path: Path, home: Path, tools: list[Any]) -> None:
    before = os.umask(0)
    try:
        await the_run(tmp_path / "new" / "folder", tools)
        await aask("What is ordinary?", docs=[written(tmp_path / "note.txt")])
    finally:
        os.umask(before)
    (tmp_path / "note.txt").unlink()
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [*(tmp_path / "new").rglob("*"), *home.rglob("*")]}
    assert len(modes) > 6
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}


async def test_no_secret_of_a_document_is_in_its_index(tmp_path: Path, home: Path) -> None:
    outcome = await aask("What is the ordinary word?", docs=[written(tmp_path / "note.txt")])
    assert MARK in outcome.answer
    files = stored_bytes(home)
    assert any(MARK.encode() in content for content in files.values())
    assert not [name for name, content in files.items() if SECRETS["value"].encode() in content]


async def test_no_password_of_a_database_is_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql://bob:hunter2-correct@127.0.0.1:1/shop?application_name=x&password=hunter2-again"
    seen: list[str | None] = []
    monkeypatch.setattr("graph.run.builtin", lambda docs, db: seen.append(db) or [])
    await aask("What is 2 + 2?", db=url, thread_id="t")
    assert not [name for name, content in stored_bytes(home).items() if b"hunter2" in content]
    await aask("What is 2 + 3?", thread_id="t")
    monkeypatch.setenv("ORCHESTRATE_DB", url)
    settings.cache_clear()
    await aask("What is 2 + 4?", thread_id="t")
    assert seen == [url, "postgresql://bob@127.0.0.1:1/shop?application_name=x", url]


def written(file: Path) -> Path:
    file.write_text(f"The ordinary word is {MARK}. The key of the door is {SECRETS['value']}.\n")
    return file


class Tracer(LangChainTracer):
    """LangSmith's tracer, keeping what it would send."""

    sent: ClassVar[list[str]] = []

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "client": _Nowhere()})

    def _persist_run_single(self, run: Any) -> None:
        self.sent.append(str(run.inputs) + str(run.outputs))

    def _update_run_single(self, run: Any) -> None:
        self.sent.append(str(run.inputs) + str(run.outputs))


class _Nowhere:
    tracing_queue = None
    otel_exporter = None


async def test_traces_hold_no_secret(tools: list[Any], received: list[str]) -> None:
    tracer = Tracer()
    graph = build(brain="reflex", tools=tools, policy="auto")
    config: Any = {"configurable": {"thread_id": "t"}, "callbacks": [tracer]}
    out = await graph.ainvoke({"goal": f"Use {SECRETS['goal']}: what is ordinary about otters?", "plan": PLAN}, config)
    assert received, out["results"]
    assert any("otters" in text for text in tracer.sent)
    for where, secret in SECRETS.items():
        assert not any(secret in text for text in tracer.sent), where


def test_tracing_is_off_unless_it_is_configured() -> None:
    from langsmith.utils import tracing_is_enabled

    assert not tracing_is_enabled()
