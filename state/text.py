"""Text to show: what comes from outside made safe for a terminal, a page or a log; times and amounts in words."""

from __future__ import annotations

import re

_ANSI = re.compile(
    r"""
    (?: \x1b\] | \x9d ) [^\x07\x1b\x9c]{0,4096} (?: \x07 | \x1b\\ | \x9c )          # OSC: titles, links, clipboard
    | (?: \x1b[PX^_] | [\x90\x98\x9e\x9f] ) [^\x1b\x9c]{0,4096} (?: \x1b\\ | \x9c ) # DCS, SOS, PM, APC
    | (?: \x1b\[ | \x9b ) [0-?]{0,64} [ -/]{0,16} [@-~]                             # CSI: colours, cursor, erase
    | \x1b [ -/]{0,4} [0-~]                                                         # two-character escapes
    """,
    re.VERBOSE,
)
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_INVISIBLE = re.compile(
    "[\u202a-\u202e\u2066-\u2069"  # bidirectional embeddings, overrides and isolates: they reorder what is read
    "\u200b\u2060-\u2064\ufeff\ufff9-\ufffb"  # zero-width spaces, invisible operators, interlinear marks
    "\U000e0000-\U000e007f]"  # tag characters: text nobody sees
)
_SURROGATES = re.compile("[\ud800-\udfff]")


def printable(text: str) -> str:
    """`text` without anything that could act on a terminal, hide, or reorder what a person reads.

    Escape sequences, C0 and C1 controls (but for newline and tab), bidirectional overrides, tag
    characters and zero-width spaces are removed; every kind of line end becomes a newline; lone
    surrogates become U+FFFD. Joiners and direction marks stay: emoji, Persian and Hebrew need them.
    """
    text = _ANSI.sub("", text)
    text = _LINE_ENDS.sub("\n", text)
    text = _INVISIBLE.sub("", _CONTROLS.sub("", text))
    return _SURROGATES.sub("\ufffd", text)


def counted(number: int, noun: str) -> str:
    """So many of something, as a person says it: '1 task', '1,200 tasks'."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def seconds(value: float | None) -> str:
    """A duration as a person says it: '12 ms', '1.4 s', '3 min 05 s'."""
    if value is None:
        return ""
    if value < 0.0995:
        return f"{value * 1000:.0f} ms"
    if value < 59.95:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def money(dollars: float) -> str:
    """An amount in US dollars; small ones keep their digits."""
    if not dollars:
        return "$0"
    return f"${dollars:.2f}" if dollars >= 1 else f"${dollars:.6f}".rstrip("0")
