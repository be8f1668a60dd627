"""`orchestrate bench` and `orchestrate eval`: they list what there is, and run it."""

from __future__ import annotations

import subprocess
import sys


def orchestrate(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "cli.main", *words], capture_output=True, text=True, check=False)


def test_measurements_are_listed_with_their_purpose() -> None:
    listed = orchestrate("bench").stdout
    assert "kill_gate" in listed
    assert "ledger" not in listed
    assert "agentdojo" in orchestrate("eval").stdout


def test_a_measurement_gets_its_own_options() -> None:
    assert "--runs" in orchestrate("bench", "startup", "--help").stdout


def test_an_unknown_name_says_which_there_are() -> None:
    failed = orchestrate("bench", "nothing")
    assert failed.returncode == 2
    assert "startup" in failed.stderr
