"""What is sensitive in a text, and where: secrets and personal data.

The detectors are those of `detect-secrets` (keys and tokens by their form) and `python-stdnum` (numbers by their check
digits); nothing is guessed by entropy, so ordinary text keeps its words.

Anybody may have written the text, so the time that looking through it takes grows with its length and no faster: a
pattern whose attempts could each run on to the end of the text begins its next one where the last has ended.
"""

from __future__ import annotations

import functools
import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

Sensitive = Literal["secret", "credit_card", "national_id", "iban", "email", "phone"]
ALWAYS: frozenset[Sensitive] = frozenset({"secret", "credit_card", "national_id"})
"""What is redacted unless said otherwise. Addresses, phone numbers and accounts are what many goals are about."""


class Found(NamedTuple):
    """A sensitive value and where it stands in the text."""

    start: int
    end: int
    kind: Sensitive
    label: str


PLACEHOLDER = re.compile(r"\[redacted (?:[a-z]+ )+[a-p]{12}\]")
"""What stands for a value that was taken out before."""

_PLUGINS = {  # without those whose patterns take quadratic time and more; these are below
    "aws": "AWSKeyDetector",
    "azure_storage_key": "AzureStorageKeyDetector",
    "basic_auth": "BasicAuthDetector",
    "discord": "DiscordBotTokenDetector",
    "github_token": "GitHubTokenDetector",
    "gitlab_token": "GitLabTokenDetector",
    "mailchimp": "MailchimpDetector",
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
_KEY_BEGINS = re.compile(r"-----BEGIN (?=([A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----))")
_KEY_ENDS = re.compile(r"-----END (?=([A-Z ]{0,40}-----))")
_LONGEST_KEY = 20_000
_ASSIGNMENT = re.compile(
    r"""\b(?:password|passwd|passphrase|pwd|secret|token|api[ _-]?key|access[ _-]?key|client[ _-]?secret)
    ["']? \s* [=:] \s* ["']? (?P<value> [^\s"',;\[\]{}<>]{6,200} )""",
    re.VERBOSE | re.IGNORECASE,
)
# These take in whole runs of characters, whether or not there is a token in them, so that none is looked at twice.
_JWT = re.compile(r"eyJ[A-Za-z0-9_=-]++(?P<signed>\.[A-Za-z0-9_=-]++\.?)?")
_OPENAI = re.compile(r"sk-(?P<run>[A-Za-z0-9_-]++)")
_OPENAI_MARK = re.compile(r"[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}")
_NPM = re.compile(r"/:_authToken=\s*+[\"']?(?P<token>npm_[^\s\"']+|[A-Fa-f0-9-]{36})")
_REST_OF_TOKEN = re.compile(r"(?:[\w=-]|\.(?=\w))*+")
_HINTS = ("password", "passwd", "passphrase", "pwd", "secret", "token", "key")
_LONG = 16
_UNBROKEN = re.compile(rf"[\w+/=-]{{{_LONG}}}|://[^\s/@:]*:[^\s/@]*@")
# Numbers are looked behind after their first digit, so that the search leaps from digit to digit.
_CARD = re.compile(r"\d(?<![\w.,+-]\d)[ -]?(?:\d[ -]?){12,17}\d(?![\w-]|[.,]\d)")
_CARD_ISSUERS = re.compile(  # Visa, Mastercard, American Express, Discover, Diners, JCB, by length and first digits
    r"4\d{15}(?:\d{3})?|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}"
    r"|6(?:011|5\d\d|4[4-9]\d)\d{12}|3(?:0[0-5]|[68]\d)\d{11}|35\d{14}"
)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")
_SOCIAL_SECURITY = re.compile(r"\d(?<![\w-]\d)\d{2}-\d{2}-\d{4}(?![\w-])")
_EMAIL = re.compile(r"\b[\w.%+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}\b")
_PHONE = re.compile(  # runs of digits are taken whole: cutting them at every place in turn finds nothing more
    r"(?<![\w.])\+\d{1,3}[ .-]?(?:\(\d{1,5}\)[ .-]?)?"
    r"(?:\d{4,25}+(?:[ .-]\d{2,25}+){0,4}|\d{2,3}+(?:[ .-]\d{2,25}+){1,4})(?!\w)"
)


def find(text: str, kinds: Collection[Sensitive] = ALWAYS) -> list[Found]:
    """The sensitive values in `text`, in order and without overlaps; the longest wins."""
    found = [hit for kind, detect in _DETECTORS.items() if kind in kinds for hit in detect(text)]
    return without_overlaps(found, [match.span() for match in PLACEHOLDER.finditer(text)]) if found else found


def without_overlaps(found: Iterable[Found], known: Sequence[tuple[int, int]]) -> list[Found]:
    """Those of `found` that overlap neither with what is `known` (spans in order, apart from each other) nor with a
    longer one, or one as long that begins earlier; in order."""
    starts_of_known, chosen = [start for start, _ in known], list[Found]()
    hits = sorted(found, key=lambda hit: (hit.start - hit.end, hit.start))
    taken = bytearray(max((hit.end for hit in hits), default=0))
    for hit in hits:
        # What was chosen before is no shorter, so if the two overlap, it covers an end of this one.
        if taken[hit.start] or taken[hit.end - 1]:
            continue
        before = bisect_right(starts_of_known, hit.end - 1)
        if before and known[before - 1][1] > hit.start:
            continue
        taken[hit.start : hit.end] = b"\1" * (hit.end - hit.start)
        chosen.append(hit)
    return sorted(chosen)


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
    for start, end in _private_keys(text):
        yield Found(start, end, "secret", "private key")
    for match in _NEWER_KEYS.finditer(text):
        yield Found(match.start(), match.end(), "secret", "api key")
    for match in _ASSIGNMENT.finditer(text):
        yield Found(match.start("value"), match.end("value"), "secret", "password")
    for label, pattern in _library_patterns():
        if label == "password":
            yield from (Found(*match.span(1), "secret", label) for match in pattern.finditer(text))
        else:
            yield from _whole_tokens(text, (match.span() for match in pattern.finditer(text)))
    yield from _whole_tokens(text, (match.span() for match in _JWT.finditer(text) if match["signed"]))
    yield from _whole_tokens(
        text, (match.span() for match in _OPENAI.finditer(text) if _OPENAI_MARK.search(match["run"]))
    )
    yield from _whole_tokens(text, (match.span("token") for match in _NPM.finditer(text)))


def _whole_tokens(text: str, spans: Iterable[tuple[int, int]]) -> Iterator[Found]:
    """Each token to its end, however much of it a pattern knows."""
    last = 0
    for start, end in spans:
        if end > last:  # else the last one has gone on to the end of this one already
            last = _REST_OF_TOKEN.match(text, end).end()  # type: ignore[union-attr]
        yield Found(start, last, "secret", "api key")


def _private_keys(text: str) -> Iterator[tuple[int, int]]:
    """From where a key begins to where one ends, or the text does, if that isn't too far away."""
    ends, last = iter(_KEY_ENDS.finditer(text)), 0
    end = next(ends, None)
    for begin in _KEY_BEGINS.finditer(text):
        if begin.start() < last:
            continue
        while end is not None and end.start() < begin.end(1):
            end = next(ends, None)
        if end is not None and end.start() - begin.end(1) <= _LONGEST_KEY:
            last = end.end(1)
        elif len(text) - begin.end(1) <= _LONGEST_KEY:
            last = len(text)
        else:
            continue
        yield begin.start(), last


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
