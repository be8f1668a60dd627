"""Circuits open after failures in a row, and one try decides whether they close."""

from __future__ import annotations

import asyncio

import pytest

from tools.breaker import Breaker

MOST, COOL_DOWN = 5, 30.0


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Clock) -> Breaker:
    breaker = Breaker(MOST, COOL_DOWN, clock)
    for number in range(MOST):
        assert breaker.left == 0, number
        breaker.failed("late")
    return breaker


def test_a_circuit_opens_after_failures_in_a_row_and_lets_one_try_later() -> None:
    clock = Clock()
    breaker = opened(clock)
    assert (breaker.left, breaker.failures, breaker.reason) == (COOL_DOWN, MOST, "late")
    clock.now = COOL_DOWN
    assert breaker.left == 0
    with breaker.trying():
        assert breaker.left == 1
        breaker.succeeded()
    assert breaker.left == 0


def test_a_failed_try_opens_it_again_and_an_abandoned_one_leaves_the_next_to_try() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now = COOL_DOWN
    with pytest.raises(asyncio.CancelledError), breaker.trying():
        raise asyncio.CancelledError
    assert breaker.left == 0
    with breaker.trying():
        breaker.failed("late again")
    assert breaker.left == COOL_DOWN


def test_what_will_last_opens_it_at_once_and_success_begins_the_count_anew() -> None:
    breaker = Breaker(MOST, COOL_DOWN, Clock())
    for _ in range(3):
        for _ in range(MOST - 1):
            breaker.failed("late")
        breaker.succeeded()
    assert breaker.left == 0
    breaker.failed("a wrong key", lasting=True)
    assert breaker.left == COOL_DOWN
