"""A worker killed -9 at every persistence and effect boundary: no effect is lost, none is made twice."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.slow


def gate(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.kill_gate", "--json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert done.stdout, done.stderr
    tally: dict[str, Any] = json.loads(done.stdout)[0]
    return tally


# What the long scenarios add to the short ones is found at every few boundaries; the benchmark kills at each.
@pytest.mark.parametrize(
    ("scenario", "every", "least"),
    [
        ("plain", 1, 30),
        ("map", 1, 60),
        ("loop", 1, 50),
        ("approval", 3, 100),
        ("approval one by one", 8, 100),
        ("whole orchestrator", 12, 120),
        ("resume of a resume", 4, 30),
        ("resume of a resumed approval", 5, 60),
    ],
)
def test_killed_anywhere_no_effect_is_lost_or_made_twice(scenario: str, every: int, least: int) -> None:
    tally = gate("--scenario", scenario, "--every", str(every))
    assert tally["boundaries"] >= least
    assert tally["kills"] > 0
    assert tally["wrong"] == []
    assert (tally["lost"], tally["duplicated"]) == (0, 0)
