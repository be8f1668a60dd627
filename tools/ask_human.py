"""ask_human: a task that asks the person in front of the run."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from state import approval
from tools.registry import ToolFailure, ToolSpec, current_call, tool


def ask_human() -> ToolSpec:
    """The tool `ask_human`. It interrupts the graph it runs in, and returns once the run is resumed with an answer."""

    @tool(risk="read", idempotent=True, trusted=True, timeout=60.0, retries=0)
    async def ask_human(
        question: Annotated[str, Field(min_length=1, max_length=4000, description="One question, for a person.")],
    ) -> str:
        """Ask the person a question that nothing else can answer, and wait. Returns the answer in their words."""
        asked = approval.question(
            "question",
            name="ask_human",
            args={"question": question},
            description=question,
            allowed=["respond", "reject"],
            reason="the plan asks a person",
            task=current_call.get().task or None,
        )
        made = approval.ask_person(asked).decisions[0]
        if made.type == "reject":
            why = f": {made.message}" if made.message else ""
            raise ToolFailure(f"the person declined to answer{why}", kind="refused", sent=False)
        return made.message or ""

    return ask_human
