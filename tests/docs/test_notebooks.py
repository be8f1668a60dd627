"""The notebooks as they are committed: without outputs, and the same for everyone. nbmake runs them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def cells(request) -> list[dict]:
    return json.loads(request.param.read_text("utf-8"))["cells"]


def test_the_tour_is_complete() -> None:
    assert [path.stem for path in NOTEBOOKS] == [
        "01_first_tour",
        "02_state_and_time_travel",
        "03_a_person_in_the_loop",
        "04_types_compared",
        "05_your_own_tool_and_brain",
    ]


def test_no_output_is_committed(cells) -> None:
    for cell in cells:
        assert not cell.get("outputs"), "clear the outputs before you commit"
        assert cell.get("execution_count") is None
        assert cell["metadata"] == {}


def test_it_begins_with_a_title_and_leaves_nothing_behind(cells) -> None:
    assert cells[0]["cell_type"] == "markdown"
    assert cells[0]["source"][0].startswith("# ")
    first = "".join(next(cell for cell in cells if cell["cell_type"] == "code")["source"])
    assert 'os.environ["ORCHESTRATE_HOME"] = tempfile.mkdtemp()' in first


def test_it_teaches_in_prose_too(cells) -> None:
    told = sum(cell["cell_type"] == "markdown" for cell in cells)
    assert told >= len(cells) / 3
