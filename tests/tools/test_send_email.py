"""send_email hands mails to a real SMTP server, each once, and knows whether one may have been sent."""

from __future__ import annotations

import email
import email.policy
import socket
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from pydantic import SecretStr

from memory.settings import Settings
from tools.registry import Call, ToolFailure, ToolSpec, current_call
from tools.send_email import send_email

MAIL = {"to": "ann@example.com", "subject": "Prices", "body": "Dear Ann,\n\nit costs 5 €.\n.\nBye"}


class Mailbox:
    """An aiosmtpd handler that keeps what it receives; `answers` maps a command to what it is answered with."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []
        self.answers: dict[str, str] = {}

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if answer := self.answers.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.answers.get("DATA") == "hang up":
            server.transport.close()
        elif answer := self.answers.get("DATA"):
            return answer
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))  # type: ignore[arg-type]
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 OK"


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


class MailServer(Controller):  # type: ignore[misc]
    """A server on a port that is its own from the beginning."""

    def __init__(self, mailbox: Mailbox, **options: Any) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        port = self._listening.getsockname()[1]
        super().__init__(mailbox, hostname="127.0.0.1", port=port, ready_timeout=120, **options)

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._listening)


@pytest.fixture
def spec(mailbox: Mailbox) -> Iterator[ToolSpec]:
    server = MailServer(mailbox)
    server.start()
    yield send_email(_settings(f"smtp://127.0.0.1:{server.port}"))
    server.stop()


def _settings(url: str | None) -> Settings:
    secret = SecretStr(url) if url else None
    return Settings(_env_file=None, smtp_url=secret, smtp_from="bot@orchestrate.example")  # type: ignore[call-arg]


async def test_a_mail_arrives_as_written(spec: ToolSpec, mailbox: Mailbox) -> None:
    output = await spec.call({**MAIL, "to": ["ann@example.com", "bob@example.com"], "subject": "Größe"})
    (mail,) = mailbox.mails
    assert (mail["From"], mail["To"]) == ("bot@orchestrate.example", "ann@example.com, bob@example.com")
    assert mail["Subject"] == "Größe"
    assert mail.get_content().replace("\r\n", "\n").rstrip("\n") == MAIL["body"]
    assert mailbox.recipients == [["ann@example.com", "bob@example.com"]]
    assert output.value == {
        "message_id": mail["Message-ID"],
        "to": ["ann@example.com", "bob@example.com"],
        "subject": "Größe",
    }


async def test_the_message_id_is_made_of_the_calls_key(spec: ToolSpec, mailbox: Mailbox) -> None:
    for key in ("effect-1", "effect-1", "effect-2", "", ""):
        token = current_call.set(Call(key=key))
        await spec.call(MAIL)
        current_call.reset(token)
    ids = [mail["Message-ID"] for mail in mailbox.mails]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 4
    assert all(identity.endswith("@orchestrate.example>") for identity in ids)


@pytest.mark.parametrize(
    "changed",
    [
        {"subject": "Hi\r\nBcc: eve@example.com"},
        {"subject": "Hi\nBcc: eve@example.com"},
        {"subject": "Hi\u2028Bcc: eve@example.com"},
        {"to": "ann@example.com\r\nBcc: eve@example.com"},
        {"to": ["ann@example.com", "eve@example.com\nX: y"]},
    ],
)
async def test_headers_cannot_be_smuggled_in(spec: ToolSpec, mailbox: Mailbox, changed: dict[str, Any]) -> None:
    with pytest.raises(ToolFailure, match="line break") as failure:
        await spec.call({**MAIL, **changed})
    assert (failure.value.kind, failure.value.sent) == ("refused", False)
    assert not mailbox.mails


@pytest.mark.parametrize(
    "to",
    ["", [], "ann", "ann@", "@example.com", "ann@example.com, eve@example.com", "ann@example.com>",
     "Ann <ann@example.com>", "a b@example.com", "ann@example.com;eve@example.com", ["x@example.com"] * 3 + ["nobody"],
     [f"a{n}@example.com" for n in range(51)]],
)  # fmt: skip
async def test_each_recipient_is_one_plain_address(spec: ToolSpec, mailbox: Mailbox, to: Any) -> None:
    with pytest.raises(ToolFailure) as failure:
        await spec.call({**MAIL, "to": to})
    assert (failure.value.kind, failure.value.sent) == ("invalid_arguments", False)
    assert not mailbox.mails


@pytest.mark.parametrize(("answer", "kind"), [("550 unknown user", "permanent"), ("450 busy", "transient")])
async def test_one_refused_recipient_stops_the_whole_mail(
    spec: ToolSpec, mailbox: Mailbox, answer: str, kind: str
) -> None:
    mailbox.answers["bob@example.com"] = answer
    with pytest.raises(ToolFailure, match=answer[4:]) as failure:
        await spec.call({**MAIL, "to": ["ann@example.com", "bob@example.com"]})
    assert (failure.value.kind, failure.value.sent) == (kind, False)
    assert not mailbox.mails


async def test_a_text_the_server_refuses_was_not_sent(spec: ToolSpec, mailbox: Mailbox) -> None:
    mailbox.answers["DATA"] = "552 too big"
    with pytest.raises(ToolFailure, match="too big") as failure:
        await spec.call(MAIL)
    assert (failure.value.kind, failure.value.sent) == ("permanent", False)


async def test_a_connection_lost_after_the_text_leaves_doubt(spec: ToolSpec, mailbox: Mailbox) -> None:
    mailbox.answers["DATA"] = "hang up"
    with pytest.raises(ToolFailure, match="may have been sent") as failure:
        await spec.call(MAIL)
    assert (failure.value.kind, failure.value.sent) == ("transient", True)
    assert len(mailbox.mails) == 1


@pytest.mark.parametrize(("answer", "code"), [("thank you", "-1"), ("251 forwarded", "251")])
async def test_an_answer_that_settles_nothing_leaves_doubt(
    spec: ToolSpec, mailbox: Mailbox, answer: str, code: str
) -> None:
    mailbox.answers["DATA"] = answer
    with pytest.raises(ToolFailure, match=rf"\({code}\); the mail may have been sent") as failure:
        await spec.call(MAIL)
    assert (failure.value.kind, failure.value.sent) == ("transient", True)


async def test_a_server_that_is_down_got_nothing() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{deaf.getsockname()[1]}"
        with pytest.raises(ToolFailure, match="nothing was sent") as failure:
            await send_email(_settings(f"smtp://user:s3cret@{address}")).call(MAIL)
    assert (failure.value.kind, failure.value.sent) == ("transient", False)
    assert "s3cret" not in str(failure.value)


@pytest.mark.parametrize("password", ["s3cret", "wrong"])
async def test_it_logs_in_where_the_server_wants_it(mailbox: Mailbox, password: str) -> None:
    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=data.password == b"s3cret", handled=False)

    server = MailServer(mailbox, authenticator=check, auth_require_tls=False)
    server.start()
    spec = send_email(_settings(f"smtp://user:{password}@127.0.0.1:{server.port}"))
    try:
        if password == "wrong":
            with pytest.raises(ToolFailure, match=r"refused \(535\)") as failure:
                await spec.call(MAIL)
            assert (failure.value.kind, failure.value.sent) == ("permanent", False)
        else:
            await spec.call(MAIL)
    finally:
        server.stop()
    assert len(mailbox.mails) == (password == "s3cret")


@pytest.mark.parametrize("url", [None, "http://127.0.0.1", "smtp://", "mail.example.com:25", "smtp://host:port"])
async def test_it_is_listed_but_unavailable_without_a_server(url: str | None) -> None:
    spec = send_email(_settings(url))
    assert "ORCHESTRATE_SMTP_URL" in (spec.unavailable or "")
    assert (spec.name, spec.risk, spec.idempotent) == ("send_email", "irreversible", False)
