"""Which brain is chosen, and that choosing is cheap."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from memory.settings import Settings
from models.choose import choose_brain
from models.fallback import FallbackBrain


@pytest.mark.parametrize(
    ("name", "settings", "model", "expected"),
    [
        (None, {}, None, "reflex"),
        (None, {"OPENAI_API_KEY": "k"}, None, "chat:gpt-4o-mini"),
        (None, {"openai_base_url": "http://127.0.0.1:1/v1", "model": "llama"}, None, "chat:llama"),
        (None, {"OPENAI_API_KEY": "k", "brain": "reflex"}, None, "reflex"),
        ("reflex", {"OPENAI_API_KEY": "k"}, None, "reflex"),
        ("chat", {"OPENAI_API_KEY": "k", "brain": "reflex"}, None, "chat:gpt-4o-mini"),
        (None, {"OPENAI_API_KEY": "k", "models": {"plan": "p"}}, "named", "chat:named"),
    ],
)
def test_by_name_then_by_settings(name: str | None, settings: dict[str, Any], model: str | None, expected: str) -> None:
    assert choose_brain(name, Settings(**settings), model=model).name == expected


def test_a_brain_of_ones_own_thinks_alone() -> None:
    own = choose_brain("reflex", Settings())
    chosen = choose_brain(own, Settings(brain="chat"))
    assert isinstance(chosen, FallbackBrain)
    assert chosen.brains == (own,)


def test_an_unknown_name_says_which_there_are() -> None:
    with pytest.raises(ValueError, match="there is no brain 'gpt'; there are: chat, reflex"):
        choose_brain("gpt", Settings())


@pytest.mark.parametrize(("name", "model"), [("chat", None), (None, "gpt-5")])
def test_chat_with_nothing_configured_says_what_to_set(name: str | None, model: str | None) -> None:
    with pytest.raises(ValueError, match="set OPENAI_API_KEY, or OPENAI_BASE_URL"):
        choose_brain(name, Settings(), model=model)


def test_choosing_imports_no_provider() -> None:
    code = (
        "import sys; from memory.settings import Settings; from models.choose import choose_brain;"
        "choose_brain('chat', Settings(openai_base_url='http://127.0.0.1:1/v1'));"
        "print([name for name in ('langchain_openai', 'openai', 'wordllama') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_what_is_no_brain_is_refused_at_once() -> None:
    not_a_brain: Any = object()
    with pytest.raises(ValueError, match="object is no brain: one has a `name` and the methods"):
        choose_brain(not_a_brain, Settings())
