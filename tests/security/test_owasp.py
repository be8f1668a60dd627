"""What docs/security.md claims: every row of its tables names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = re.findall(
    r"^\| ((?:LLM|ASI)\d\d) [^|]*\|[^|]*\|([^|]*)\|", (ROOT / "docs/security.md").read_text("utf-8"), re.M
)


def test_both_lists_are_whole() -> None:
    assert [row for row, _ in ROWS] == [
        f"{edition}{number:02}" for edition in ("LLM", "ASI") for number in range(1, 11)
    ]


@pytest.mark.parametrize(("row", "cell"), ROWS)
def test_the_tests_of_a_row_are_there(row: str, cell: str) -> None:
    named = re.findall(r"`([^`]+)`", cell)
    assert named
    for name in named:
        path = ROOT / name if "/" in name else Path(__file__).parent / name
        files = path.glob("test_*.py") if path.is_dir() else [path]
        assert any("def test_" in file.read_text("utf-8") for file in files), name
