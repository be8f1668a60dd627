"""Whether a text only tells something, or holds a part that its reader could follow, call, pay or run."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

_EDGES = "\"'“”‘’()[]{}<>,;:!?.*_"
_DOTS = str.maketrans({"。": ".", "｡": ".", "․": ".", "‑": "-", "–": "-", "—": "-", "−": "-"})
_DATE = re.compile(
    r"""
    (?<![\w.-]) (?:19|20)\d\d-[01]\d-[0-3]\d
    (?:[T\ ][0-2]\d:[0-5]\d (?::[0-5]\d (?:\.\d{1,6})?)? (?:Z|[+-]\d\d:\d\d)?)? (?![\w.-]*\w)
    """,
    re.VERBOSE,
)
_ACTIVE = re.compile(
    r"""
      \w:/ | \b(?:javascript|data|mailto|tel|sms|callto|file|vbscript):   # a scheme
    | \bwww\b | \bhxxp | \w\.[^\W\d_]{2,} | [^\W_]\s?[\[(]\s?(?:\.|dot)\s?[\])]   # a domain, or the name of a file
    | \[redacted[^\]]*\]?                                                         # a secret, given to the tool as it is
    | @ | (?<![\w.])\d{1,3}(?:\.\d{1,3}){3}                                       # mail, handle; internet address
    | \d{6,} | \d(?:[ ./()-]{0,2}\d){7,}                                          # an account, a phone, a code
    | \b(?=\w*\d)(?=\w*[^\W\d_])\w{6,} | \b\w{32,}                                # a code, a key
    | (?:[^\W\d_]{1,32}\d{1,32}[-_/]?){2,}[^\W\d_] | (?:\d{1,32}[^\W\d_]{1,32}[-_/]?){3,}
    | <\s*[/!?a-zA-Z] | \]\s*\( | ` | \{\{ | \{% | \$[\{(] | && | \|\| | (?<!\S)[=|]\S
    | \\[xu]                                                                     # markup, code, a formula
    """,
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)


def active_parts(value: Any, said: Iterable[Any] = ()) -> list[str]:
    """The parts of a value that are more than words, each whole as it stands between spaces; [] if it is inert.

    Links, names of files, mail addresses, account and phone numbers, codes, markup, hidden characters. `said`: what
    may be in it, because it stands in the user's words or another trusted value.
    """
    allowed = {part for one in said for part in _parts(one)}
    return list(dict.fromkeys(part for part in _parts(value) if part not in allowed))


def _parts(value: Any) -> Iterator[str]:
    if value is None or isinstance(value, bool):
        return
    if isinstance(value, list | tuple):
        for item in value:
            yield from _parts(item)
    elif isinstance(value, str | int | float):
        yield from _parts_of_text(str(value))
    else:
        yield f"a {type(value).__name__}"


def _parts_of_text(text: str) -> Iterator[str]:
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cf", "Co", "Cn", "Cs") and character not in "\n\r\t":
            yield f"hidden character U+{ord(character):04X}"
    plain = _DATE.sub(lambda date: " " * len(date.group()), unicodedata.normalize("NFKC", text).translate(_DOTS))
    covered = 0
    for found in _ACTIVE.finditer(plain):
        if found.end() <= covered:
            continue
        start, end = found.span()
        while start > 0 and not plain[start - 1].isspace():
            start -= 1
        while end < len(plain) and not plain[end].isspace():
            end += 1
        covered = end
        yield plain[start:end].strip(_EDGES) or plain[start:end]
