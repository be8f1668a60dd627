"""`orchestrate compare`, over the real graphs with the embedded brain; plans in TOML."""

from __future__ import annotations

import json
from pathlib import Path

DOCUMENT = str(Path(__file__).parents[2] / "examples" / "us-constitution.txt")


def test_a_table_has_a_row_per_type(orchestrate) -> None:
    ran = orchestrate("compare", "How old must a senator be?", "--docs", DOCUMENT, "--types", "graph,agentic")
    assert ran.code == 0
    head, *rows = [line.split("\t") for line in ran.out.splitlines()]
    assert head[0] == "type"
    assert [(row[0], row[head.index("outcome")]) for row in rows] == [("graph", "answered"), ("agentic", "answered")]


def test_json_is_one_document(orchestrate) -> None:
    ran = orchestrate("compare", "What is 17 % of 240?", "--types", "hybrid", "--json")
    (row,) = json.loads(ran.out)["types"]
    assert ran.code == 0
    assert ran.err == ""
    assert "40.8" in row["answer"]


def test_what_no_type_finds_is_no_failure(orchestrate) -> None:
    ran = orchestrate(
        "compare", "How much older must a bishop be than a rabbi?", "--docs", DOCUMENT, "--types", "hybrid"
    )
    assert "not found" in ran.out
    assert ran.code == 4


def test_an_unknown_type_is_wrong_usage(orchestrate) -> None:
    ran = orchestrate("compare", "x", "--types", "magic")
    assert ran.code == 2
    assert "no type 'magic'" in ran.err


def test_a_plan_in_toml_is_run_with_the_goal_in_its_place(orchestrate, tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text('[[tasks]]\nid = "worth"\ntool = "calculate"\nargs = { expression = "{{goal}}" }\n')
    ran = orchestrate("ask", "17 * 3", "--as", "graph", "--plan", str(plan), "--json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["results"]["worth"]["value"] == 51
