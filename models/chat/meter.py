"""What thinking costs: tokens as the server counts them, or as estimated, and their price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from models.chat.prices import PRICES, Price, price_of
from state.budget import Usage

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage

CHARACTERS_PER_TOKEN = 4
"""For servers that report no usage: about right for English on current tokenizers, low for other scripts."""


@dataclass
class Meter:
    """What one thought costs while it is being thought, failed calls included, and what is to be said about it."""

    prices: Mapping[str, Price] = field(default_factory=lambda: PRICES)
    usage: Usage = field(default_factory=Usage)
    notes: list[str] = field(default_factory=list)

    def note(self, message: str) -> None:
        """Remember something for the run's report, once."""
        if message not in self.notes:
            self.notes.append(message)

    def call(self) -> None:
        """A request is about to be made."""
        self.usage += Usage(model_calls=1)

    def charge(self, messages: Sequence[BaseMessage], answer: AIMessage | None, model: str) -> None:
        """Add the tokens of one request and its answer (None: broken off before it began) and their price.

        The price is that of the model the server says it used, if known, else of `model`.
        """
        counted = answer.usage_metadata if answer is not None else None
        if counted and counted["input_tokens"] + counted["output_tokens"] > 0:
            given, made = counted["input_tokens"], counted["output_tokens"]
            cached = (counted.get("input_token_details") or {}).get("cache_read") or 0
        else:
            given = sum(estimated_tokens(str(message.text)) for message in messages)
            made = estimated_tokens(str(answer.text)) if answer is not None else 0
            cached = 0
        served = str(answer.response_metadata.get("model_name") or "") if answer is not None else ""
        price = price_of(served, self.prices) or price_of(model, self.prices)
        if price is None:
            self.note(f"no price is known for the model '{model}': its cost is counted as 0")
        money = price.of(given, made, cached) if price else 0.0
        self.usage += Usage(input_tokens=given, output_tokens=made, money=money)


def estimated_tokens(text: str) -> int:
    """About how many tokens a text is."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)
