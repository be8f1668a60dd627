"""Which brain thinks: by name, by what is configured, or one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.brain import Brain
from models.fallback import FallbackBrain

if TYPE_CHECKING:
    from memory.settings import Settings

NAMES = ("chat", "reflex")


def choose_brain(name: str | Brain | None, settings: Settings, *, model: str | None = None) -> Brain:
    """The brain of that name. One's own brain is taken as a chain of one, so that whatever it raises is a BrainError.

    None: `settings.brain`, else 'chat' if a model is configured or named, else 'reflex'. 'chat' falls back on
    'reflex' where the model fails. `model`: the chat model for every role, instead of the configured ones.
    Raises ValueError for an unknown name, for what is no Brain, and for 'chat' with no model configured.
    No provider is imported yet. Keep the brain as long as the process: it remembers what is broken.
    """
    if name is not None and not isinstance(name, str):
        if not isinstance(name, Brain):
            raise ValueError(
                f"{type(name).__name__} is no brain: one has a `name` and the methods of models.brain.Brain; "
                f"or name one of these: {', '.join(NAMES)}"
            )
        return FallbackBrain([name])
    chosen = name or settings.brain or ("chat" if settings.has_model or model else "reflex")
    if chosen not in NAMES:
        raise ValueError(f"there is no brain '{chosen}'; there are: {', '.join(NAMES)}")
    if chosen == "reflex":
        return _reflex()
    from models.chat import ChatBrain

    if model:
        settings = settings.model_copy(update={"model": model, "models": {}})
    return FallbackBrain([ChatBrain.from_settings(settings), _reflex()])


def _reflex() -> Brain:
    from models.reflex import ReflexBrain

    return ReflexBrain()
