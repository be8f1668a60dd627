"""Calls of one chat model: bounded in time, in size, in tries and in waiting between them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tenacity

from models.brain import OnText, restart
from models.chat.errors import ModelFailure, failure_of
from models.chat.meter import Meter
from models.chat.text import Circles, Unthinking, without_thinking

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage

LONGEST_ANSWER = 40_000
"""Characters after which an answer is cut off, whatever the server makes of `max_tokens`."""
_LONGEST_STREAM = 4
"""Times the timeout after which a stream is cut off, however steady it is."""
_TIMEOUT_TRIES = 2
_ROOM_TO_THINK = 4
_CIRCLING = "circling"
_OPTIONS = {
    "response_format": ("response_format", "json_schema", "json schema", "grammar", "guided", "structured output"),
    "temperature": ("temperature",),
    "stream_options": ("stream_options", "include_usage"),
    "max_tokens": ("max_tokens", "max_completion_tokens"),
    "stream": ("stream",),
}
"""What may be asked of a server beside the messages, and the words by which it says that it doesn't take it."""


@dataclass(frozen=True)
class Patience:
    """How often a failing call is tried, and how long is waited in between. Times in seconds."""

    tries: int = 3
    first_wait: float = 0.5
    total_wait: float = 20.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


@dataclass(frozen=True)
class Reply:
    """What a model said. `cut`: it reached the bound on its length; `circling`: it was stopped going in circles."""

    text: str
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    cut: bool = False
    circling: bool = False


@dataclass(frozen=True)
class _Request:
    messages: list[BaseMessage]
    max_tokens: int
    schema: Mapping[str, Any] | None
    on_text: OnText | None


class ChatCaller:
    """One chat model, loaded at its first call.

    `load` may block (providers are slow to import) and runs in a thread. `name` and `where` are how the model and its
    server are named to people; `most_tokens` bounds every answer. What the server refuses to take, such as a response
    format, a temperature or streaming, is left out from then on.
    """

    def __init__(
        self,
        load: Callable[[], BaseChatModel],
        *,
        name: str,
        where: str = "its provider",
        timeout: float = 60.0,
        patience: Patience | None = None,
        secrets: Iterable[str] = (),
        most_tokens: int | None = None,
    ) -> None:
        self.name = name
        self._most_tokens = most_tokens
        self._load = load
        self._model: BaseChatModel | None = None
        self._where = where
        self._timeout = timeout
        self._patience = patience or Patience()
        self._secrets = tuple(secrets)
        self._refused: set[str] = set()

    async def say(
        self,
        messages: Sequence[BaseMessage],
        meter: Meter,
        *,
        max_tokens: int,
        schema: Mapping[str, Any] | None = None,
        on_text: OnText | None = None,
    ) -> Reply:
        """The model's answer to `messages`, streamed to `on_text`. Raises ModelFailure.

        `schema`: JSON schema the server is asked to keep to, as far as it can. What is spent is added to `meter`.
        """
        request = _Request(list(messages), min(max_tokens, self._most_tokens or max_tokens), schema, on_text)
        tries = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(lambda error: isinstance(error, ModelFailure) and error.transient),
            stop=self._enough,
            wait=self._wait,
            sleep=self._patience.sleep,
            before_sleep=lambda _: restart(on_text),
            reraise=True,
        )
        return await tries(self._answer, request, meter)

    def _enough(self, state: tenacity.RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        tries = self._patience.tries
        if isinstance(error, ModelFailure) and error.kind == "timeout":
            tries = min(tries, _TIMEOUT_TRIES)
        return state.attempt_number >= tries or state.idle_for + state.upcoming_sleep > self._patience.total_wait

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        backoff = tenacity.wait_exponential_jitter(self._patience.first_wait, jitter=self._patience.first_wait)(state)
        asked = error.retry_after if isinstance(error, ModelFailure) else None
        return backoff if asked is None else asked + min(backoff, 0.25)

    async def _answer(self, request: _Request, meter: Meter) -> Reply:
        """One try, repeated at once only to leave out what the server refuses or to give it more room."""
        wanted = {"max_tokens", "temperature"} | ({"response_format"} if request.schema else set())
        wanted |= {"stream", "stream_options"} if request.on_text else set()
        room = request.max_tokens
        while True:
            options = wanted - self._refused
            try:
                reply = await self._request(request, meter, options, room)
            except ModelFailure as failure:
                refused = _refused_option(failure, options)
                if refused is None:
                    raise
                self._refused.add(refused)
                meter.note(f"the server of '{self.name}' doesn't take '{refused}'; it is left out")
                continue
            if reply.text.strip() or reply.tool_calls:
                return reply
            if (
                reply.cut and room == request.max_tokens and self._most_tokens is None
            ):  # a reasoning model that has spent it all on thinking
                room *= _ROOM_TO_THINK
                continue
            message = f"The model '{self.name}' answered nothing. Use another model (--model or ORCHESTRATE_MODEL)."
            raise ModelFailure(message, "garbage", usage=meter.usage)

    async def _request(self, request: _Request, meter: Meter, options: set[str], room: int) -> Reply:
        chunks: list[AIMessageChunk] = []
        try:
            model = await self._loaded()
            arguments = _arguments(model, options, room, request.schema) if _is_openai(model) else {}
            meter.call()
            if request.on_text is not None and "stream" in options:
                message = await self._streamed(model, request, arguments, chunks)
            else:
                async with asyncio.timeout(self._timeout):
                    message = await model.ainvoke(request.messages, {"tags": ["nostream"]}, **arguments)
                if request.on_text is not None:
                    request.on_text(without_thinking(str(message.text)))
        except Exception as error:
            failure = failure_of(
                error, where=self._where, model=self.name, timeout=self._timeout, secrets=self._secrets
            )
            if chunks and failure.kind in ("unreachable", "server", "garbage"):
                failure = failure.as_dropped(self._where)
            if chunks or failure.kind in ("dropped", "timeout"):
                meter.charge(request.messages, _joined(chunks), self.name)
            failure.usage = meter.usage
            raise failure from None
        meter.charge(request.messages, message, self.name)
        return Reply(
            text=without_thinking(str(message.text)[:LONGEST_ANSWER]),
            tool_calls=tuple(message.tool_calls),
            cut=message.response_metadata.get("finish_reason") in ("length", "max_tokens", _CIRCLING),
            circling=message.response_metadata.get("finish_reason") == _CIRCLING,
        )

    async def _streamed(
        self, model: BaseChatModel, request: _Request, arguments: dict[str, Any], chunks: list[AIMessageChunk]
    ) -> AIMessage:
        """The message made of a stream's `chunks`, which are appended as they come."""
        assert request.on_text is not None
        visible, in_circles = Unthinking(request.on_text), Circles()
        is_prose = request.schema is None  # lists of JSON are alike and no circles; nor is JSON to be read by people
        config: Any = None if is_prose else {"tags": ["nostream"]}
        now = asyncio.get_running_loop().time
        end = now() + _LONGEST_STREAM * self._timeout
        room, stopped, cancelled = LONGEST_ANSWER, "", _cancellations()
        async with asyncio.timeout(self._timeout) as clock:
            stream: Any = model.astream(request.messages, config, **arguments)
            async with contextlib.aclosing(stream):
                async for chunk in stream:
                    if _cancellations() > cancelled:  # lost by the client: `wait_for` of Python 3.11 may swallow it
                        raise asyncio.CancelledError
                    clock.reschedule(now() + self._timeout)
                    chunks.append(chunk)
                    text = str(chunk.text)
                    visible(text[:room])
                    room -= min(room, len(text))
                    if is_prose and in_circles(text):
                        stopped = _CIRCLING
                    elif room == 0 or now() > end:
                        stopped = "length"
                    if stopped:
                        break
        visible.close()
        message = _joined(chunks)
        if message is None:
            raise ConnectionResetError("an empty stream")
        if stopped:
            message.response_metadata["finish_reason"] = stopped
        elif arguments and not message.response_metadata.get("finish_reason"):
            raise ConnectionResetError("the stream ended before the answer did")
        return message

    async def _loaded(self) -> BaseChatModel:
        if self._model is None:
            self._model = await asyncio.to_thread(self._load)
        return self._model


def _cancellations() -> int:
    """How often the current task has been asked to end."""
    task = asyncio.current_task()
    return task.cancelling() if task is not None else 0


def _is_openai(model: BaseChatModel) -> bool:
    """Whether a model speaks OpenAI's protocol, told without importing it."""
    return any(cls.__name__ == "BaseChatOpenAI" for cls in type(model).__mro__)


def _arguments(
    model: BaseChatModel, options: set[str], max_tokens: int, schema: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Keyword arguments of a call. The response format goes into the body as it is: given as an argument it would
    be parsed by the SDK, which raises where an answer doesn't fit instead of handing it over for repair."""
    arguments: dict[str, Any] = {}
    if "max_tokens" in options:
        arguments["max_tokens"] = max_tokens
    if "temperature" in options and getattr(model, "temperature", None) is None:
        arguments["temperature"] = 0.0
    if "stream" in options:
        arguments["stream_usage"] = "stream_options" in options
    if "response_format" in options and schema is not None:
        response_format = {"type": "json_schema", "json_schema": {"name": "answer", "schema": dict(schema)}}
        arguments["extra_body"] = {**(getattr(model, "extra_body", None) or {}), "response_format": response_format}
    return arguments


def _refused_option(failure: ModelFailure, options: set[str]) -> str | None:
    """The option that a server's 400 is about; if it doesn't say, the one that is refused most often."""
    if failure.kind != "refused":
        return None
    said = failure.detail.lower()
    for option, words in _OPTIONS.items():
        if option in options and any(word in said for word in words):
            return option
    return "response_format" if "response_format" in options else None


def _joined(chunks: list[AIMessageChunk]) -> AIMessage | None:
    return (chunks[0] + chunks[1:] if len(chunks) > 1 else chunks[0]) if chunks else None
