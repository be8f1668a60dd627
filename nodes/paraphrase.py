"""Words of honest paraphrase: what frames a statement, what stands for what, what turns it round."""

from __future__ import annotations

from models.reflex.words import stem


def _stems(text: str) -> frozenset[str]:
    return frozenset(map(stem, text.split())) | frozenset(text.split())


FRAMING = _stems(
    """
    according addition additionally age allow also although amount answer apply article available basis because
    become begin belong besides both came case century certain clause come conclusion condition consist constitution
    contain count current decade despite detail difference different documents either eligible ensure entire entitle
    example exist explain fact first following for form full further furthermore general generally give go grant
    group have however include indeed instead key kind know list main make matter mean mention moreover must name
    namely need number one ones order overview part particular place possess possible power provide provision
    purpose question reach reason refer regard require requirement respective rest right role rule say second
    section see several similar similarly simply single so sole solely source specific specifically specify state
    stipulate such summary takeaway text therefore thing third though thus together total true two type unless
    unlike use various whereas whole within year years yes
    """
)
"""Stems that frame a statement without being what it is about."""

HEADINGS = _stems(
    """
    address advantage anything aspect background base benefit bottom break breakdown brief cause caveat change
    column command con consequence consideration contact context contrast correct cost criteria date definition
    differ disadvantage down dr drawback else email entry equal exact false feature final find follow function great
    hello help highlight hint history hold important info insight introduction item learn like limit limitation line
    location look maximum mean meet method minimum missing note observation option origin outcome outline overview
    per phone place point prerequisite price pro procedure process qualification quick quotation quote recap
    recommend relevant remark report result review row same scope short show similarity status step structure
    summarize sure table thank timeline tip tl topic true unclear understand unknown usage value verdict warning
    website wording wrong
    antwort ergebnis fazit hinweis quelle überblick unterschied vergleich zusammenfassung
    """
)
"""Stems of what is written over, between or before statements."""

SYNONYMS = tuple(
    _stems(group)
    for group in (
        "create found establish start set launch begin originate",
        "preside chair head lead",
        "prohibit forbid ban bar disallow outlaw forbidden prohibited",
        "require need oblige demand necessary requirement",
        "agree agreement concur concurrence consent approve approval assent",
        "live reside resident inhabitant inhabit residence residency dwell",
        "age old older young attain reach least minimum",
        "involuntary forced compulsory coerced unpaid",
        "servitude labour labor slavery bondage work",
        "president presidency presidential",
        "try trial tried hear",
        "choose elect appoint pick select chosen elected",
        "term serve office hold year tenure duration long",
        "command commander commands lead chief",
        "protect guarantee abridge safeguard",
        "include contain comprise consist hold",
        "implement provide realise realize",
        "use useful function functionality feature",
        "exist permit allow allowed may",
        "citizen citizenship national",
        "equal equally tie tied evenly",
        "abolish end prohibit outlaw eliminate",
        "alone sole solely only exclusive exclusively",
        "part piece component element",
        "software program programs application",
        "file files document documentation",
        "buy purchase acquire",
        "free gratis freely",
        "remove removal dismiss oust",
        "change alter modify amend edit",
        "get receive obtain acquire",
        "money coin currency",
        "kind type sort category",
        "big large great",
        "several many group multiple any more",
        "release version publish issue",
        "keep maintain retain",
        "assemble meet convene gather",
        "pay compensation salary wage remuneration",
        "person people individual nobody somebody anybody everybody someone anyone everyone no any every all each",
        "yearly annual annually year",
        "congress legislature legislative",
        "rise rose risen grow grew grown increase increased climb",
        "fall fell fallen drop decline decrease sink sank",
    )
)
"""Groups of stems that may stand for each other in a paraphrase."""

SYMBOLS = {"$": stem("dollars"), "€": stem("euros"), "£": stem("pounds"), "%": stem("percent")}
"""Signs that are read as words."""

OPPOSITES = tuple(
    (_stems(one), _stems(other))
    for one, other in (
        ("war", "peace"), ("least minimum", "most maximum"), ("before", "after"), ("more", "less fewer"),
        ("older", "younger"), ("first", "last"), ("create establish found", "destroy abolish dissolve"),
        ("increase raise grow", "decrease lower reduce shrink"), ("majority", "minority"), ("buy", "sell"),
        ("import", "export"), ("always", "never"), ("stable", "unstable"), ("free", "paid"), ("open", "closed"),
        ("install", "uninstall remove"), ("upgrade", "downgrade"), ("win", "lose"), ("accept", "reject refuse"),
        ("convict guilty", "acquit innocent"), ("legal", "illegal"), ("public", "private secret"), ("with", "without"),
        ("above over", "below under"), ("ancient old", "modern new"), ("source", "binary"), ("senior", "junior"),
        ("male man", "female woman"), ("begin start", "end finish"), ("support", "oppose"), ("same", "different"),
        ("legislative", "executive judicial"), ("north south", "east west"),
    )
)  # fmt: skip
"""Pairs of groups of which one can't stand for the other."""
