"""Signed requests, as https://www.standardwebhooks.com lays down: who sent them, and that they are not old ones.

The sender signs `ID.TIMESTAMP.BODY` by HMAC-SHA256. The id is the nonce: an event of the same id is never started
again, and a request whose time is off by more than the tolerance is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence

_ID = re.compile(r"[\x21-\x7e]{1,256}")
_PREFIX = "whsec_"


class BadSignature(ValueError):
    """A request that isn't from who has the secret, or isn't from now."""


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], *, now: float, tolerance: float) -> str:
    """The id of a request that is signed by one of `secrets`. Raises BadSignature."""
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "")
    if not (message_id and timestamp and given):
        raise BadSignature("the headers webhook-id, webhook-timestamp and webhook-signature are needed")
    if not _ID.fullmatch(message_id) or not re.fullmatch(r"[0-9]{1,12}", timestamp):
        raise BadSignature("webhook-id must be short and printable, webhook-timestamp seconds since 1970")
    expected = [sign(message_id, int(timestamp), body, secret) for secret in secrets]
    # All are compared, so that the time it takes tells nothing.
    matches = [
        hmac.compare_digest(one, another.encode()) for one in map(str.encode, expected) for another in given.split()
    ]
    if not any(matches):
        raise BadSignature("the signature doesn't fit")
    if abs(now - int(timestamp)) > tolerance:
        raise BadSignature(f"the request's time is off by more than {tolerance:g} s")
    return message_id


def sign(message_id: str, timestamp: int, body: bytes, secret: str) -> str:
    """The signature of a request, `v1,...`. A secret that begins with `whsec_` is base64, any other its own bytes."""
    key = secret.encode()
    if secret.startswith(_PREFIX):
        try:
            key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            raise ValueError("a secret that begins with 'whsec_' goes on in base64; this one doesn't") from None
    signed = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(signed).decode()
