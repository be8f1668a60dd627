"""Words that say the opposite of each other: what tells of a purchase doesn't tell of a sale."""

from __future__ import annotations

from models.reflex.words import RELATED, stem

_PAIRS = (
    ("buy bought purchase buyer", "sell sold seller"), ("born birth", "die death"),
    ("open opening reopen", "close closed closure shut"), ("win winner victory", "lose loser defeat"),
    ("increase rise rose risen grow growth", "decrease fall fell fallen decline drop shrink shrank reduce"),
    ("begin start commence", "end finish terminate expire"), ("arrive arrival", "depart departure leave"),
    ("join enter", "leave exit resign quit"), ("lend lent", "borrow"), ("import", "export"),
    ("build construct", "destroy demolish"), ("introduce", "abolish repeal"), ("marry wedding", "divorce"),
    ("hire appoint", "fire dismiss"), ("accept approve", "reject refuse"), ("allow permit", "forbid prohibit ban"),
    ("highest", "lowest"), ("largest biggest greatest", "smallest"), ("longest tallest", "shortest"),
    ("oldest eldest", "youngest"), ("best", "worst"), ("first earliest", "last latest"),
    ("cheapest", "dearest"), ("maximum", "minimum"), ("upper", "lower"), ("attack", "defend"), ("enemy", "ally"),
    ("teacher", "pupil student"), ("employer", "employee"), ("husband", "wife"), ("father", "mother"),
    ("son", "daughter"), ("brother", "sister"),
)  # fmt: skip


def _opposites() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for pair in _PAIRS:
        one, other = ({stem(word) for word in words.split()} for words in pair)
        for sides in ((one, other), (other, one)):
            for member in sides[0]:
                found.setdefault(member, set()).update(sides[1])
    return {word: frozenset(others - RELATED.get(word, frozenset())) for word, others in found.items()}


OPPOSITES = _opposites()
"""By stem: the stems of what is its opposite."""
