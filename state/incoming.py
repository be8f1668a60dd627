"""An event from outside that starts a run, and the name by which plans refer to it."""

from __future__ import annotations

import time
import uuid

from pydantic import Field, JsonValue

from state.record import Record
from state.references import as_text
from state.result import Evidence, Origin, TaskResult
from state.task import EVENT, Task

MOST_LINES = 100
"""Lines of an event that are evidence one by one."""

EVENT_TASK = Task(id=EVENT, tool=EVENT, goal="The event that started this run.")
"""The pseudo task that an event is the result of: `{{event.data.path}}` refers to it as to any task's."""


class IncomingEvent(Record):
    """Something that happened outside. All but `source` was said by whoever sent it, and is data, never instruction."""

    id: str = Field(
        default_factory=lambda: uuid.uuid4().hex,
        min_length=1,
        max_length=300,
        description="What tells it from every other event of its source; the same id again is the same event.",
    )
    source: str = Field(default="manual", max_length=100, description="Name of the source it came by.")
    key: str = Field(default="", max_length=300, description="Events of one key are about the same thing.")
    time: float = Field(default_factory=time.time, description="When it happened, epoch seconds.")
    data: JsonValue = Field(
        default_factory=dict,
        description="What was sent: any JSON.",
        examples=[{"path": "logs/app.log", "change": "modified"}],
    )

    def result(self, task_id: str = EVENT) -> TaskResult:
        """The event as the result of a task: its value is `{"id", "source", "key", "time", "data"}`, untrusted."""
        return TaskResult(
            task=task_id,
            tool=EVENT,
            status="done",
            value=self.to_json(),
            evidence=self._evidence(task_id),
            origin=Origin(trusted=False, sources=[f"event ({self.source})"]),
            attempts=1,
            started=self.time,
            ended=self.time,
        )

    def _evidence(self, task_id: str) -> list[Evidence]:
        """Lines of a file each with its place; anything else as one text."""
        data = self.data if isinstance(self.data, dict) else {"data": self.data}
        lines = data.get("lines")
        where = str(data.get("path") or f"event ({self.source})")
        found: list[Evidence] = []
        if isinstance(lines, list):
            for line in lines[:MOST_LINES]:
                if isinstance(line, dict) and str(line.get("text") or "").strip():
                    place = f"line {line.get('number')}"
                    found.append(Evidence(text=str(line["text"]), source=where, place=place, task=task_id))
        if found:
            return found
        text = "\n".join(f"{name}: {as_text(value)}" for name, value in data.items() if value not in (None, "", [], {}))
        return [Evidence(text=text, source=f"event ({self.source})", place=self.id, task=task_id)] if text else []
