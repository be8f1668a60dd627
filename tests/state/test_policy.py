"""Policies: what runs, what asks, what is denied."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from state.policy import NAMED, Policy, PolicyDecision, Risk
from state.result import Origin
from state.roles import Role
from tests.state.test_inert import ACTIVE

DEFAULT = Policy()
MINE, THEIRS = Origin(sources=["plan"]), Origin(trusted=False, sources=["page"])


def decide(
    policy: Policy, risk: Risk, args: dict[str, Any] | None = None, *, tool: str = "pay", **origins: Origin
) -> str:
    args = args or {}
    known = {name: origins.get(name, MINE) for name in args}
    return policy.decide(tool=tool, risk=risk, args=args, origins=known).action


@pytest.mark.parametrize(
    ("name", "read", "write", "untrusted", "irreversible"),
    [
        ("default", "auto", "auto", "ask", "ask"),
        ("auto", "auto", "auto", "auto", "auto"),
        ("ask", "auto", "ask", "ask", "ask"),
    ],
)
def test_named_policies(name: str, read: str, write: str, untrusted: str, irreversible: str) -> None:
    policy = NAMED[name]
    assert decide(policy, "read", {"q": 1}, q=THEIRS) == read
    assert decide(policy, "write", {"to": "x"}) == write
    assert decide(policy, "write", {"to": "x"}, to=THEIRS) == untrusted
    assert decide(policy, "irreversible", {"to": "x"}) == irreversible


PICKED = Origin(trusted=False, picked=True, sources=["files"])
ROLES: dict[str, Role] = {"to": "address", "cc": "address", "amount": "amount", "body": "content", "subject": "content"}


def decision(args: dict[str, Any], policy: Policy = DEFAULT, /, *, said: str = "", **given: Origin) -> PolicyDecision:
    """The decision on a planned write; `caller` is the origin of the call."""
    caller = given.pop("caller", MINE)
    origins = {name: given.get(name, MINE) for name in args}
    return policy.decide(tool="mail", risk="write", args=args, origins=origins, caller=caller, roles=ROLES, said=said)


WORDS, LINK = "all is well", "see www.evil.example"


def test_words_from_an_untrusted_source_may_be_told_to_whom_the_plan_names() -> None:
    made = decision({"to": "alice", "body": WORDS}, body=THEIRS)
    assert (made.action, made.rule) == ("auto", "untrusted_content")
    assert made.reason == "it writes, and body, from an untrusted source, holds words alone"
    assert decision({"body": WORDS}, body=THEIRS).action == "auto"
    assert decision({"to": "alice", "body": WORDS, "subject": WORDS}, body=THEIRS, subject=THEIRS).action == "auto"


def test_more_than_words_from_an_untrusted_source_asks() -> None:
    made = decision({"to": "alice", "body": LINK}, body=THEIRS)
    assert (made.action, made.rule) == ("ask", "untrusted_write")
    assert made.reason == "it writes, and body, from an untrusted source, holds 'www.evil.example'"
    assert decision({"to": "alice", "body": WORDS, "subject": LINK}, body=THEIRS, subject=THEIRS).action == "ask"


def test_what_the_user_said_may_stand_in_untrusted_content() -> None:
    assert decision({"to": "alice", "body": LINK}, said="Is www.evil.example any good?", body=THEIRS).action == "auto"
    assert decision({"to": "www.evil.example", "body": LINK}, body=THEIRS).action == "auto"
    assert decision({"to": "www.evil.example", "body": LINK}, to=PICKED, body=THEIRS).action == "ask"


def test_addresses_amounts_and_what_has_no_role_ask_when_untrusted() -> None:
    for name in ("to", "cc", "amount", "other"):
        assert decision({name: "3"}, **{name: THEIRS}).action == "ask"
        assert decision({name: "3", "body": WORDS}, body=THEIRS, **{name: THEIRS}).action == "ask"
    for name in ("amount", "other"):
        assert decision({name: "3"}, **{name: PICKED}).action == "ask"


def test_a_picked_address_gets_trusted_values_alone() -> None:
    made = decision({"to": "alice", "body": WORDS}, to=PICKED)
    assert (made.action, made.rule) == ("auto", "untrusted_pick")
    assert made.reason == "it writes to to, picked by what the plan says"
    assert decision({"to": "alice", "body": WORDS}, to=PICKED, body=THEIRS).action == "ask"
    assert decision({"to": "alice", "cc": "bob"}, to=PICKED, cc=THEIRS).action == "ask"


def test_a_call_that_untrusted_text_led_to_has_no_exception() -> None:
    assert decision({"to": "alice", "body": WORDS}, body=THEIRS, caller=THEIRS).action == "ask"
    assert decision({"to": "alice"}, to=PICKED, caller=THEIRS).action == "ask"


def test_what_cant_be_undone_has_no_exception() -> None:
    made = DEFAULT.decide(tool="mail", risk="irreversible", args={"body": WORDS}, origins={"body": THEIRS}, roles=ROLES)
    assert made.action == "ask"


@pytest.mark.parametrize(
    ("changed", "action"),
    [
        ({"write": "ask"}, "ask"),
        ({"write": "deny"}, "deny"),
        ({"untrusted_write": "deny"}, "deny"),
        ({"untrusted_content": "ask", "untrusted_pick": "ask"}, "ask"),
        ({"untrusted_content": "deny", "untrusted_pick": "deny"}, "deny"),
        ({"attended": False}, "auto"),
        ({"attended": False, "untrusted_content": "ask", "untrusted_pick": "ask"}, "deny"),
    ],
)
def test_the_exceptions_are_no_laxer_than_the_rest_of_the_policy(changed: dict[str, Any], action: str) -> None:
    policy = Policy.model_validate(changed)
    assert decision({"to": "alice", "body": WORDS}, policy, body=THEIRS).action == action
    assert decision({"to": "alice", "body": WORDS}, policy, to=PICKED).action == action


@given(st.sampled_from(["body", "subject"]), st.text(max_size=60), st.sampled_from(ACTIVE), st.text(max_size=60))
def test_no_untrusted_active_part_passes_unasked(name: str, before: str, active: str, after: str) -> None:
    text = f"{before} {active} {after}"
    assert decision({"to": "alice", name: text}, **{name: THEIRS}).action == "ask"
    assert decision({"to": "alice", name: [before, text]}, **{name: THEIRS}).action == "ask"


@given(
    st.dictionaries(
        st.sampled_from(["to", "cc", "amount", "other"]), st.sampled_from([MINE, THEIRS, PICKED]), min_size=1
    ),
    st.sampled_from([MINE, THEIRS]),
)
def test_no_untrusted_choice_of_whom_or_how_much_passes_unasked(chosen: dict[str, Origin], body: Origin) -> None:
    made = decision({"body": WORDS, **dict.fromkeys(chosen, "x")}, body=body, **chosen)
    is_picked = all(origin is not THEIRS for origin in chosen.values()) and not {
        name for name in ("amount", "other") if chosen.get(name) is PICKED
    }
    is_told = body is THEIRS and PICKED in chosen.values()
    assert (made.action == "auto") == (is_picked and not is_told)


def test_before_a_plan_runs_its_content_isnt_known() -> None:
    made = DEFAULT.decide(
        tool="mail", risk="write", args={"to": "a", "body": "{{t1}}"}, origins={"to": MINE, "body": THEIRS},
        roles=ROLES, is_resolved=False,
    )  # fmt: skip
    assert made.action == "auto"
    assert made.reason.endswith("; asks if it then holds a link, an address, a number or a code")


def test_nobody_to_ask_means_no() -> None:
    alone = NAMED["default"].model_copy(update={"attended": False})
    decision = alone.decide(tool="pay", risk="irreversible", args={}, origins={})
    assert (decision.action, decision.reason) == ("deny", "it can't be undone, and nobody is there to ask")


RULES = Policy.model_validate(
    tomllib.loads(
        """
        [[rules]]
        name = "never to strangers"
        tool = ["pay", "send_*"]
        where.to.trusted = false
        action = "deny"

        [[rules]]
        name = "small change"
        tool = "pay"
        where.amount.max = 100
        action = "auto"

        [[rules]]
        tool = "write_file"
        where.path.under = "reports"
        action = "auto"

        [[rules]]
        tool = "http_request"
        where.url.domain = "example.org"
        action = "auto"

        [[rules]]
        tool = "send_mail"
        where.to.domain = "example.org"
        action = "auto"

        [[rules]]
        name = "big"
        tool = "transfer"
        where.amount.min = 1000
        action = "deny"
        """
    )
)


@pytest.mark.parametrize(
    ("tool", "args", "action"),
    [
        ("pay", {"amount": 99}, "auto"),
        ("pay", {"amount": "100"}, "auto"),
        ("pay", {"amount": 100.01}, "ask"),
        ("pay", {"amount": "lots"}, "ask"),
        ("pay", {"amount": float("nan")}, "ask"),
        ("pay", {"amount": True}, "ask"),
        ("pay", {}, "ask"),
        ("write_file", {"path": "reports/a.md"}, "auto"),
        ("write_file", {"path": "reports/../a.md"}, "ask"),
        ("write_file", {"path": "reports\\..\\a.md"}, "ask"),
        ("write_file", {"path": "reportsx/a.md"}, "ask"),
        ("http_request", {"url": "https://api.example.org/x"}, "auto"),
        ("http_request", {"url": "https://example.org.evil.net/x"}, "ask"),
        ("http_request", {"url": "https://evil.net/@example.org"}, "ask"),
        ("http_request", {"url": "https://evil.net\\@example.org/"}, "ask"),
        ("http_request", {"url": "https://[example.org/"}, "ask"),
        ("send_mail", {"to": "ann@example.org"}, "auto"),
        ("send_mail", {"to": "Ann <ann@mail.example.org>"}, "auto"),
        ("send_mail", {"to": "mallory@evil.net, ann@example.org"}, "ask"),
        ("send_mail", {"to": "mallory@evil.net ann@example.org"}, "ask"),
        ("send_mail", {"to": "mallory@evil.net@example.org"}, "ask"),
        ("send_mail", {"to": "<mallory@evil.net> ann@example.org"}, "ask"),
        ("send_mail", {"to": "evil.net/@example.org"}, "ask"),
        ("send_mail", {"to": "mallory@evil.net\nann@example.org"}, "ask"),
        ("transfer", {"amount": 2000}, "deny"),
        ("transfer", {"amount": "all of it"}, "deny"),
        ("transfer", {"amount": 5}, "ask"),
    ],
)
def test_rules_by_amount_path_and_domain(tool: str, args: dict[str, Any], action: str) -> None:
    assert decide(RULES, "irreversible", args, tool=tool) == action


def test_rules_by_origin_come_in_order() -> None:
    assert decide(RULES, "write", {"to": "x", "amount": 1}, to=THEIRS) == "deny"
    assert decide(RULES, "write", {"to": "x"}, tool="send_email", to=THEIRS) == "deny"
    assert decide(RULES, "write", {"to": "x", "amount": 1}) == "auto"
