"""The chat models that the settings name: OpenAI's, or those of any server that speaks its protocol."""

from __future__ import annotations

import functools
import warnings
from typing import TYPE_CHECKING

from models.chat.calls import ChatCaller, Patience
from models.chat.errors import without_credentials

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from memory.settings import Settings

OPENAI = "https://api.openai.com/v1"
_NO_KEY = "none"


def configured_callers(settings: Settings, patience: Patience | None = None) -> dict[str, ChatCaller]:
    """A caller per role that has a model of its own, and the default under ''. Imports no provider yet."""
    secrets = [settings.openai_api_key.get_secret_value()] if settings.openai_api_key else []

    def caller(model: str) -> ChatCaller:
        return ChatCaller(
            functools.partial(_open, settings, model),
            name=model,
            where=without_credentials(settings.openai_base_url or OPENAI),
            timeout=settings.model_timeout,
            patience=patience,
            secrets=secrets,
            most_tokens=settings.model_max_tokens,
        )

    callers = {model: caller(model) for model in {settings.model, *settings.models.values()}}
    return {"": callers[settings.model], **{role: callers[model] for role, model in settings.models.items()}}


def _open(settings: Settings, model: str) -> BaseChatModel:
    """The model's client. Blocks: importing langchain_openai costs seconds."""
    import httpx
    from langchain_openai import ChatOpenAI
    from langchain_openai.chat_models.base import BaseChatOpenAI
    from pydantic import SecretStr

    # It says in many lines what the server's own 400 says, which is dealt with.
    warnings.filterwarnings("ignore", message="This model does not support OpenAI's structured output")
    key = settings.openai_api_key or SecretStr(_NO_KEY)
    # Connections aren't kept: one kept from another event loop (a second `asyncio.run`) breaks the next call.
    client = httpx.AsyncClient(
        timeout=settings.model_timeout, limits=httpx.Limits(max_keepalive_connections=0), follow_redirects=True
    )
    if settings.openai_base_url is None:
        return ChatOpenAI(model=model, api_key=key, max_retries=0, http_async_client=client)
    # ChatOpenAI renames max_tokens to what only OpenAI's newer models need, and other servers ignore.
    return BaseChatOpenAI(
        model=model,
        api_key=key,
        base_url=settings.openai_base_url,
        max_retries=0,
        http_async_client=client,
        use_responses_api=False,
    )
