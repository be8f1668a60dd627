"""Policies: what runs, what asks, what is denied."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from state.policy import NAMED, Policy, Risk
from state.result import Origin

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
