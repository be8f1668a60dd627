"""A scripted model that writes a plan as slowly as a test wants."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from evals.servers.openai_server import Reply, Request


class SlowPlanner:
    """Answers as an OpenAI-compatible model; its plan stops before the task `until` as long as it isn't let go."""

    def __init__(self, goal: str, tasks: Sequence[Mapping[str, Any]], *, until: str, answer: str) -> None:
        self.let_go = threading.Event()
        self._goal, self._plan, self._until, self._answer = goal, json.dumps({"tasks": list(tasks)}), until, answer

    def __call__(self, request: Request) -> Reply | Mapping[str, Any]:
        system = str(request.messages[0]["content"])
        if system.startswith("You plan"):
            return Reply(self._plan, held=[(f'"{self._until}"', self.let_go)])
        if system.startswith("You answer"):
            return Reply(self._answer)
        if system.startswith("You sort"):
            return {"kind": "calculation", "goal": self._goal, "questions": [self._goal]}
        return {"action": "accept", "reason": "right", "findings": [], "tasks": []}
