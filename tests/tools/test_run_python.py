"""run_python runs code in a sandbox: no files, no network, bounded time and memory, errors that help to mend it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tools.registry import ToolFailure
from tools.run_python import run_python


@pytest.mark.parametrize(
    ("code", "inputs", "value"),
    [
        ("sum(xs)", {"xs": [1, 2, 3]}, 6),
        ("rows[0]['price'] * 2", {"rows": [{"price": 2.5}]}, 5.0),
        ("def double(x):\n    return 2 * x\n[double(n) for n in range(3)]", {}, [0, 2, 4]),
        (
            "import json, re, math\n[json.loads('{}'), re.findall('a', 'banana'), math.sqrt(4)]",
            {},
            [{}, ["a"] * 3, 2.0],
        ),
        ("(1, {3, 2}, {1: 'x'})", {}, [1, [2, 3], {"1": "x"}]),
        ("import datetime\ndatetime.date(2026, 1, 2)", {}, "2026-01-02"),
        ("print('a')\nprint('b')", {}, "a\nb"),
        ("print('shown')\n7", {}, 7),
        ("x = 1", {}, None),
        ("nothing", {"nothing": None}, None),
        ("2 ** 100", {}, 2**100),
    ],
)
async def test_the_value_is_that_of_the_last_expression(code: str, inputs: dict[str, Any], value: Any) -> None:
    assert (await run_python().call({"code": code, "inputs": inputs})).value == value


async def test_what_was_printed_is_evidence() -> None:
    output = await run_python().call({"code": "print('step one')\n7"})
    (evidence,) = output.evidence
    assert (evidence.text, evidence.place, evidence.kind) == ("step one\n", "printed", "value")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("x = 1\n\nx / 0", "line 3: ZeroDivisionError"),
        ("def f():\n    return 1 / 0\nprint('before')\nf()", "line 2: ZeroDivisionError.*printed before: 'before'"),
        ("f(", "line 1: SyntaxError"),
        ("missing", "NameError.*missing"),
        ("raise ValueError('no such row')", "ValueError: no such row"),
        ("float('nan')", "holds nan"),
        ("b'bytes'", "holds a bytes"),
        ("class A:\n    pass\nA()", "holds a A"),
        ("'x' * 2_000_000", "more than 1,000,000 characters"),
        ("while True:\n    print('x' * 1000)", "printed more than 100,000 bytes"),
    ],
)
async def test_errors_say_what_to_mend(code: str, message: str) -> None:
    with pytest.raises(ToolFailure, match=message) as failure:
        await run_python(seconds=60).call({"code": code})
    assert failure.value.kind == "permanent"


@pytest.mark.parametrize(
    "code",
    [
        "open('/etc/passwd').read()",
        "open('{home}/x', 'w').write('x')",
        "from pathlib import Path\nPath('/etc/passwd').read_text()",
        "import os\nos.environ['HOME']",
        "import os\nos.system('touch {home}/x')",
        "import subprocess\nsubprocess.run(['touch', '{home}/x'])",
        "import socket\nsocket.create_connection(('127.0.0.1', 80))",
        "import urllib.request\nurllib.request.urlopen('http://127.0.0.1')",
        "import ctypes",
        "import importlib\nimportlib.import_module('os').listdir('/')",
        "__import__('os').listdir('/')",
        "().__class__.__base__.__subclasses__()",
        "(lambda: 0).__globals__",
        "eval(\"__import__('os').listdir('/')\")",
        "exec('import socket')",
    ],
)
async def test_the_sandbox_has_no_way_out(code: str, tmp_path: Path) -> None:
    with pytest.raises(ToolFailure):
        await run_python().call({"code": code.replace("{home}", str(tmp_path))})
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    "code",
    ["while True: pass", "sum(range(10 ** 12))", "10 ** 10 ** 10"],
)
async def test_time_is_bounded_and_the_loop_goes_on(code: str) -> None:
    calling = asyncio.create_task(run_python(seconds=0.5).call({"code": code}))
    for _ in range(3):
        await asyncio.sleep(0)
        assert not calling.done()
    with pytest.raises(ToolFailure):
        await calling


@pytest.mark.parametrize("code", ["[0] * 10 ** 9", "x = 'a' * 10\nwhile True: x += x", "def f(): return f()\nf()"])
async def test_memory_and_depth_are_bounded(code: str) -> None:
    with pytest.raises(ToolFailure, match=r"MemoryError|RecursionError"):
        await run_python(seconds=60, memory=20_000_000).call({"code": code})


async def test_sleeping_costs_no_time() -> None:
    assert (await run_python(seconds=60).call({"code": "import time\ntime.sleep(3600)\n1"})).value == 1


async def test_inputs_have_names_that_code_can_use() -> None:
    with pytest.raises(ToolFailure, match="can't be a variable") as failure:
        await run_python().call({"code": "1", "inputs": {"a b": 1}})
    assert failure.value.kind == "invalid_arguments"


async def test_runs_share_nothing() -> None:
    spec = run_python()
    await spec.call({"code": "left = 1"})
    with pytest.raises(ToolFailure, match="NameError"):
        await spec.call({"code": "left"})
