"""The embedded brain: rules, semantic routing and verbatim quotation; no key, no network, no invention."""

from models.reflex.brain import ReflexBrain

__all__ = ["ReflexBrain"]
