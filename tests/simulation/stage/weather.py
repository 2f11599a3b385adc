"""What goes wrong between processes and servers, and how often. One seed draws it all; fair weather ends it all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from hashlib import blake2b

from services.runtime.ids import seeded_random

# Chance of each fault at each call, where the seed's swarm has it at all.
CALL_FAULTS: Mapping[str, float] = {
    "lost_request": 0.02, "lost_reply": 0.03, "late_request": 0.02, "slow": 0.05, "twice": 0.03,
}  # fmt: skip
# Mean seconds between two of them.
EVENTS: Mapping[str, float] = {
    "crash": 18.0, "stop": 30.0, "freeze": 16.0, "partition": 14.0, "failover": 35.0, "flush": 50.0, "clock_step": 30.0,
    "shop_crash": 12.0,
}  # fmt: skip


class Weather:
    """One seed's faults (a swarm: each seed has some kinds and not others), choices, counters and trace."""

    def __init__(self, seed: int) -> None:
        self.random = seeded_random(seed)
        self.met: Counter[str] = Counter()
        self.is_fair = False
        self.partitions: set[tuple[str, str]] = set()
        self.rates = {name: rate * self.random.choice([0, 0.5, 1, 2]) for name, rate in CALL_FAULTS.items()}
        self.events = {name: mean for name, mean in EVENTS.items() if self.random.random() < 0.55}
        self._trace = blake2b(digest_size=16)

    def meets(self, fault: str) -> bool:
        """Whether this call meets this fault."""
        if self.is_fair or self.random.random() >= self.rates[fault]:
            return False
        self.met[fault] += 1
        return True

    def is_cut(self, one: str, other: str) -> bool:
        """Whether a partition stands between the two."""
        return (one, other) in self.partitions or (other, one) in self.partitions

    def note(self, *what: object) -> None:
        """Adds a line to the trace."""
        self._trace.update(repr(what).encode())

    @property
    def trace_hash(self) -> str:
        """Equal for equal runs (RULE 34)."""
        return self._trace.hexdigest()
