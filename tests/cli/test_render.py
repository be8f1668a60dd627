from __future__ import annotations

import io

from rich.console import Console

from cli import render
from cli.display import lines_of
from cli.progress import Progress
from state.result import Citation, TaskError, TaskResult


def shown(renderable, width: int = 100) -> str:
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=False, markup=False, emoji=False).print(renderable)
    return out.getvalue()


def after(events) -> Progress:
    progress = Progress()
    for event in events:
        progress.feed(event)
    return progress


def test_the_plan_shows_status_dependencies_and_time(recorded) -> None:
    table = shown(render.plan_table(after(recorded), now=102.0, width=100))
    lines = table.splitlines()
    assert lines[0].split() == ["✓", "t1", "Age", "of", "a", "senator", "search_documents", "0.5", "s"]
    assert "← t2, t1" in table or "← t1, t2" in table
    assert "✗  t3" in table
    assert "no number" in table
    assert "–  t4" in table


def test_a_running_task_counts_up_and_turns(recorded) -> None:
    progress = after(recorded[:6])
    first, second = (shown(render.plan_table(progress, now=now, width=100)) for now in (101.2, 103.26))
    assert "1.0 s" in first
    assert "3.1 s" in second
    assert first[0] in render.SPINNER
    assert first[0] != second[0]


def test_nothing_is_wider_than_the_terminal(recorded) -> None:
    recorded[2]["plan"]["tasks"][0]["goal"] = "a very long goal " * 40
    for width in (40, 60, 80, 100):
        text = shown(render.live(after(recorded), now=102.0, width=width, height=24), width)
        assert max(map(len, text.splitlines())) <= width


def test_a_large_plan_fits_on_the_screen() -> None:
    tasks = [{"id": f"t{number}", "tool": "now"} for number in range(100)]
    progress = after([{"type": "plan", "at": 1.0, "plan": {"tasks": tasks}}])
    progress.feed({"type": "task", "task": "t90", "status": "failed", "at": 2.0, "detail": "no"})
    progress.feed({"type": "task", "task": "t95", "status": "running", "at": 2.0})
    text = shown(render.live(progress, now=3.0, width=100, height=24))
    assert len(text.splitlines()) <= 24
    assert "t90" in text
    assert "t95" in text
    assert "and 89 more: 89 waiting" in text


def test_items_of_a_map_are_counted() -> None:
    tasks = [{"id": "t1", "tool": "now", "goal": "Each", "each": ["a", "b", "c"]}]
    progress = after([{"type": "plan", "at": 1.0, "plan": {"tasks": tasks}}])
    progress.feed({"type": "task", "task": "t1", "status": "running", "at": 1.0})
    progress.feed({"type": "task", "task": "t1", "status": "done", "item": 1, "at": 1.0})
    assert "1/3" in shown(render.plan_table(progress, now=2.0, width=100))


def test_results_have_the_last_word(recorded) -> None:
    progress = after(recorded[:6])
    error = TaskError(kind="permanent", message="gone")
    progress.settle({"t1": TaskResult(task="t1", status="failed", error=error, started=100.2, ended=100.4)})
    text = shown(render.plan_table(progress, now=200.0, width=100))
    assert "✗  t1" in text
    assert "gone" in text
    assert "200 ms" in text or "0.2 s" in text


def test_a_text_that_restarts_discards_the_draft(recorded) -> None:
    progress = after(recorded)
    assert progress.text == "A senator must be thirty [1]."
    assert "Draft" not in shown(render.live(progress, now=102.0, width=100, height=24))


def test_citations_stand_under_the_answer(monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    citations = [
        Citation(number=1, quote="the Age of\nthirty Years", source=str(tmp_path / "law" / "us.txt"), place="line 12"),
        Citation(number=2, quote="q", source="page", url="https://example.org/a", date="2026-01-02"),
    ]
    text = shown(render.answer("Thirty [1].", citations))
    assert "[1] “the Age of thirty Years” — law/us.txt, line 12" in text
    assert "[2] “q” — https://example.org/a, 2026-01-02" in text


def test_plain_lines_say_what_changed(recorded) -> None:
    progress, lines = Progress(), []
    for event in recorded:
        progress.feed(event)
        lines += lines_of(event, progress)
    assert lines[0] == "plan:"
    assert (
        "  t3  calculate  Difference  (after t2, t1)" in lines or "  t3  calculate  Difference  (after t1, t2)" in lines
    )
    assert "t2  retrying  503" in lines
    assert "t2  running  attempt 2" in lines
    assert "t3  failed  100 ms  no number" in lines or "t3  failed  0.1 s  no number" in lines
    assert lines[-1] == "note: the mail was not sent"
    assert not any("Draft" in line for line in lines)


def test_markup_and_escapes_of_others_do_not_act(recorded) -> None:
    evil = "[bold red]x[/] \x1b[31mred \x1b]0;title\x07 \u202eabc"
    recorded[2]["plan"]["tasks"][0]["goal"] = evil
    recorded[11]["detail"] = evil
    out = io.StringIO()
    Console(file=out, width=100, force_terminal=True, color_system="standard").print(
        render.live(after(recorded), now=102.0, width=100, height=24)
    )
    text = out.getvalue()
    assert "[bold red]x[/]" in text
    assert "\x1b]0;" not in text
    assert "\u202e" not in text


def test_commands_to_go_on_with_are_never_broken_in_two() -> None:
    wide = shown(render.footer(None, "1f0c2d3e4f5a", width=100, failed=True), 100)
    assert (
        wide.splitlines()[-1]
        == "go on: orchestrate chat --thread 1f0c2d3e4f5a   details: orchestrate report 1f0c2d3e4f5a"
    )
    narrow = shown(render.footer(None, "1f0c2d3e4f5a", width=60), 60).splitlines()
    assert narrow[-2:] == ["go on: orchestrate chat --thread 1f0c2d3e4f5a", "details: orchestrate report 1f0c2d3e4f5a"]
