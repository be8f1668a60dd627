"""run_python: a few lines of Python in a sandbox."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

from pydantic import Field

from state.result import Evidence
from tools.registry import ToolFailure, ToolOutput, ToolSpec, tool

MAX_CODE = 20_000
MAX_RESULT = 1_000_000
"""Characters a result may have as JSON."""
MAX_PRINTED = 100_000


def run_python(*, seconds: float = 5.0, memory: int = 128_000_000) -> ToolSpec:
    """The tool `run_python`. `seconds` bounds the time of one run, `memory` its bytes."""

    @tool(risk="read", idempotent=True, trusted=True, timeout=seconds + 15, concurrency=4)
    def run_python(
        code: Annotated[str, Field(max_length=MAX_CODE, description="Python; its last expression is the result.")],
        inputs: Annotated[
            dict[str, Any] | None, Field(description="Values the code may use, by name: {'rows': '{{t1.rows}}'}.")
        ] = None,
    ) -> ToolOutput:
        """Run a few lines of Python in a sandbox, for work that no other tool does.

        Returns the value of the last expression; if that is None, what the code printed. The sandbox has most of the
        language with json, re, math and datetime, but no files, no network and no packages.
        """
        return _run(code, inputs or {}, seconds, memory)

    return run_python


def _run(code: str, inputs: Mapping[str, Any], seconds: float, memory: int) -> ToolOutput:
    """Run code in a process of its own. Blocks."""
    import pydantic_monty as monty

    for name in inputs:
        if not name.isidentifier():
            message = f"inputs: '{name}' can't be a variable; use letters, digits and underscores"
            raise ToolFailure(message, kind="invalid_arguments", sent=False)
    printed = monty.CollectString(MAX_PRINTED)
    limits: monty.ResourceLimits = {
        "max_feed_duration_secs": seconds,
        "max_memory": memory,
        "max_recursion_depth": 500,
        "max_total_sleep_secs": 0.0,
    }
    try:
        # The watchdog ends the process if the sandbox doesn't end itself.
        with (
            monty.Monty(max_processes=1, request_timeout=seconds + 5) as pool,
            pool.checkout(limits=limits, script_name="code.py", os_policy={"sleep": "zero"}) as session,
        ):
            result = session.feed_run(code, inputs=dict(inputs), print_callback=printed)
    except monty.MontyCrashedError as error:
        raise ToolFailure(f"the code was stopped: it took over {seconds:g} s or too much memory ({error})") from error
    except monty.MontyError as error:
        raise ToolFailure(_explained(error, printed.output, seconds)) from error
    value = _as_json(result)
    if len(json.dumps(value, ensure_ascii=False)) > MAX_RESULT:
        raise ToolFailure(f"the result has more than {MAX_RESULT:,} characters; let the code return less")
    text = printed.output.rstrip("\n")
    return ToolOutput(text if value is None and text else value, _evidence(printed.output))


def _explained(error: Any, printed: str, seconds: float) -> str:
    """What went wrong and in which line, for whoever wrote the code."""
    if isinstance(error.exception(), TimeoutError):
        return f"the code took longer than {seconds:g} s; let it do less, or do it in several tasks"
    if isinstance(error.exception(), MemoryError) and len(printed) > 0.9 * MAX_PRINTED:
        return f"the code printed more than {MAX_PRINTED:,} bytes; let it return its result instead"
    traceback = error.traceback() if hasattr(error, "traceback") else []
    ours = [frame for frame in traceback if getattr(frame, "line", None)]
    where = f"line {ours[-1].line}: " if ours else ""
    shown = error.display("type-msg") if hasattr(error, "traceback") else str(error)
    after = f"; printed before: {printed[-200:].strip()!r}" if printed.strip() else ""
    return f"{where}{shown}{after}"


def _as_json(value: Any) -> Any:
    """A result as JSON. Raises ToolFailure for what JSON has no form for."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if math.isfinite(value):
            return value
        raise ToolFailure(f"the result holds {value}, which isn't a number to go on with; handle it in the code")
    if isinstance(value, Mapping):
        return {key if isinstance(key, str) else str(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(item) for item in value]
    if isinstance(value, set | frozenset):
        return sorted((_as_json(item) for item in value), key=lambda item: (type(item).__name__, str(item)))
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    kind = getattr(value, "name", None) or type(value).__name__
    raise ToolFailure(f"the result holds a {kind}; return numbers, text, lists and dictionaries")


def _evidence(printed: str) -> list[Evidence]:
    if not printed.strip():
        return []
    return [Evidence(text=printed, source="run_python", place="printed", kind="value", trusted=True)]
