"""Typed answers out of a chat model: asked for by schema, read with care, repaired a bounded number of times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from models.brain import BrainError, OnText, restart
from models.chat import prompts
from models.chat.answers import Answer, Unusable
from models.chat.calls import ChatCaller, Reply
from models.chat.meter import Meter
from models.chat.text import NoJson, read_json

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

T = TypeVar("T")
REPAIRS = 2


async def ask(
    caller: ChatCaller,
    messages: Sequence[BaseMessage],
    answer: Answer[T],
    meter: Meter,
    *,
    what: str,
    max_tokens: int,
    on_text: OnText | None = None,
) -> T:
    """What `messages` ask for, as a typed value. Raises BrainError after `REPAIRS` repairs that didn't help.

    `what` names it to people: 'a plan'. `on_text` gets each reply as it is written.
    """
    asked = list(messages)
    problem = ""
    for _ in range(1 + REPAIRS):
        reply = await caller.say(asked, meter, max_tokens=max_tokens, schema=answer.schema, on_text=on_text)
        try:
            return answer.read(_value(reply))
        except (Unusable, NoJson) as error:
            problem = f"{error}; it was cut off, make it shorter" if reply.cut else str(error)
            asked = prompts.repair(messages, reply.text, problem)
            restart(on_text)
    raise BrainError(
        f"The model '{caller.name}' gave no usable {what} in {1 + REPAIRS} tries ({problem}). "
        "Use a more capable model (--model or ORCHESTRATE_MODEL).",
        usage=meter.usage,
    )


def _value(reply: Reply) -> Any:
    """The JSON of a reply; a native tool call, if the model made one instead, with its name and arguments."""
    if reply.tool_calls and not reply.text.strip():
        call = reply.tool_calls[0]
        return {"tool": call["name"], "args": call["args"]}
    return read_json(reply.text)
