"""`orchestrate policy check` follows roles and picks through a plan."""

from __future__ import annotations

from typing import Any

from cli.policy import decisions
from state.plan import Plan, Task
from state.policy import Policy
from tools.pick import pick
from tools.registry import Toolbox, tool


@tool
def files() -> list[dict[str, Any]]:
    """Files that anybody may have shared."""
    return []


@tool(risk="write", roles={"file": "address", "text": "content"}, mints=("id",))
def append(file: str, text: str) -> dict[str, str]:
    """Add to a file."""
    return {"id": file}


def test_it_says_what_passes_and_why() -> None:
    picking = {"records": "{{t1}}", "field": "id", "where": {"name": "budget"}}
    plan = Plan(
        tasks=[
            Task(id="t1", tool="files"),
            Task(id="t2", tool="pick", args=picking),
            Task(id="t3", tool="append", args={"file": "{{t2}}", "text": "hello"}),
            Task(id="t4", tool="append", args={"file": "notes", "text": "{{t1[0].name}}"}),
            Task(id="t5", tool="append", args={"file": "{{t4.id}}", "text": "hello"}),
            Task(id="t6", tool="append", args={"file": "{{t2}}", "text": "{{t1[0].name}}"}),
            Task(id="t7", tool="append", args={"file": "{{t1[0].id}}", "text": "hello"}),
        ]
    )
    said = {
        task: (made.action, made.reason)
        for task, _, _, made in decisions(plan, Policy(), Toolbox([files, append, pick]))
    }
    bound = "; asks if it then holds a link, an address, a number or a code"
    assert said == {
        "t1": ("auto", "it only reads"),
        "t2": ("auto", "it only reads"),
        "t3": ("auto", "it writes to file, picked by what the plan says"),
        "t4": ("auto", f"it writes, and text, from an untrusted source, is told to whom the plan names{bound}"),
        "t5": ("auto", "it writes to file, picked by what the plan says"),
        "t6": ("ask", "it writes text, from an untrusted source, to file, picked out of one"),
        "t7": ("ask", "it writes, and file comes from an untrusted source"),
    }
