"""The auditor of quotas (R4): what it knows of them is the rules, and what callers were told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.inventory.domain.refusals import QuotaReached
from services.runtime.clock import Clock

BOX_OFFICE, ONLINE = 1, 2
EVERYTHING = 100


@dataclass(frozen=True, slots=True)
class Ceiling:
    """One version of the terms: a quota over every seat, and what of it the shop may have used in each phase. The box
    office may have all of it, and the backend what the shop has (R4.9)."""

    version: int
    size: int
    presale_percent: int
    day_percent: int
    # On the hold store's clock, while nobody sets it.
    day_sale_from_ms: int

    def caps(self, channel: int, earliest_ms: int, latest_ms: int) -> set[int]:
        """R4.3, R4.4: all that may be right between the two moments."""
        if channel == BOX_OFFICE:
            return {self.size}
        percents = set()
        if earliest_ms < self.day_sale_from_ms:
            percents.add(self.presale_percent)
        if latest_ms >= self.day_sale_from_ms:
            percents.add(self.day_percent)
        return {self.size * percent // EVERYTHING for percent in percents}


@dataclass(frozen=True, slots=True)
class Taken:
    """Seats that somebody asked for and was told to have."""

    performance_id: str
    owner: str
    count: int
    channel: int
    asked_at: float
    told_at: float
    # Versions of the terms that there were by then.
    ceilings: Sequence[Ceiling]


class StoreTime(Protocol):
    """What the auditor must know of the hold store's clock to be fair."""

    highest_offset_ms: int
    was_set: bool
    # How far an owner's idea of the store's time was behind it at most: the time it took to hear it.
    behind_seconds: float


class Ceilings:
    """Told of each version before it is in force, of every answer that takes seats, and of every refusal."""

    def __init__(self, clock: Clock, time: StoreTime) -> None:
        self._clock = clock
        self._time = time
        self._of: dict[str, list[Ceiling]] = {}
        self.taken: list[Taken] = []
        self.violations: list[str] = []
        self.met: Counter[str] = Counter()

    def put(self, performance_id: str, ceiling: Ceiling) -> None:
        """From now on an owner may go by it; one that has not looked since goes by the one before."""
        self._of.setdefault(performance_id, []).append(ceiling)

    def takes(self, performance_id: str, owner: str, count: int, channel: int, asked_at: float) -> None:
        """A yes."""
        ceilings = self._of.get(performance_id)
        if ceilings:
            told_at = self._clock.monotonic()
            self.taken.append(Taken(performance_id, owner, count, channel, asked_at, told_at, tuple(ceilings)))

    def refuses(self, performance_id: str, no: QuotaReached, asked_at: float) -> None:
        """The refusal's own words must fit together and be of the version that it names, and of a phase that it was."""
        self.met[f"quota_reached_{no.phase}"] += 1
        version, cap, used = int(no.terms_version), int(no.cap), int(no.used)
        known = [each for each in self._of.get(performance_id, []) if each.version == version]
        if not known:
            self.violations.append(f"{performance_id}: {no} names terms that there are not")
            return
        ceiling = known[0]
        earliest_ms, latest_ms = self._by_the_stores_clock(asked_at, self._clock.monotonic())
        is_presale = no.phase == "PRESALE"
        opens = ceiling.day_sale_from_ms
        if earliest_ms >= opens if is_presale else latest_ms < opens:
            self.violations.append(f"{performance_id}: {no}, but the day sale is from {opens} on")
        percent = ceiling.presale_percent if is_presale else ceiling.day_percent
        right = ceiling.size if int(no.channel) == BOX_OFFICE else ceiling.size * percent // EVERYTHING
        left = max(0, min(right, ceiling.size) - used)
        if (cap, int(no.available)) != (right, left) or int(no.asked) <= left:
            self.violations.append(f"{performance_id}: {no}, but the cap is {right} and {left} are left")

    def _by_the_stores_clock(self, asked_at: float, told_at: float) -> tuple[int, int]:
        """Between which moments it was decided; any that there are where somebody set that clock."""
        if self._time.was_set:
            return 0, 2**62
        origin_ms = self._clock.now_ms() - self._clock.monotonic() * 1000
        return int(origin_ms + (asked_at - self._time.behind_seconds) * 1000), int(origin_ms + told_at * 1000)

    def exceeded(self, taken: Taken, used_by_others: int) -> str | None:
        """R4.5: what was surely used by others while it was decided, and itself, against the most that was allowed."""
        earliest, latest = self._by_the_stores_clock(taken.asked_at, taken.told_at)
        cap = max(cap for each in taken.ceilings for cap in each.caps(taken.channel, earliest, latest))
        if used_by_others + taken.count <= cap:
            return None
        return f"{taken} beside {used_by_others} that others surely had: the cap was {cap}"

    def rightly_counted(self, performance_id: str, used: Sequence[int], occupied: int) -> Iterator[str]:
        """When nothing moves any more: the owner's counter against the seats that are taken."""
        if self._of.get(performance_id) and used and used[-1] != occupied:
            yield f"{performance_id}: the owner counts {used[-1]} used, the record has {occupied}"
