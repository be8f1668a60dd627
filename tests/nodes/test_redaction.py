from __future__ import annotations

import re
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes import redaction, sensitive
from nodes.guard import clean_input
from nodes.redaction import Found, Sensitive, Withheld, find, redact, redact_json, reveal
from tests.nodes.harness import Bench
from tools.registry import tool

GITHUB = "ghp_" + "a1B2" * 9
OPENAI = "sk-proj-" + "Ab3_" * 12
AWS = "AKIA" + "IOSFODNN7EXAMPLE"
EVERYTHING: tuple[Sensitive, ...] = get_args(Sensitive)


@pytest.mark.parametrize(
    "secret",
    [
        GITHUB,
        OPENAI,
        AWS,
        "github_pat_" + "11ABCDEFG0" * 4,
        "xoxb-" + "123456789012-abcdefGHIJKL",
        "tvly-" + "dev0123456789abcdef",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\nabc\n-----END RSA PRIVATE KEY-----",
        "4111 1111 1111 1111",
        "5555555555554444",
        "3782-822463-10005",
        "536-90-4399",
    ],
)
def test_what_is_sensitive_is_taken_out_and_can_be_revealed(secret: str) -> None:
    text = f"Use {secret} to do it, please."
    redacted, labels = redact(text)
    assert secret not in redacted
    assert labels
    assert redacted.startswith("Use [redacted ")
    assert redacted.endswith("] to do it, please.")
    assert reveal({"header": [redacted]}) == {"header": [text]}
    assert redact(redacted) == (redacted, [])


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("postgresql://bob:hunter22@db.example/sales", "hunter22"),
        ('{"password": "correct-horse"}', "correct-horse"),
        ("api_key=0123456789", "0123456789"),
        ("Token: abcdef123", "abcdef123"),
    ],
)
def test_assigned_passwords_are_taken_out_and_the_rest_stays(text: str, hidden: str) -> None:
    redacted, labels = redact(text)
    assert hidden not in redacted
    assert labels == ["password"]
    assert redacted.split("[redacted")[0] == text.split(hidden)[0]


@pytest.mark.parametrize(
    "text",
    [
        "How old must a senator be, and how old a president?",
        "What is 4111111111111112 times 2?",
        "The sum 1234567890123456 isn't a card, nor is 12.4111111111111111",
        "Tell me about the key, the token and the password policy: which one is best",
        "Password reset is described in chapter 3, isn't it?",
        "Mail the report to anna@example.org and call +49 30 1234567",
        "Transfer 10 EUR to DE89 3704 0044 0532 0130 00",
        "https://example.org/a/very/long/path/that/is/not/a/secret?page=2&sort=date",
        "2024-01-02T03:04:05 1700000000000 978-3-16-148410-0",
        "supercalifragilisticexpialidocious donaudampfschifffahrtsgesellschaft",
        "commit 81d0ca0f2a6c0dd1b7a1f5f3c9f7a6f1d2e3b4c5",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert redact(text) == (text, [])


def test_more_kinds_can_be_asked_for() -> None:
    text = "Mail anna@example.org, call +49 30 1234567, pay DE89 3704 0044 0532 0130 00 AT ONCE"
    redacted, labels = redact(text, EVERYTHING)
    assert labels == ["address", "phone number", "account number"]
    assert redacted.endswith("] AT ONCE")
    assert reveal(redacted) == text


def test_json_is_redacted_throughout() -> None:
    value = {"a": [GITHUB, 3, None], "b": {"c": f"x {AWS}"}}
    redacted = redact_json(value)
    assert GITHUB not in str(redacted)
    assert AWS not in str(redacted)
    assert reveal(redacted) == value


def test_after_a_restart_the_value_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    redacted, _ = redact(f"use {GITHUB}")
    monkeypatch.setattr(redaction, "_vault", type(redaction._vault)())
    with pytest.raises(Withheld, match="gone since the restart"):
        reveal(redacted)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("see //registry.npmjs.org/:_authToken=npm_0123456789abcdef there", "npm_0123456789abcdef"),
        ("at%3Dsk-" + "a1" * 10 + "T3BlbkFJ" + "b2" * 10 + ", then", "sk-" + "a1" * 10 + "T3BlbkFJ" + "b2" * 10),
        ("a token eyJhbGci.eyJzdWIi.-a_b then", "eyJhbGci.eyJzdWIi.-a_b"),
    ],
)
def test_tokens_are_taken_out_from_where_they_begin_to_where_they_end(text: str, hidden: str) -> None:
    (hit,) = find(text)
    assert text[hit.start : hit.end] == hidden


BEGIN, END = "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (f"{BEGIN} a {END} and {BEGIN} b {END} and on", [f"{BEGIN} a {END}", f"{BEGIN} b {END}"]),
        (f"{BEGIN} a {BEGIN} b {END} and {END}", [f"{BEGIN} a {BEGIN} b {END}"]),
        (f"{END} {BEGIN} a, cut off", [f"{BEGIN} a, cut off"]),
        (f"{BEGIN}{' ' * 20_000}{END}.", [f"{BEGIN}{' ' * 20_000}{END}"]),
        (f"{BEGIN}{' ' * 20_001}{END}.", []),
        (f"{BEGIN}{' ' * 20_001}{BEGIN} b {END}.", [f"{BEGIN} b {END}"]),
    ],
)
def test_a_private_key_ends_with_its_last_line_or_with_the_text(text: str, keys: list[str]) -> None:
    assert [text[hit.start : hit.end] for hit in find(text)] == keys


HOSTILE = [
    "eyJa.", "eyJ", "eyJ.", "sk-", "sk-a", "sk-aaaaaaaaaaaaaaaaaaaaT3BlbkFJ", "//", "://", "://a:", "://a:b@ ",
    "//:_authToken=", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "-----END ", "password = ", "token: ",
    "AKIA0123456789ABCDEF", "[redacted ", "xoxb-1-", "aws key '", "a@", "a.", "+1", "+" + "1" * 30 + "a ", "AA00 ",
    "1 ", "1-", "1", "=", " ", "a", "lorem ipsum 12345 key dolor-sit_amet ",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_hostile_text_is_looked_through_to_its_end(piece: str) -> None:
    """For some of these the end never came: an attempt at every character, each looking through all that follows."""
    text = f"key {piece * (200_000 // len(piece))}\n {GITHUB}"
    assert find(f"{text} and on", EVERYTHING)[-1].end >= len(text)


def test_a_password_in_an_address_of_nothing_but_colons_is_looked_for_once() -> None:
    text = f"://{':' * 200_000}"
    assert redact(text) == (text, [])


@pytest.mark.parametrize("piece", ["eyJa.", "AKIA0123456789ABCDEF", "ghp_" + "a1B2" * 9])
def test_the_rest_of_a_token_is_looked_for_once(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []

    class Counting:
        def match(self, text: str, position: int) -> re.Match[str] | None:
            looked.append(position)
            return rest.match(text, position)

    rest = sensitive._REST_OF_TOKEN
    monkeypatch.setattr(sensitive, "_REST_OF_TOKEN", Counting())
    counts = []
    for times in (10, 1_000):
        looked.clear()
        assert len(find(f"key {piece * times}b {piece * times}b")) == 2
        counts.append(len(looked))
    assert counts == [2, 2]


def test_whatever_the_library_searches_for_without_a_bound_was_looked_at() -> None:
    """A pattern that is new here must be seen to take linear time on any text, or be replaced in nodes/sensitive.py."""
    endless = {
        pattern.pattern
        for _, pattern in sensitive._library_patterns()
        if re.search(r"[*+]|\{\d+,\}", re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]", "", pattern.pattern))
    }
    beginnings = sorted(pattern[:9] for pattern in endless)
    assert beginnings == ["://[^:/\\?", "https://h", "pypi-AgEI", "pypi-AgEN", "xox(?:a|b"]


SPANS = st.builds(lambda start, length: (start, start + length), st.integers(0, 24), st.integers(1, 9))


@given(st.lists(SPANS, max_size=12), st.lists(SPANS, max_size=3))
def test_of_overlapping_values_the_longest_is_taken(
    spans: list[tuple[int, int]], others: list[tuple[int, int]]
) -> None:
    found = [Found(start, end, "secret", f"number {index}") for index, (start, end) in enumerate(spans)]
    known = [
        span for index, span in enumerate(sorted(others)) if all(span[0] >= end for _, end in sorted(others)[:index])
    ]
    chosen: list[Found] = []
    for hit in sorted(found, key=lambda hit: (hit.start - hit.end, hit.start)):
        taken = [(other.start, other.end) for other in chosen] + known
        if all(hit.end <= start or hit.start >= end for start, end in taken):
            chosen.append(hit)
    assert sensitive.without_overlaps(found, known) == sorted(chosen)


@given(st.text(max_size=300))
def test_redacting_is_idempotent_and_reversible(text: str) -> None:
    redacted, _ = redact(text, EVERYTHING)
    assert redact(redacted, EVERYTHING)[0] == redacted
    if "[redacted" not in text:
        assert reveal(redacted) == text


async def test_a_tool_is_called_with_what_was_taken_out_and_nothing_else_keeps_it() -> None:
    received: list[str] = []

    @tool(risk="read")
    def log_in(token: str) -> str:
        """Log in."""
        received.append(token)
        return "welcome"

    cleaned = clean_input(
        {"goal": "go", "plan": {"tasks": [{"id": "t1", "tool": "log_in", "args": {"token": GITHUB}}]}}, max_goal=99
    )
    bench = Bench([log_in])
    out = await bench.run(cleaned["plan"])
    assert out["results"]["t1"].value == "welcome"
    assert received == [GITHUB]
    assert GITHUB not in str([part async for part in bench.checkpointer.alist(bench.config())])
    redaction._vault.clear()
    out = await bench.run(cleaned["plan"], thread="later", run_key="other")
    assert "gone since the restart" in out["results"]["t1"].error.message
    assert received == [GITHUB]
