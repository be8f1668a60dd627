"""OpenTelemetry: each run, step, task and model call as a span, where an OTLP endpoint is set.

The spans are made by OpenInference's instrumentation of LangChain; the event stream adds what a task is and came to.
Goals, arguments, texts and answers stay out of them unless OPENINFERENCE_HIDE_INPUTS and OPENINFERENCE_HIDE_OUTPUTS
are `false`. Needs the extra `otel`.
"""

from __future__ import annotations

import functools
import importlib.util
import logging
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from memory.settings import Settings, settings
from nodes import emit
from state.events import Event

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

MISSING = "an OpenTelemetry endpoint is set, but what sends traces isn't installed: pip install '.[otel]'"
SERVICE = "orchestrate"
EXPORT_SECONDS = 3
"""How long a silent collector may hold up the end of the process; OTEL_EXPORTER_OTLP_TIMEOUT changes it."""
_NEEDED = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http", "openinference.instrumentation.langchain")
_ENDED = frozenset({"done", "failed", "skipped", "refused", "in_doubt"})


def endpoint(config: Settings) -> str | None:
    """Where traces are sent, as the address of their OTLP/HTTP receiver; None if nowhere."""
    if os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    if config.otel_traces_endpoint:
        return config.otel_traces_endpoint
    return f"{config.otel_endpoint.rstrip('/')}/v1/traces" if config.otel_endpoint else None


def is_installed() -> bool:
    """Whether the extra `otel` is there."""
    try:
        return all(importlib.util.find_spec(name) is not None for name in _NEEDED)
    except ModuleNotFoundError:
        return False


@functools.cache
def start_tracing() -> bool:
    """Begin to trace, if an endpoint is set; once in a process. Whether it does."""
    address = endpoint(settings())
    if address is None:
        return False
    if not is_installed():
        logging.getLogger(__name__).warning(MISSING)
        return False
    _instrument(_provider(address))
    return True


def _provider(address: str) -> TracerProvider:
    """The provider that the surrounding program has set up, else one that sends to `address`."""
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    present = trace.get_tracer_provider()
    if isinstance(present, TracerProvider):
        return present
    name = {} if os.environ.get("OTEL_SERVICE_NAME") else {SERVICE_NAME: SERVICE}
    provider = TracerProvider(resource=Resource.create(name))
    bound = None if os.environ.get("OTEL_EXPORTER_OTLP_TIMEOUT") else EXPORT_SECONDS
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=address, timeout=bound)))
    trace.set_tracer_provider(provider)
    return provider


def _instrument(provider: TracerProvider) -> None:
    from openinference.instrumentation import TraceConfig
    from openinference.instrumentation.langchain import LangChainInstrumentor

    config = TraceConfig(
        hide_inputs=os.environ.get("OPENINFERENCE_HIDE_INPUTS", "true").lower() != "false",
        hide_outputs=os.environ.get("OPENINFERENCE_HIDE_OUTPUTS", "true").lower() != "false",
    )
    LangChainInstrumentor().instrument(tracer_provider=provider, config=config)
    emit.watch(_annotate)


def _annotate(event: Event) -> None:
    """Write on the span of a task which task it is, and what becomes of it."""
    from openinference.instrumentation.langchain import get_current_span

    if event["type"] != "task" or (span := get_current_span()) is None or not span.is_recording():
        return
    known: Mapping[str, Any] = event
    span.update_name(" ".join(filter(None, [event["task"], known.get("tool")])))
    about = {f"orchestrate.{name}": known[name] for name in ("task", "tool", "status", "item", "attempt")
             if known.get(name) is not None}  # fmt: skip
    if event["status"] in _ENDED:
        span.set_attributes(about)
    span.add_event(event["status"], about)
