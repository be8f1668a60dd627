"""A circuit breaker: what failed several times in a row is left alone for a while, then one try decides."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Breaker:
    """Opens after `most` failures in a row, or one that will last, for `cool_down` seconds. `clock`: monotonic."""

    def __init__(self, most: int, cool_down: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._cool_down = cool_down
        self._clock = clock
        self._until: float | None = None
        self._is_tried = False
        self.failures = 0
        self.reason = ""

    @property
    def left(self) -> float:
        """Seconds for which it is to be left alone, at least 1; 0 if it may be tried."""
        left = 0.0 if self._until is None else self._until - self._clock()
        return max(left, 1.0) if left > 0 or self._is_tried else 0.0

    @contextmanager
    def trying(self) -> Iterator[None]:
        """Around one try. The first after a while is the only one meanwhile; given up, it leaves it to the next."""
        is_first = self._until is not None and not self._is_tried
        self._is_tried = self._is_tried or is_first
        try:
            yield
        finally:
            if is_first:
                self._is_tried = False

    def succeeded(self) -> None:
        """It works."""
        self.failures, self._until, self._is_tried = 0, None, False

    def failed(self, reason: str = "", *, lasting: bool = False) -> None:
        """It doesn't, for `reason`; `lasting`: nor will it soon."""
        self.failures += 1
        self.reason = reason
        self._is_tried = False
        if lasting or self.failures >= self._most:
            self._until = self._clock() + self._cool_down
