"""Workflows that others recorded, run as plans: every reference resolved, every argument as recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


async def test_fifty_recorded_workflows_are_called_as_recorded(tmp_path: Path) -> None:
    pytest.importorskip("data_v1", reason="needs nestful-wrapper, installed with --no-deps")
    from benchmarks.replay import replay
    from benchmarks.workflows import complex_func_bench

    outcome = await replay(complex_func_bench()[::20], tmp_path / "checkpoints.sqlite")
    assert outcome.wrong == []
    assert (outcome.right, outcome.plans) == (50, 50)
    assert outcome.references > 100
