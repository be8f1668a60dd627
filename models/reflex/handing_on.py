"""What is to be done with what was found: 'and save the result to ages.txt', 'then mail it to ann@example.com'."""

from __future__ import annotations

import re
from dataclasses import dataclass

from models.reflex.routing import EMAIL, PATH
from models.reflex.words import squeeze

_FOUND = (
    r"(?:it|them|that|this|these|those|both|everything|what you (?:find|found)|all of (?:it|them)"
    r"|(?:(?:the|this|that|these|those|all|both|your|all the)\s+)?(?:final\s+)?"
    r"(?:results?|answers?|findings?|outcomes?|values?|figures?|numbers?|dates?|sum|total|difference|comparison|list|reply))"
)
_AS_FILE = (
    rf"(?:save|write|store|put|record|note|keep|export)\s+(?:down\s+)?{_FOUND}\s+(?:down\s+)?(?:to|into|in|as|under)\s+"
    rf"(?:(?:a|the|my)\s+)?(?:new\s+)?(?:text\s+)?(?:file\s+)?(?:called\s+|named\s+)?[\"'“‘`]?(?P<path>{PATH.pattern})[\"'”’`]?"
)
_BY_MAIL = (
    rf"(?:send|e-?mail|mail|forward)\s+(?:{_FOUND}\s+(?:(?:by|via|as an?)\s+e?-?mail\s+)?to\s+(?P<to>{EMAIL.pattern})"
    rf"|(?P<whom>{EMAIL.pattern})\s+{_FOUND})"
    r"(?:\s*,?\s+with (?:the )?subject\s+[\"'“‘]?(?P<subject>[^\"”’]+?)[\"'”’]?)?"
)
_LAST = re.compile(
    rf"(?:^|(?P<end>[.!?])\s+|\s*[,;]\s*|\s+(?=and\b|then\b))(?:(?:and|then|also|finally|afterwards|please)\s+)*"
    rf"(?P<told>{_AS_FILE}|{_BY_MAIL})\s*(?P<mark>[.!?]?)$",
    re.IGNORECASE,
)
_REQUEST = re.compile(r"^\W*(?:please\s+)?(?:can|could|would|will)\s+you\b", re.IGNORECASE)


@dataclass(frozen=True)
class HandingOn:
    """Where what was found goes: to the file `path`, or by mail to `to`."""

    path: str = ""
    to: str = ""
    subject: str = ""

    @property
    def tool(self) -> str:
        """The tool that does it."""
        return "write_file" if self.path else "send_email"


def split(goal: str) -> tuple[str, str]:
    """A goal without what is to be done with its answer, and that as a sentence; '' if nothing is to be done."""
    match = _LAST.search(goal)
    if not match or (match["mark"] == "?" and not _REQUEST.match(goal)):
        return goal, ""
    told = squeeze(match["told"])
    return (goal[: match.start()] + (match["end"] or "")).strip(" ,;"), f"{told[0].upper()}{told[1:]}."


def handing_on(sentence: str) -> HandingOn | None:
    """What a sentence tells to do with what was found; None if it tells something else."""
    match = _LAST.match(sentence)
    if not match or match.start("told") != 0:
        return None
    return HandingOn(match["path"] or "", match["to"] or match["whom"] or "", squeeze(match["subject"] or ""))
