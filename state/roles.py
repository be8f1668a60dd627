"""What an argument is to a call: whom or what it addresses, how much it spends, or what it tells people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, get_args

Role = Literal["address", "amount", "content"]
ROLES: tuple[Role, ...] = get_args(Role)
"""`address`: chooses what is acted on or who gets something. `amount`: chooses how much. `content`: text or a time
that people read, and that nothing runs, follows or looks up."""

_CONTENT = frozenset(
    {
        "body", "subject", "title", "description", "content", "text", "message", "note", "notes", "summary", "comment",
        "caption", "headline", "date", "time", "day", "start", "end", "deadline", "location", "venue",
    }
)  # fmt: skip
_AMOUNT = frozenset({"amount", "price", "sum", "total", "cost", "budget", "quantity", "count"})
_NOT_FOR_PEOPLE = re.compile(
    r"address|\b(?:urls?|uri|links?|iban|accounts?|paths?|ids?|sql|shell|commands?|code|scripts?|html|template|query"
    r"|execut\w*|run|runs|evaluat\w*)\b",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def roles_by_name(schema: Mapping[str, Any]) -> dict[str, Role]:
    """Roles told from a JSON schema's names, types, formats and descriptions. What isn't plainly content is an address.

    For tools that nobody has declared by hand. It can't see what a tool does with a text; look at what it says before
    you use it.
    """
    return {name: _role(name, property_) for name, property_ in schema.get("properties", {}).items()}


def _role(name: str, schema: Mapping[str, Any]) -> Role:
    last = [word.lower() for word in _WORDS.findall(name)][-1:]
    types = {one.get("type") for one in schema.get("anyOf", [schema])} - {"null"}
    if not last or not types <= {"string", "number", "integer"}:
        return "address"
    if last[0] in _AMOUNT:
        return "amount"
    is_plain = types == {"string"} and schema.get("format") in (None, "date", "date-time", "time")
    is_told = last[0] in _CONTENT and not _NOT_FOR_PEOPLE.search(str(schema.get("description") or ""))
    return "content" if is_plain and is_told else "address"
