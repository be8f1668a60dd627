from __future__ import annotations

from pictures import PLAN, plan_picture


def test_the_drawn_plan_is_that_of_the_goal() -> None:
    assert PLAN.read_text("utf-8") == plan_picture(), "draw it anew: python tests/docs/pictures.py"
