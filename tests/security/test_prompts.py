"""What a model is sent holds no credential of this process, and no secret of the goal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evals.servers.openai_server import OpenAIServer, Request
from graph.run import aask
from memory.settings import settings

CREDENTIALS = {
    "OPENAI_API_KEY": "key-of-the-model-4711",
    "TAVILY_API_KEY": "key-of-the-search-4712",
    "ORCHESTRATE_SMTP_URL": "smtp://bob:mail-password-4713@127.0.0.1:1",
    "ORCHESTRATE_DB": "postgresql://bob:db-password-4714@127.0.0.1:1/shop",
    "ORCHESTRATE_ENCRYPTION_KEY": "0123456789abcdef0123456789abcdef",
    "ORCHESTRATE_API_TOKENS": '{"ann": "token-of-ann-4715"}',
}
SECRETS = ["key-of-the", "mail-password", "db-password", "0123456789abcdef", "token-of-ann", "ghp_a1b2"]


async def test_no_credential_is_in_a_prompt(
    openai_server: Callable[..., OpenAIServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []

    def listen(request: Request) -> str:
        sent.append(request.text)
        return "I can't."

    server = openai_server(listen)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    settings.cache_clear()
    (tmp_path / "note.txt").write_text("Senators must be thirty years old, says the note.\n")
    outcome = await aask(
        f"How old must senators be? My token is ghp_{'a1b2' * 9}.", docs=[tmp_path / "note.txt"], brain="chat"
    )
    assert outcome.finished
    assert len(sent) > 1
    assert any("How old must senators be?" in text for text in sent)
    assert [secret for secret in SECRETS if any(secret in text for text in sent)] == []
