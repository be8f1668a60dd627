"""The pictures of the documents, drawn from real runs.

Run it to draw them anew: python tests/docs/pictures.py
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
PLAN = ROOT / "docs" / "plan.svg"
GOAL = "How old must a senator be, how old a president, and what is the difference?"


def plan_picture() -> str:
    """The plan that the embedded brain makes of the goal in the README."""
    from graph.run import ask

    outcome = ask(GOAL, docs=ROOT / "examples" / "us-constitution.txt", brain="reflex")
    assert outcome.plan is not None
    return outcome.plan._repr_svg_() + "\n"


if __name__ == "__main__":
    PLAN.write_text(plan_picture(), "utf-8")
