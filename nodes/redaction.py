"""Secrets and personal data, taken out of text before it is stored, traced or shown.

What is taken out is replaced by a placeholder. The value behind it stays in this process's memory alone, so
that a tool can be called with it; after a restart it is gone. The detectors are those of `detect-secrets` (keys
and tokens by their form) and `python-stdnum` (numbers by their check digits); nothing is guessed by entropy,
so ordinary text keeps its words.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from typing import Any, Literal, NamedTuple

Sensitive = Literal["secret", "credit_card", "national_id", "iban", "email", "phone"]
ALWAYS: frozenset[Sensitive] = frozenset({"secret", "credit_card", "national_id"})
"""What is redacted unless said otherwise. Addresses, phone numbers and accounts are what many goals are about."""

EVERYTHING: frozenset[Sensitive] = ALWAYS | {"iban", "email", "phone"}


class Found(NamedTuple):
    """A sensitive value and where it stands in the text."""

    start: int
    end: int
    kind: Sensitive
    label: str


class Withheld(ValueError):
    """A placeholder whose value isn't in this process's memory any more. The message is for a person."""


_KEPT = 10_000
_vault: OrderedDict[str, str] = OrderedDict()
_harmless: dict[str, None] = {}
"""Texts that were looked through and have nothing in them: a passage is found for several questions, and quoted."""
_MOST_HARMLESS, _LONGEST_HARMLESS = 4_000, 2_000
_process_key = secrets.token_bytes(32)
_PLACEHOLDER = re.compile(r"\[redacted (?:[a-z]+ )+[a-p]{12}\]")

_PLUGINS = {
    "aws": "AWSKeyDetector",
    "azure_storage_key": "AzureStorageKeyDetector",
    "basic_auth": "BasicAuthDetector",
    "discord": "DiscordBotTokenDetector",
    "github_token": "GitHubTokenDetector",
    "gitlab_token": "GitLabTokenDetector",
    "jwt": "JwtTokenDetector",
    "mailchimp": "MailchimpDetector",
    "npm": "NpmDetector",
    "openai": "OpenAIDetector",
    "pypi_token": "PypiTokenDetector",
    "sendgrid": "SendGridDetector",
    "slack": "SlackDetector",
    "square_oauth": "SquareOAuthDetector",
    "stripe": "StripeDetector",
    "telegram_token": "TelegramBotTokenDetector",
    "twilio": "TwilioKeyDetector",
}
_NEWER_KEYS = re.compile(  # forms that the library doesn't know yet
    r"""\b(?: sk-[A-Za-z0-9_-]{20,} | github_pat_\w{22,} | AIza[\w-]{35} | ya29\.[\w-]{20,} | tvly-[\w-]{16,}
    | lsv2_\w{20,} | hf_[A-Za-z0-9]{30,} | glpat-[\w-]{20,} | xox[abeprs]-[\w-]{10,} | gsk_\w{20,} | whsec_\w{16,} )""",
    re.VERBOSE,
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----.{0,20000}?(?:-----END [A-Z ]{0,40}-----|\Z)", re.DOTALL
)
_ASSIGNMENT = re.compile(
    r"""\b(?:password|passwd|passphrase|pwd|secret|token|api[ _-]?key|access[ _-]?key|client[ _-]?secret)
    ["']? \s* [=:] \s* ["']? (?P<value> [^\s"',;\[\]{}<>]{6,200} )""",
    re.VERBOSE | re.IGNORECASE,
)
_REST_OF_TOKEN = re.compile(r"(?:[\w=-]|\.(?=\w))*")
_HINTS = ("password", "passwd", "passphrase", "pwd", "secret", "token", "key")
_LONG = 16
_UNBROKEN = re.compile(rf"[\w+/=-]{{{_LONG}}}|://[^\s/@]*:[^\s/@]*@")
# Numbers are looked behind after their first digit, so that the search leaps from digit to digit.
_CARD = re.compile(r"\d(?<![\w.,+-]\d)[ -]?(?:\d[ -]?){12,17}\d(?![\w-]|[.,]\d)")
_CARD_ISSUERS = re.compile(  # Visa, Mastercard, American Express, Discover, Diners, JCB, by length and first digits
    r"4\d{15}(?:\d{3})?|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|6(?:011|5\d\d|4[4-9]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}|35\d{14}"
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_SOCIAL_SECURITY = re.compile(r"\d(?<![\w-]\d)\d{2}-\d{2}-\d{4}(?![\w-])")
_EMAIL = re.compile(r"\b[\w.%+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}\b")
_PHONE = re.compile(r"(?<![\w.])(?:\+\d{1,3}[ .-]?)(?:\(\d{1,5}\)[ .-]?)?\d{2,5}(?:[ .-]?\d{2,5}){1,4}(?![\w])")


def find(text: str, kinds: Collection[Sensitive] = ALWAYS) -> list[Found]:
    """The sensitive values in `text`, in order and without overlaps; the longest wins."""
    found = [hit for kind, detect in _DETECTORS.items() if kind in kinds for hit in detect(text)]
    if not found:
        return found
    known = [match.span() for match in _PLACEHOLDER.finditer(text)]
    chosen: list[Found] = []
    for hit in sorted(found, key=lambda hit: (hit.start - hit.end, hit.start)):
        taken = [(other.start, other.end) for other in chosen] + known
        if all(hit.end <= start or hit.start >= end for start, end in taken):
            chosen.append(hit)
    return sorted(chosen)


def redact(text: str, kinds: Collection[Sensitive] = ALWAYS) -> tuple[str, list[str]]:
    """`text` with placeholders for what is sensitive, and the labels of what was taken out, for a note.

    The same value gives the same placeholder as long as the process lives. Redacting twice changes nothing.
    """
    if kinds is ALWAYS and text in _harmless:
        return text, []
    pieces, labels, position = [], [], 0
    for hit in find(text, kinds):
        pieces += [text[position : hit.start], _withhold(hit.label, text[hit.start : hit.end])]
        labels.append(hit.label)
        position = hit.end
    if kinds is ALWAYS and not labels and len(text) <= _LONGEST_HARMLESS:
        if len(_harmless) >= _MOST_HARMLESS:
            _harmless.clear()
        _harmless[text] = None
    return "".join([*pieces, text[position:]]), labels


def without_secrets(text: str) -> str:
    """`text` with placeholders for what is redacted always."""
    return redact(text)[0]


def redact_json(value: Any, kinds: Collection[Sensitive] = ALWAYS) -> Any:
    """A JSON value with every string in it redacted, names of fields included."""
    return map_strings(value, lambda text: redact(text, kinds)[0])


def reveal(value: Any) -> Any:
    """A JSON value with the placeholders in its strings replaced by what they stand for.

    For the arguments of a tool, at the moment it is called and no earlier. Raises Withheld.
    """

    def original(match: re.Match[str]) -> str:
        if match.group() not in _vault:
            raise Withheld(
                f"the value behind {match.group()} was never stored and is gone since the restart; give the goal "
                "again, or keep such values in the tool's own settings"
            )
        return _vault[match.group()]

    return map_strings(value, lambda text: _PLACEHOLDER.sub(original, text) if "[redacted " in text else text)


def _withhold(label: str, value: str) -> str:
    digest = hmac.new(_process_key, value.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:12]
    placeholder = f"[redacted {label} {digest.translate(_TO_LETTERS)}]"
    _vault[placeholder] = value
    _vault.move_to_end(placeholder)
    if len(_vault) > _KEPT:
        _vault.popitem(last=False)
    return placeholder


_TO_LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")


def map_strings(value: Any, change: Callable[[str], str]) -> Any:
    """A JSON value with every string in it changed, names of fields included."""
    return _mapped(value, change, functools.cache(change))


def _mapped(value: Any, change: Callable[[str], str], change_name: Callable[[str], str]) -> Any:
    # Names of fields are few and recur in every row of a table.
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {
            change_name(name) if isinstance(name, str) else name: _mapped(item, change, change_name)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_mapped(item, change, change_name) for item in value]
    return value


def _may_hold_a_secret(text: str) -> bool:
    """Whether it has in it what every secret has one of; most text is done with here."""
    is_unbroken = "://" in text or max(map(len, text.split()), default=0) >= _LONG
    if is_unbroken and _UNBROKEN.search(text):
        return True
    folded = text.casefold()
    return any(hint in folded for hint in _HINTS)


def _secrets(text: str) -> Iterator[Found]:
    if not _may_hold_a_secret(text):
        return
    for match in _PRIVATE_KEY.finditer(text):
        yield Found(match.start(), match.end(), "secret", "private key")
    for match in _NEWER_KEYS.finditer(text):
        yield Found(match.start(), match.end(), "secret", "api key")
    for match in _ASSIGNMENT.finditer(text):
        yield Found(match.start("value"), match.end("value"), "secret", "password")
    for label, pattern in _library_patterns():
        for match in pattern.finditer(text):
            start, end = match.span(1 if label == "password" else 0)
            if label == "api key":
                end = _REST_OF_TOKEN.match(text, end).end()  # type: ignore[union-attr]
            yield Found(start, end, "secret", label)


@functools.lru_cache(maxsize=1)
def _library_patterns() -> list[tuple[str, re.Pattern[str]]]:
    import importlib

    patterns = []
    for module, name in _PLUGINS.items():
        plugin = getattr(importlib.import_module(f"detect_secrets.plugins.{module}"), name)
        label = "password" if module == "basic_auth" else "api key"
        patterns += [(label, pattern) for pattern in plugin.denylist]
    return patterns


def _cards(text: str) -> Iterator[Found]:
    from stdnum import luhn

    for match in _CARD.finditer(text):
        digits = re.sub(r"[ -]", "", match.group())
        if digits.isascii() and _CARD_ISSUERS.fullmatch(digits) and luhn.is_valid(digits):
            yield Found(match.start(), match.end(), "credit_card", "credit card")


def _national_ids(text: str) -> Iterator[Found]:
    from stdnum.us import ssn

    for match in _SOCIAL_SECURITY.finditer(text):
        if ssn.is_valid(match.group()):
            yield Found(match.start(), match.end(), "national_id", "social security number")


def _ibans(text: str) -> Iterator[Found]:
    from stdnum import iban

    for match in _IBAN.finditer(text):
        end = match.end()
        while end > match.start() + 14:  # a following word in capitals may look like one more group
            if iban.is_valid(text[match.start() : end]):
                yield Found(match.start(), end, "iban", "account number")
                break
            end = text.rfind(" ", match.start(), end)


def _matches(pattern: re.Pattern[str], kind: Sensitive, label: str) -> Callable[[str], Iterator[Found]]:
    return lambda text: (Found(match.start(), match.end(), kind, label) for match in pattern.finditer(text))


_DETECTORS: dict[Sensitive, Callable[[str], Iterator[Found]]] = {
    "secret": _secrets,
    "credit_card": _cards,
    "national_id": _national_ids,
    "iban": _ibans,
    "email": _matches(_EMAIL, "email", "address"),
    "phone": _matches(_PHONE, "phone", "phone number"),
}
