"""Clocks that tests move."""

from __future__ import annotations

from services.runtime.clock import SystemClock


class ShiftedClock(SystemClock):
    """The machine's clock, put forward by hand."""

    def __init__(self) -> None:
        self.ahead_ms = 0

    def now_ms(self) -> int:
        """See Clock.now_ms."""
        return super().now_ms() + self.ahead_ms

    def forward(self, *, days: float = 0, hours: float = 0, seconds: float = 0) -> None:
        """So much later."""
        self.ahead_ms += int(((days * 24 + hours) * 3_600 + seconds) * 1000)
