"""The real command over a scripted run: `python scripted_command.py ask GOAL`. PACE is the seconds between events.

A goal with 'mail' waits for an approval first; one with 'hang' holds a thread that nothing can stop.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
import types
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from graph.outcome import Outcome, Waiting
from state import approval
from state.budget import Usage
from state.plan import Plan
from state.result import Citation, Origin, TaskResult
from state.run import RunReport

PACE = float(os.environ.get("PACE", "0.02"))
PLAN = Plan.model_validate(
    {
        "tasks": [
            {"id": "t1", "goal": "Age of a senator", "tool": "search_documents", "args": {"query": "senator"}},
            {"id": "t2", "goal": "Age of a president", "tool": "search_documents", "args": {"query": "president"}},
        ]
    }
)
HOSTILE = "thirty years [1] [bold]not bold[/bold] \x1b]0;owned\x07\x1b[2Jcleared \u202egnp.exe"


async def aask(
    goal: str, *, on_event: Any = None, thread_id: str = "", answered: bool = False, **options: Any
) -> Outcome:
    """Replay the script."""

    async def say(**event: Any) -> None:
        on_event({"at": time.time(), **event})
        await asyncio.sleep(PACE)

    began = time.time()
    await say(type="step", step="intent", status="started")
    if "hang" in goal:
        await asyncio.to_thread(time.sleep, 3600)
    await say(type="plan", plan=PLAN.to_json())
    await say(type="task", task="t1", status="running")
    await say(type="task", task="t2", status="running")
    await say(type="task", task="t1", status="done")
    await say(type="task", task="t2", status="failed", detail="it said \x1b[31m[red]no\x1b[0m")
    results = {
        "t1": TaskResult(task="t1", status="done", attempts=1, started=began, ended=began + 0.25),
        "t2": TaskResult(task="t2", status="failed", reason="it said no", attempts=2, started=began, ended=began + 1),
    }
    if "mail" in goal and not answered:
        asked = approval.question(
            "approval",
            name="send_email",
            args={"to": "board@example.org", "body": HOSTILE},
            description="Mail it",
            allowed=["approve", "edit", "reject", "respond"],
            reason="it can't be undone",
            task="t2",
            origins={"to": Origin(sources=["user"]), "body": Origin(trusted=False, sources=["t1 (search_documents)"])},
        )
        waiting = [Waiting(id="0123abcd", kind="approval", request=dict(asked))]
        return Outcome(thread_id=thread_id, plan=PLAN, results=results, waiting=waiting)
    for word in HOSTILE.split(" "):
        await say(type="text", text=f"{word} ")
    return Outcome(
        thread_id=thread_id,
        goal=goal,
        plan=PLAN,
        results=results,
        answer=f"answered {options.get('response')}" if answered else HOSTILE,
        citations=[Citation(number=1, quote="the Age of thirty Years", source="constitution.txt", place="line 12")],
        stop_reason="answered",
        report=RunReport(brain="reflex", started=began, ended=began + 1.5, usage=Usage(tool_calls=2)),
    )


async def alook(thread_id: str) -> Outcome:
    """What the script came to before the answer."""
    results = {"t1": TaskResult(task="t1", status="done"), "t2": TaskResult(task="t2", status="pending")}
    return Outcome(thread_id=thread_id, plan=PLAN, results=results)


async def aresume(thread_id: str, response: Any = None, *, on_event: Any = None, **options: Any) -> Outcome:
    """Replay the script after an answer."""
    return await aask("mail", on_event=on_event, thread_id=thread_id, answered=True, response=response)


if __name__ == "__main__":
    scripted: Any = types.ModuleType("graph.run")
    scripted.aask, scripted.alook, scripted.aresume, scripted.ThreadError = aask, alook, aresume, ValueError
    sys.modules["graph.run"] = scripted
    from cli.main import main

    main()
