"""The page in a real browser: what a person sees and can do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.web import browser
from tests.web.conftest import WITHIN, Served, one_task, save

expect = pytest.importorskip("playwright.sync_api", reason="playwright isn't installed").expect
expect.set_options(timeout=WITHIN * 1000)
pytestmark = pytest.mark.skipif(browser.executable() is None, reason="no chromium on this machine")

GOAL = "How old must a senator be, how old a president, and what is the difference?"
NARROW = 360


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser.opened() as opened:
        yield opened


@pytest.fixture
def page(chromium: Any, served: Served) -> Iterator[Any]:
    """The page as it is after its printed address was opened. Whatever its console says is wrong fails the test."""
    context = chromium.new_context(viewport={"width": 1200, "height": 900})
    page = context.new_page()
    page.set_default_timeout(WITHIN * 1000)
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(served.link)
    yield page
    context.close()
    assert not wrong


def show(page: Any, served: Served, thread: str) -> None:
    page.goto(f"{served.address}/#{thread}")
    page.reload()


def ended(page: Any) -> None:
    """Wait until the page shows a run that has ended well."""
    page.wait_for_selector("#run:not([hidden]), #status.error, .question")
    assert page.is_visible("#run"), page.inner_text("main")


def test_a_goal_is_asked_by_keyboard_seen_at_work_and_answered_with_citations(page: Any, served: Served) -> None:
    assert "token" not in page.url
    page.fill("#goal", GOAL)
    page.keyboard.press("Control+Enter")
    ended(page)
    assert page.locator("#drawing svg").get_attribute("aria-label") == "a plan of 5 tasks"
    assert "The difference is 5 [3]" in page.inner_text("#text")
    quoted = page.locator("#text ol li").all_inner_texts()
    assert "thirty Years" in quoted[0]
    assert "us-constitution.txt, Article I, Section 3" in quoted[0]
    assert page.locator("#timeline svg").count() == 1
    assert page.locator("#threads button[aria-current=true]").inner_text().startswith(GOAL[:10])
    assert not page.is_visible("#stop")
    assert not page.is_visible("#retry")

    before = [page.inner_text(part) for part in ("#drawing", "#text", "#report")]
    page.reload()
    ended(page)
    assert [page.inner_text(part) for part in ("#drawing", "#text", "#report")] == before
    assert page.input_value("#goal") == GOAL


def test_a_task_at_work_is_marked_stopped_and_after_a_reload_gone_on_with_to_its_answer(
    page: Any, served: Served
) -> None:
    plan = one_task("hold", name="a")
    plan["tasks"].append(save()["tasks"][0] | {"id": "t2", "after": ["t1"]})
    thread = served.start("Hold, then save a note", policy="ask", plan=plan)
    served.held("a")
    show(page, served, thread)
    page.wait_for_selector("#drawing .working")
    assert page.inner_text("#tasks .running .state") == "running"
    assert page.get_attribute("#main", "aria-busy") == "true"
    with page.expect_response("**/stop"):
        page.click("#stop")
    page.wait_for_selector("#resume:visible")
    assert "Stopped" in page.inner_text("#status")
    page.reload()
    page.wait_for_selector("#resume:visible")
    served.let_go("a")
    page.click("#resume")
    page.get_by_role("button", name="Approve", exact=True).click()
    page.wait_for_selector("#run:not([hidden])")
    assert "held a" in page.inner_text("#text")
    assert not page.is_visible("#resume")
    assert (served.place / "note.txt").read_text() == "kept"


def test_a_question_is_answered_and_a_bad_answer_leaves_it_open(page: Any, served: Served) -> None:
    thread = served.start("Save a note", policy="ask", plan=save(content="first"))
    show(page, served, thread)
    page.wait_for_selector(".question")
    assert "1 question waits" in page.inner_text("#status")
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Arguments").fill("{not JSON")
    page.get_by_role("button", name="Approve as edited").click()
    expect(page.locator("#status")).to_contain_text("aren't JSON")
    page.get_by_label("Arguments").fill('{"path": "note.txt"}')
    page.get_by_role("button", name="Approve as edited").click()
    expect(page.locator("#status")).to_contain_text("'content' is a required property")
    page.get_by_label("Arguments").fill(json.dumps({"path": "note.txt", "content": "second"}))
    page.get_by_role("button", name="Approve as edited").click()
    page.wait_for_selector("#run:not([hidden])")
    assert page.locator(".question").count() == 0
    assert (served.place / "note.txt").read_text() == "second"


def test_a_rejection_carries_its_reason(page: Any, served: Served) -> None:
    show(page, served, served.start("Save a note", policy="ask", plan=save()))
    page.get_by_role("button", name="Reject").click()
    page.get_by_label("Reason").fill("not today")
    page.locator(".below").get_by_role("button", name="Reject").click()
    page.wait_for_selector("#run:not([hidden])")
    page.get_by_text("What each task came to").click()
    assert "not today" in page.inner_text("#results")
    assert not (served.place / "note.txt").exists()


def test_who_approves_sees_the_whole_of_it_and_where_it_comes_from(page: Any, served: Served) -> None:
    long = "\n".join(f"line {number}" for number in range(400)) + "\nthe end"
    show(page, served, served.start("Save a note", policy="ask", plan=save(content=long)))
    page.wait_for_selector(".question")
    assert page.locator(".question pre").nth(1).inner_text() == long
    assert page.locator(".question .from").all_inner_texts() == ["from the plan"] * 2


def test_a_plan_is_approved_with_its_arguments_in_sight_by_keyboard(page: Any, served: Served) -> None:
    page.locator("#goal").press_sequentially("Write 'Remember the milk' to the file note.txt")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".question")
    assert page.locator(".question dt").all_inner_texts() == ["t1"]
    assert 'content="Remember the milk"' in page.inner_text(".question dd")
    page.locator(".question pre").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#run:not([hidden])")
    assert (served.place / "note.txt").read_text() == "Remember the milk"


def test_a_number_in_the_answer_leads_to_what_it_quotes(page: Any, served: Served) -> None:
    show(page, served, served.start(GOAL))
    ended(page)
    number = page.get_by_role("button", name="source 2")
    assert "thirty five Years" in number.get_attribute("title")
    number.click()
    assert page.evaluate("document.activeElement.value") == 2
    assert page.locator(".cited").count() == 1


def test_what_a_run_came_to_is_told_and_found_in_the_list(page: Any, served: Served) -> None:
    failed = served.start("Read it", plan=one_task("read_file", path="nowhere.txt"))
    for number in range(9):
        served.end(served.start(f"{number} + 1"))
    show(page, served, failed)
    ended(page)
    assert page.inner_text("#outcome") == "failed"
    assert page.is_visible("#retry")
    assert page.title() == "Read it · Orchestrate"
    page.get_by_label("Find a goal").fill("read")
    expect(page.locator("#threads li:visible")).to_have_count(1)
    assert "failed · " in page.inner_text("#threads li:visible")


def test_everything_that_can_be_used_has_a_name(page: Any, served: Served) -> None:
    show(page, served, served.start("Save a note", policy="ask", plan=save()))
    page.get_by_role("button", name="Edit").click()
    page.get_by_text("Options").click()
    for control in page.locator("button:visible, input:visible, select:visible, textarea:visible").all():
        named = control.evaluate(
            "c => c.innerText || c.ariaLabel || [...(c.labels || [])].map(l => l.innerText).join()"
        )
        assert named.strip(), control.evaluate("c => c.outerHTML")


def test_text_that_would_act_is_only_text(page: Any, served: Served) -> None:
    acting = "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
    show(page, served, served.start(f"Shout {acting}", policy="ask", plan=save(content=acting)))
    page.get_by_role("button", name="Approve", exact=True).wait_for()
    assert page.locator(".question pre").nth(1).inner_text() == acting
    page.get_by_role("button", name="Edit").click()
    assert acting in page.get_by_label("Arguments").input_value().replace('\\"', '"')
    show(page, served, served.start(f"Shout {acting}", plan=one_task("shout", to=acting)))
    ended(page)
    page.get_by_text("What each task came to").click()
    assert acting in page.inner_text("#results")
    assert page.locator("main img, main script, aside img").count() == 0
    assert page.title().startswith("Shout <img")


def test_a_thread_is_opened_from_the_list_and_deleted(page: Any, served: Served) -> None:
    for goal in ("2 + 3", "4 * 5"):
        served.end(served.start(goal))
    page.reload()
    page.get_by_role("button", name="2 + 3").click()
    ended(page)
    assert "5" in page.inner_text("#text")
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("#delete")
    expect(page.locator("#threads li")).to_have_count(1)
    assert page.input_value("#goal") == ""
    assert page.locator("#threads li").inner_text().startswith("4 * 5")


def test_a_goal_may_go_on_in_the_thread_that_is_open(page: Any, served: Served) -> None:
    page.fill("#goal", "2 + 3")
    page.click("button[type=submit]")
    page.get_by_label("go on in this thread").check()
    page.fill("#goal", "4 * 5")
    page.click("button[type=submit]")
    expect(page.locator("#text ol")).to_contain_text("4 * 5 = 20")
    assert len(served.client.get("/api/threads").json()["threads"]) == 1


def test_nothing_is_wider_than_a_telephone_and_a_dark_page_has_dark_drawings(page: Any, served: Served) -> None:
    thread = served.start(GOAL)
    served.end(thread)
    page.set_viewport_size({"width": NARROW, "height": 740})
    page.emulate_media(color_scheme="dark")
    show(page, served, thread)
    ended(page)
    assert page.evaluate("document.documentElement.scrollWidth") == NARROW
    paper = page.evaluate("getComputedStyle(document.querySelector('#drawing svg rect')).fill")
    assert paper == "rgb(23, 28, 36)"
