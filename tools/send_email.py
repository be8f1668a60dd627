"""send_email: a mail by SMTP."""

from __future__ import annotations

import hashlib
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime, make_msgid
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import unquote, urlsplit

from pydantic import Field

from memory.settings import Settings, settings
from tools.registry import ToolFailure, ToolSpec, current_call, tool

if TYPE_CHECKING:
    import aiosmtplib

MAX_RECIPIENTS = 50
_TIMEOUT = 20.0
_DEFAULT_PORTS = {"smtp": 587, "smtps": 465}
_WITHOUT_SERVER = "there is no mail server; set ORCHESTRATE_SMTP_URL to smtp://user:password@host:port"


def send_email(config: Settings | None = None) -> ToolSpec:
    """The tool `send_email`; it sends by the server and from the sender that the settings name.

    The Message-ID is made of the call's key, so a receiver that dedupes sees a repetition as one. SMTP doesn't promise
    that, so a mail whose fate is unknown isn't sent again without asking.
    """
    configured = config or settings()
    server = configured.smtp_url.get_secret_value() if configured.smtp_url else None
    sender = configured.smtp_from

    @tool(
        risk="irreversible",
        idempotent=False,
        trusted=True,
        timeout=4 * _TIMEOUT,
        unavailable=_WITHOUT_SERVER if server is None else _problem_of(server),
    )
    async def send_email(
        to: Annotated[str | list[str], Field(description="Address, or list of addresses: name@example.com.")],
        subject: Annotated[str, Field(max_length=500)],
        body: Annotated[str, Field(max_length=500_000, description="Plain text.")],
    ) -> dict[str, Any]:
        """Send a mail. It can't be taken back. Returns {"message_id", "to", "subject"}."""
        if server is None:
            raise ToolFailure(_WITHOUT_SERVER, sent=False)
        recipients = _recipients(to)
        message = _message(sender, recipients, subject, body, current_call.get().key)
        await _send(server, sender, recipients, message)
        return {"message_id": message["Message-ID"], "to": recipients, "subject": subject}

    return send_email


def message_id(key: str, sender: str) -> str:
    """The Message-ID of the mail of one call: the same for the same key."""
    domain = sender.rpartition("@")[2].strip("> ") or "localhost"
    if not key:
        return make_msgid(domain=domain)
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{domain}>"


def host_and_port(server: str) -> tuple[str, int]:
    """Where the mail server is that a URL names. Raises ValueError for one that names none."""
    parts = urlsplit(server)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or parts.port == 0:
        raise ValueError("no mail server is named")
    return parts.hostname, parts.port or _DEFAULT_PORTS[parts.scheme]


def _problem_of(server: str) -> str | None:
    try:
        host_and_port(server)
    except ValueError:
        return "ORCHESTRATE_SMTP_URL must look like smtp://user:password@host:port, or smtps:// for TLS"
    return None


def _recipients(to: str | list[str]) -> list[str]:
    """The addresses, each checked: a comma or a line break in one could name receivers nobody approved."""
    listed = [to] if isinstance(to, str) else to
    addresses = list(dict.fromkeys(address.strip() for address in listed))
    if not addresses or len(addresses) > MAX_RECIPIENTS:
        raise _invalid(f"a mail goes to 1 to {MAX_RECIPIENTS} addresses, not {len(addresses)}")
    for address in addresses:
        _refuse_breaks("to", address)
        try:
            parsed = Address(addr_spec=address)
        except Exception:
            parsed = None
        if parsed is None or parsed.addr_spec != address or not parsed.domain or not address.isprintable():
            raise _invalid(f"'{address}' is no mail address; write one per entry, as in name@example.com")
    return addresses


def _message(sender: str, recipients: list[str], subject: str, body: str, key: str) -> EmailMessage:
    _refuse_breaks("subject", subject)
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    message["Subject"] = subject
    message["Date"] = format_datetime(localtime())
    message["Message-ID"] = message_id(key, sender)
    message.set_content(body)
    return message


def _refuse_breaks(name: str, value: str) -> None:
    if any(char in "\r\n\0\v\f\x1c\x1d\x1e\x85\u2028\u2029" for char in value):
        message = f"`{name}` holds a line break, which could add headers or receivers to the mail; remove it"
        raise ToolFailure(message, kind="refused", sent=False)


def _invalid(message: str) -> ToolFailure:
    return ToolFailure(message, kind="invalid_arguments", sent=False)


async def _send(server: str, sender: str, recipients: list[str], message: EmailMessage) -> None:
    """Hand the mail to the server. All recipients or none: one that is refused stops it before the text is sent."""
    from aiosmtplib import SMTPException, SMTPResponseException

    client = _client(server)
    is_sent = False
    try:
        await client.connect()
        await client.mail(Address(addr_spec=sender).addr_spec)
        for recipient in recipients:
            await client.rcpt(recipient)
        is_sent = True
        await client.data(message.as_bytes())
    except SMTPResponseException as error:
        if is_sent and not 400 <= error.code < 600:
            text = f"the mail server answered what is no answer to a mail ({error.code}); the mail may have been sent"
            raise ToolFailure(text, kind="transient") from error
        # The server's answer settles it: the mail wasn't taken.
        kind = "transient" if 400 <= error.code < 500 else "permanent"
        text = f"the mail server refused ({error.code}): {' '.join(str(error.message).split())}"
        raise ToolFailure(text, kind=kind, sent=False) from error  # type: ignore[arg-type]
    except (SMTPException, OSError) as error:
        fate = "; the mail may have been sent" if is_sent else "; nothing was sent"
        text = f"the mail server can't be reached, or broke off: {error}{fate}"
        raise ToolFailure(text, kind="transient", sent=is_sent) from error
    finally:
        client.close()


def _client(server: str) -> aiosmtplib.SMTP:
    import aiosmtplib

    parts, (host, port) = urlsplit(server), host_and_port(server)
    # A password goes over the network under TLS only; a server on this machine may do without.
    is_local = host in ("localhost", "127.0.0.1", "::1")
    return aiosmtplib.SMTP(
        hostname=host,
        port=port,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        use_tls=parts.scheme == "smtps",
        start_tls=True if parts.scheme == "smtp" and parts.password and not is_local else None,
        timeout=_TIMEOUT,
        local_hostname="localhost",
    )
