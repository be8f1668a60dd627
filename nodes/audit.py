"""The audit log of a thread as the steps of a run write it: each question once, and each decision once."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from langgraph.config import get_config

from memory.journal import Decision, Journal
from state.approval import HumanResponse, Question

_ASKED = ":asked"


def deciding(configurable: Mapping[str, Any], named: str | None = None) -> str:
    """The name for the audit log: of whom a server has authenticated; else as the answer says (`named`), or the run's
    configuration (`user`)."""
    return str(configurable.get("langgraph_auth_user_id") or named or configurable.get("user") or "unknown")


def execution() -> str:
    """What names the execution of a step or a LangGraph task: the same however often it is run again from its top."""
    return str(get_config()["configurable"].get("checkpoint_ns", ""))


class AuditLog:
    """Writes what was asked and decided in one thread, and reads it, from the journal once.

    Whatever asks runs again from its top with every answer, and comes by here each time: so what is written is told
    apart by the place that asks (a task, a step), by what it shows, and by the execution it does so in.
    """

    def __init__(self, journal: Journal, thread_id: str) -> None:
        self._journal, self._thread_id = journal, thread_id
        self._read: list[Decision] | None = None

    async def decisions(self) -> list[Decision]:
        """What was asked and decided so far, oldest first."""
        if self._read is None:
            past = await self._journal.decisions(self._thread_id)
            self._read = self._read or list(past)  # whoever read first, when several did
        return self._read

    async def questions(self, place: str, kind: str, here: str, action: str | None = None) -> list[str]:
        """The names of the questions of a kind that a place has put in the execution `here`; about `action` alone, if
        one is named."""
        return [
            str(past.decided.get("question", ""))
            for past in await self.decisions()
            if past.task == place
            and past.kind == kind + _ASKED
            and past.decided.get("execution") == here
            and action in (None, past.shown["action_requests"][0]["name"])
        ]

    async def asked(self, place: str, asked: Question, here: str, *, name: str = "", run_key: str = "") -> float:
        """When a question was put first: in the execution `here`, or in an earlier one of the same run."""
        kind = asked["kind"] + _ASKED
        same = [
            past
            for past in await self.decisions()
            if past.task == place
            and past.kind == kind
            and past.decided.get("run") == run_key
            and past.shown.get("action_requests") == asked["action_requests"]
        ]
        at = same[0].at if same else time.time()
        if not any(past.decided.get("execution") == here for past in same):
            put = {"execution": here, "question": name, "run": run_key}
            await self._append(Decision(self._thread_id, place, kind, "orchestrator", at, dict(asked), put))
        return at

    async def decided(self, place: str, asked: Question, response: HumanResponse, here: str) -> None:
        """Append what was shown and decided, the question having been written by `asked`."""
        kind, shown, made = asked["kind"], dict(asked), response.decisions[0].to_json()
        is_since = False
        for past in await self.decisions():
            if past.task != place:
                continue
            is_since = is_since or (past.kind == kind + _ASKED and past.decided.get("execution") == here)
            if is_since and past.kind == kind and past.decided == made and past.shown == shown:
                return
        who = deciding(get_config()["configurable"], response.who)
        await self._append(Decision(self._thread_id, place, kind, who, time.time(), shown, made))

    async def _append(self, decision: Decision) -> None:
        past = await self.decisions()
        await self._journal.record(decision)
        past.append(decision)
