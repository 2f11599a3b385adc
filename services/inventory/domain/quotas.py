"""The quotas of a performance (R4) as the owner of its seats counts them: which quota each seat is of, how many of it
are used, how many a channel may use now. The arithmetic itself is services.contracts.quotas."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import compress
from typing import Final, Protocol

import msgspec

from services.contracts.channels import Channel
from services.contracts.quotas import SalePhase, available_of, cap_of, cutover_ms, phase_at
from services.inventory.domain import seat_state
from services.inventory.domain.records import ONLINE, QuotaTerms
from services.inventory.domain.seat_layout import SeatLayout, bits

# R4.5, R4.8. What is blocked or handed out is not sold here, and what is free not yet.
USED_STATES: Final = (seat_state.SOLD, seat_state.CLAIMED, seat_state.RESERVED, seat_state.HELD)
# By status.
_IS_USED: Final = bytes(status in USED_STATES for status in range(256))
_ONLY: Final = {state: bytes(status == state for status in range(256)) for state in USED_STATES}
# Seats of no quota have number 0, and no end.
NO_QUOTA: Final = 0
_NO_CAP: Final = 2**62
# balcon.types.v1.Channel.
CHANNELS: Final[Mapping[int, Channel]] = {1: Channel.BOX_OFFICE, 2: Channel.ONLINE, 3: Channel.BACKEND}
_BACKEND: Final = 3


class Statuses(Protocol):
    """Statuses by seat index: of a map, or only of the seats that it is about."""

    def __getitem__(self, seat: int, /) -> int: ...


class QuotaUse(msgspec.Struct, frozen=True):
    """Of one quota's seats: how many are in each state that counts. The names are those of balcon.inventory.v1."""

    sold: int = 0
    claimed: int = 0
    reserved: int = 0
    held: int = 0

    @property
    def used(self) -> int:
        """All of them: R4.5."""
        return self.sold + self.claimed + self.reserved + self.held


class QuotaLimits:
    """What follows from the terms alone: made once a change of them, never changed. Quotas are numbered from 1."""

    __slots__ = ("_assigned", "_caps", "_cutovers", "day_sale_from_ms", "quota_of", "terms")

    def __init__(self, terms: Sequence[QuotaTerms], capacity: int, layout: SeatLayout | None) -> None:
        self.terms = tuple(terms)
        numbers = [NO_QUOTA] * capacity
        for number, quota in enumerate(self.terms, 1):
            for seat in _covered(quota, capacity, layout):
                # The catalogue puts no place into two.
                numbers[seat] = numbers[seat] or number
        # By seat: its quota.
        self.quota_of: Sequence[int] = bytes(numbers) if len(self.terms) < len(_IS_USED) else tuple(numbers)
        self.day_sale_from_ms = tuple(cutover_ms(quota.anchor_ms, quota.presale_hours) for quota in self.terms)
        # Between two neighbouring cut-overs nothing changes: by period and channel a cap for every number.
        self._cutovers = sorted(set(self.day_sale_from_ms))
        self._caps = [self._caps_from(at_ms) for at_ms in (None, *self._cutovers)]
        self._assigned = tuple(_assigned(quota) for quota in self.terms)

    def _caps_from(self, at_ms: int | None) -> Mapping[int, Sequence[int]]:
        """The caps from that cut-over on; None: before the first."""
        found: dict[int, Sequence[int]] = {}
        for channel in CHANNELS:
            caps = [_NO_CAP]
            for number in range(1, len(self.terms) + 1):
                phase = SalePhase.PRESALE if at_ms is None else self.phase(number, at_ms)
                caps.append(self.cap(number, channel, phase))
            found[channel] = caps
        return found

    def phase(self, number: int, now_ms: int) -> SalePhase:
        """R4.3."""
        return phase_at(now_ms, self.day_sale_from_ms[number - 1])

    def phases(self, now_ms: int) -> int:
        """How many cut-overs have passed: another number, other phases."""
        return bisect_right(self._cutovers, now_ms)

    def caps(self, channel: int, now_ms: int) -> Sequence[int]:
        """By quota number: what of it the channel may have used by now."""
        return self._caps[bisect_right(self._cutovers, now_ms)][channel]

    def cap(self, number: int, channel: int, phase: SalePhase) -> int:
        """R4.4."""
        quota = self.terms[number - 1]
        return cap_of(quota.size, quota.percentages.of(CHANNELS[channel], phase))

    def is_assigned(self, number: int, ticket_type: str, channel: int, phase: SalePhase) -> bool:
        """R4.7: whether the channel may sell the ticket type out of the quota in the phase."""
        assigned = self._assigned[number - 1]
        return assigned is None or (ticket_type, channel, phase) in assigned

    @property
    def has_assignments(self) -> bool:
        """Whether any ticket type is kept from anything."""
        return any(assigned is not None for assigned in self._assigned)

    def counted(self, statuses: bytes | bytearray) -> list[int]:
        """By number: the used seats of all that there are, counted anew."""
        return self._count(statuses.translate(_IS_USED))

    def uses(self, statuses: bytes | bytearray) -> list[QuotaUse]:
        """By quota, in their order: the seats in each state that counts."""
        by_state = [self._count(statuses.translate(_ONLY[state])) for state in USED_STATES]
        return [QuotaUse(*counts) for counts in list(zip(*by_state, strict=True))[1:]]

    def _count(self, chosen: bytes | bytearray) -> list[int]:
        # In C: a hall of 100,000 seats is counted when its terms change, and when somebody asks.
        found = Counter(compress(self.quota_of, chosen))
        return [found[number] for number in range(len(self.terms) + 1)]


class SeatQuotas:
    """Limits and one counter a quota, changed where the status of a seat changes and nowhere else."""

    __slots__ = ("limits", "used")

    def __init__(self, limits: QuotaLimits, used: Iterable[int]) -> None:
        self.limits = limits
        # By number.
        self.used = list(used)

    def copy(self) -> SeatQuotas:
        """For a draft: the limits are shared."""
        return SeatQuotas(self.limits, self.used)

    def take_free(self, seats: Sequence[int]) -> None:
        """Counts seats that were not used and are from now on."""
        quota_of, used = self.limits.quota_of, self.used
        for seat in seats:
            used[quota_of[seat]] += 1

    def count(self, seats: Sequence[int], before: Statuses, status: int) -> None:
        """Counts seats that get a status, and had others `before`."""
        quota_of, used, will_be = self.limits.quota_of, self.used, _IS_USED[status]
        for seat in seats:
            change = will_be - _IS_USED[before[seat]]
            if change:
                used[quota_of[seat]] += change

    def available(self, number: int, channel: int, now_ms: int) -> int:
        """R4.6: how many more of the quota the channel may take now."""
        cap = self.limits.caps(channel, now_ms)[number]
        return available_of(self.limits.terms[number - 1].size, cap, self.used[number])


def seat_quotas(
    terms: Sequence[QuotaTerms], statuses: bytes | bytearray, layout: SeatLayout | None
) -> SeatQuotas | None:
    """The quotas of a map as it stands; None where there are none: then nothing is counted."""
    if not terms:
        return None
    limits = QuotaLimits(terms, len(statuses), layout)
    return SeatQuotas(limits, limits.counted(statuses))


def _covered(quota: QuotaTerms, capacity: int, layout: SeatLayout | None) -> Iterator[int]:
    """The places of its categories, and of its zones besides; some perhaps twice. Neither named: every place."""
    if not quota.categories and not quota.zones:
        yield from range(capacity)
        return
    for run in () if layout is None else layout.runs:
        if run.zone in quota.zones:
            yield from run.seats
            continue
        for category in quota.categories:
            for bit in bits(run.masks.get(category, 0)):
                yield run.seats[bit]


def _assigned(quota: QuotaTerms) -> frozenset[tuple[str, int, SalePhase]] | None:
    """What may be sold; None: everything. The backend sells what is assigned to its group, Reseller & Online-Shop."""
    if not quota.assignments:
        return None
    to_the_backend = {(name, _BACKEND, phase) for name, channel, phase in quota.assignments if channel == ONLINE}
    return quota.assignments | to_the_backend
