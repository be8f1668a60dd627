"""What of a call leaves this process: nothing that is redacted, neither to the store nor to a trace."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from langchain_core.callbacks import BaseCallbackManager
from langsmith.run_helpers import tracing_context

from nodes import redaction
from tools.registry import ToolOutput

_QUOTED = ("text", "source", "place", "url")
"""What of a piece of evidence its origin has written."""


def redacted(output: ToolOutput) -> ToolOutput:
    """A tool's output as it may be stored: secrets and personal data taken out of the value and the evidence alike.

    Quotations are chosen from the redacted evidence, so they stay verbatim.
    """
    clean = functools.cache(lambda text: redaction.redact(text)[0])  # most evidence stands in the value too
    evidence = [
        item.model_copy(update={name: clean(text) for name in _QUOTED if (text := getattr(item, name))})
        for item in output.evidence
    ]
    return ToolOutput(redaction.map_strings(output.value, clean), evidence)


@contextmanager
def untraced(config: Any) -> Iterator[Any]:
    """Around a call with revealed arguments: its config without LangSmith's tracer, and no span of OpenTelemetry's.

    The task around the call is traced all the same, with what is redacted.
    """
    from langchain_core.tracers.langchain import LangChainTracer

    with tracing_context(enabled=False), _no_spans():
        callbacks = (config or {}).get("callbacks")
        if isinstance(callbacks, BaseCallbackManager):
            quiet = callbacks.copy()
            for handler in list(quiet.handlers):
                if isinstance(handler, LangChainTracer):
                    quiet.remove_handler(handler)
            config = {**config, "callbacks": quiet}
        yield config


def _no_spans() -> AbstractContextManager[Any]:
    if "openinference.instrumentation" not in sys.modules:
        return nullcontext()
    from openinference.instrumentation import suppress_tracing

    return suppress_tracing()
