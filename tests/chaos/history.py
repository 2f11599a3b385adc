"""What every client asked and heard, and what was done to the servers meanwhile. One JSON object a line on disk."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from services.runtime.clock import Clock

OK, REFUSED, UNKNOWN = "ok", "refused", "unknown"


class Record(msgspec.Struct, kw_only=True, omit_defaults=True, tag="operation"):
    """One operation of one client. Times are seconds since the run began.

    It was sent first at `first_sent` and last at `sent`; `was_uncertain`: of an earlier sending nobody knows the end.
    `before`: the seats of the hold before a move. `seen`: the states a map showed for `seats`.
    """

    number: int
    client: str
    act: str
    performance: str
    seats: tuple[int, ...] = ()
    before: tuple[int, ...] = ()
    hold: str = ""
    order: str = ""
    allotment: str = ""
    ttl_seconds: int = 0
    first_sent: float = 0.0
    sent: float = 0.0
    returned: float = 0.0
    attempts: int = 0
    was_uncertain: bool = False
    # Why the sending before the last one was not the last.
    last_fault: str = ""
    outcome: str = UNKNOWN
    reason: str = ""
    refused_seats: tuple[int, ...] = ()
    epoch: int = 0
    # The end of the hold that the answer told, on the run's scale.
    hold_until: float = 0.0
    seen: tuple[int, ...] = ()


class FaultRecord(msgspec.Struct, kw_only=True, omit_defaults=True, tag="fault"):
    """One injected fault, from its start to its healing. `may_lose`: acknowledged holds may be gone after it.

    `may_mislead`: a lease that still stood was taken away, so two nodes may both believe for a while.
    """

    kind: str
    detail: str = ""
    started: float
    healed: float = 0.0
    may_lose: bool = False
    may_mislead: bool = False


class History:
    """Everything that was recorded, in the order in which it ended."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._origin = clock.monotonic()
        self._origin_ms = clock.now_ms()
        self._last_number = 0
        self.operations: list[Record] = []
        self.faults: list[FaultRecord] = []

    def now(self) -> float:
        """Seconds since the run began."""
        return self._clock.monotonic() - self._origin

    def at_ms(self, unix_ms: int) -> float:
        """A wall-clock time on the run's scale; all of it runs on one machine."""
        return (unix_ms - self._origin_ms) / 1000

    def next_number(self) -> int:
        """A number for a new operation."""
        self._last_number += 1
        return self._last_number

    def write(self, path: Path) -> None:
        """JSON lines: operations and faults by their start."""
        with path.open("wb") as lines:
            for record in self._by_start():
                lines.write(msgspec.json.encode(record) + b"\n")

    def _by_start(self) -> Iterable[Record | FaultRecord]:
        everything: list[Record | FaultRecord] = [*self.operations, *self.faults]
        return sorted(everything, key=lambda one: one.first_sent if isinstance(one, Record) else one.started)
