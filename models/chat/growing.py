"""The tasks of a plan, read out of its JSON while a model is still writing it."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic import ValidationError

from models.brain import OnTask, restart
from models.chat.answers import MOST_TASKS, cleaned_task
from state.task import Task

_TASKS = re.compile(r'"tasks"\s*:\s*\[')
_BETWEEN = re.compile(r"[\s,]*")
_LONGEST = 200_000


class GrowingPlan:
    """An `OnText` that hands on each task of a plan when its JSON is whole, as the whole plan will have it.

    What can't be read ends it: what comes after would be counted, or refer to tasks, otherwise.
    """

    def __init__(self, on_task: OnTask) -> None:
        self._on_task = on_task
        self._decoder = json.JSONDecoder(parse_constant=lambda _: None, strict=False)
        self._begin()

    def _begin(self) -> None:
        self._text, self._position, self._count, self._over = "", None, 0, False

    _position: int | None
    """Where in the text the next task begins; None until the list of tasks does."""

    def restart(self) -> None:
        """What came before is void."""
        self._begin()
        restart(self._on_task)

    def __call__(self, text: str) -> None:
        """The next piece of the text."""
        if self._over or len(self._text) > _LONGEST:
            return
        self._text += text
        if self._position is None and (found := _TASKS.search(self._text)):
            self._position = found.end()
        if self._position is None or "}" not in text:  # nothing else ends a task
            return
        while not self._over and (task := self._next()) is not None:
            self._count += 1
            self._hand_on(task)

    def _next(self) -> Any:
        """The next task, if it is whole."""
        between = _BETWEEN.match(self._text, self._position or 0)
        start = between.end() if between else 0
        if not self._text.startswith("{", start):
            self._over = start < len(self._text)
            return None
        try:
            value, self._position = self._decoder.raw_decode(self._text, start)
        except (ValueError, RecursionError):
            return None
        return value

    def _hand_on(self, value: dict[str, Any]) -> None:
        if self._count > MOST_TASKS:
            self._over = True
            return
        try:
            task = Task.model_validate(cleaned_task(value, self._count))
        except ValidationError:
            self._over = True
            return
        self._on_task(task)
