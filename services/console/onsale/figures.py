"""What an on-sale measured: counts, and latencies from the intended arrival on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from hdrh.histogram import HdrHistogram

# 1 microsecond to 60 seconds, three significant digits.
_LOWEST_US, _HIGHEST_US, _DIGITS = 1, 60_000_000, 3
PERCENTILES = (50.0, 90.0, 99.0, 99.9, 100.0)


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
    seconds: float = 0.0
    refusals: Counter[str] = field(default_factory=Counter)
    latency: HdrHistogram = field(default_factory=lambda: HdrHistogram(_LOWEST_US, _HIGHEST_US, _DIGITS))

    def answered(self, seconds_since_arrival: float) -> None:
        """A buyer's hold was granted so long after the buyer came."""
        self.latency.record_value(max(_LOWEST_US, min(_HIGHEST_US, int(seconds_since_arrival * 1_000_000))))

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
            "seconds": round(self.seconds, 3),
            "holds_per_second": round(self.granted / self.seconds, 1) if self.seconds else 0.0,
            "latency_ms": {
                f"p{percent:g}": round(self.latency.get_value_at_percentile(percent) / 1000, 3)
                for percent in PERCENTILES
            },
            "refusals": dict(self.refusals),
        }
