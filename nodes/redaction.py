"""Secrets and personal data, taken out of text before it is stored, traced or shown.

What is taken out is replaced by a placeholder. The value behind it stays in this process's memory alone, so
that a tool can be called with it; after a restart it is gone.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import Any

from nodes.sensitive import ALWAYS, PLACEHOLDER, Found, Sensitive, find

__all__ = [
    "ALWAYS", "Found", "Sensitive", "Withheld", "find", "map_strings", "redact", "redact_json", "reveal",
    "without_secrets",
]  # fmt: skip


class Withheld(ValueError):
    """A placeholder whose value isn't in this process's memory any more. The message is for a person."""


_KEPT = 10_000
_vault: OrderedDict[str, str] = OrderedDict()
_harmless: dict[str, None] = {}
"""Texts that were looked through and have nothing in them: a passage is found for several questions, and quoted."""
_MOST_HARMLESS, _LONGEST_HARMLESS = 4_000, 2_000
_process_key = secrets.token_bytes(32)


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

    return map_strings(value, lambda text: PLACEHOLDER.sub(original, text) if "[redacted " in text else text)


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
