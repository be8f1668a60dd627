"""Make the page's picture for its document anew: `python -m tests.web.screenshot [FILE]`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.web import browser

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs" / "images" / "page.png"
GOAL = "How old must a senator be, how old a president, and what is the difference?"


def main(target: Path = PICTURE) -> None:
    """Ask a goal about the examples on a page of its own, and take its picture when it is answered."""
    serve = [sys.executable, "-m", "cli.main", "serve", "--port", "0", "--docs", "examples"]
    with tempfile.TemporaryDirectory() as home:
        served = subprocess.Popen(
            serve, cwd=ROOT, env=os.environ | {"ORCHESTRATE_HOME": home}, stdout=subprocess.PIPE, text=True
        )
        try:
            assert served.stdout is not None
            found = re.search(r"http\S+", served.stdout.readline())
            assert found, "the page didn't start"
            with browser.opened() as chromium:
                page = chromium.new_page(viewport={"width": 1180, "height": 1240}, color_scheme="light")
                page.goto(found[0])
                for goal in ("What is 12.5 % of 480?", GOAL):
                    page.click("#new")
                    page.fill("#goal", goal)
                    page.click("button[type=submit]")
                    page.wait_for_selector("#run:not([hidden])")
                page.locator("#threads li").nth(1).wait_for()
                page.evaluate("document.activeElement.blur()")
                target.parent.mkdir(parents=True, exist_ok=True)
                bottom = page.evaluate("document.querySelector('#timeline').getBoundingClientRect().bottom")
                shown = {"x": 0, "y": 0, "width": 1180, "height": bottom + 8}
                page.screenshot(path=target, full_page=True, clip=shown)
        finally:
            served.terminate()
            served.wait(20)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
