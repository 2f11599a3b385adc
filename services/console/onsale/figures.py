"""What an on-sale measured: counts, and latencies from the intended arrival on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from hdrh.histogram import HdrHistogram

# 1 microsecond to 60 seconds, three significant digits.
_LOWEST_US, _HIGHEST_US, _DIGITS = 1, 60_000_000, 3
PERCENTILES = (50.0, 90.0, 99.0, 99.9, 100.0)


def _histogram() -> HdrHistogram:
    return HdrHistogram(_LOWEST_US, _HIGHEST_US, _DIGITS)


def _in_range(seconds: float) -> int:
    return max(_LOWEST_US, min(_HIGHEST_US, int(seconds * 1_000_000)))


def _told(histogram: HdrHistogram) -> Mapping[str, float]:
    return {f"p{percent:g}": round(histogram.get_value_at_percentile(percent) / 1000, 3) for percent in PERCENTILES}


@dataclass(slots=True)
class Figures:
    """Filled while the on-sale runs."""

    buyers: int
    capacity: int
    per_second: float
    granted: int = 0
    seats_held: int = 0
    gave_up: int = 0
    double_holds: int = 0
    # Seats held as the owner tells at the end; None: some holds may have ended by then.
    held_by_owner: int | None = None
    reconnections: int = 0
    seconds: float = 0.0
    refusals: Counter[str] = field(default_factory=Counter)
    latency: HdrHistogram = field(default_factory=_histogram)
    given_up_after: HdrHistogram = field(default_factory=_histogram)

    def buyer_granted(self, seats: int, seconds_since_arrival: float) -> None:
        """A buyer has seats, so long after the buyer came."""
        self.granted += 1
        self.seats_held += seats
        self.latency.record_value(_in_range(seconds_since_arrival))

    def buyer_gave_up(self, seconds_since_arrival: float) -> None:
        """A buyer leaves without seats, so long after the buyer came."""
        self.gave_up += 1
        self.given_up_after.record_value(_in_range(seconds_since_arrival))

    @property
    def holds(self) -> bool:
        """Whether every buyer had a last word, no seat was granted twice and the owner knows every grant."""
        known = self.held_by_owner is None or self.held_by_owner == self.seats_held
        return self.granted + self.gave_up == self.buyers and not self.double_holds and known

    def as_json(self) -> Mapping[str, object]:
        """For machines."""
        return {
            "buyers": self.buyers,
            "capacity": self.capacity,
            "arrivals_per_second": self.per_second,
            "granted": self.granted,
            "seats_held": self.seats_held,
            "gave_up": self.gave_up,
            "double_holds": self.double_holds,
            "held_by_owner": self.held_by_owner,
            "reconnections": self.reconnections,
            "seconds": round(self.seconds, 3),
            "holds_per_second": round(self.granted / self.seconds, 1) if self.seconds else 0.0,
            "latency_ms": _told(self.latency),
            "given_up_after_ms": _told(self.given_up_after),
            "refusals": dict(self.refusals),
        }
