"""The two gates of a quota (R4): how many a channel may use in a phase, and which ticket types it may sell. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from services.contracts.instants import instant_text
from services.contracts.quotas import SalePhase, available_of
from services.inventory.domain.quotas import NO_QUOTA, SeatQuotas
from services.inventory.domain.records import HoldRules
from services.inventory.domain.refusals import QuotaReached, TicketTypeNotAssigned
from services.runtime.errors import Refusal


class QuotasView(Protocol):
    """What the gates look at."""

    @property
    def rules(self) -> HoldRules:
        """Which version of the terms these are."""
        ...

    @property
    def quotas(self) -> SeatQuotas | None:
        """None where there are no quotas."""
        ...


def quota_reached(
    state: QuotasView, seats: Sequence[int], channel: int, now_ms: int, given_up: Sequence[int] = ()
) -> QuotaReached | None:
    """The first gate, R4.4 to R4.6: why the channel may not take these seats now, None if it may. `given_up`: seats
    that it uses already and gives up for these: only what is more of a quota is asked of it."""
    quotas = state.quotas
    if quotas is None:
        return None
    used, quota_of = quotas.used, quotas.limits.quota_of
    caps = quotas.limits.caps(channel, now_ms)
    number = quota_of[seats[0]]
    # Nearly every choice is of one quota, or of none. A generator would cost more than all else here.
    if not given_up:
        for seat in seats:
            if quota_of[seat] != number:
                break
        else:
            if used[number] + len(seats) <= caps[number]:
                return None
            return reached(state, quotas, number, len(seats), channel, now_ms)
    asked = Counter(quota_of[seat] for seat in seats)
    asked.subtract(quota_of[seat] for seat in given_up)
    for number, count in sorted(asked.items()):
        if count > 0 and used[number] + count > caps[number]:
            return reached(state, quotas, number, count, channel, now_ms)
    return None


def reached(state: QuotasView, quotas: SeatQuotas, number: int, asked: int, channel: int, now_ms: int) -> QuotaReached:
    """What is left of the quota, and when the day sale opens more of it."""
    limits, used = quotas.limits, quotas.used[number]
    terms, phase = limits.terms[number - 1], limits.phase(number, now_ms)
    cap = limits.cap(number, channel, phase)
    left = available_of(terms.size, cap, used)
    opens_more_at = ""
    if phase is SalePhase.PRESALE:
        later = available_of(terms.size, limits.cap(number, channel, SalePhase.DAY), used)
        opens_more_at = instant_text(limits.day_sale_from_ms[number - 1]) if later > left else ""
    return QuotaReached(
        quota=terms.quota_id,
        quota_name=terms.name,
        channel=channel,
        phase=phase.value,
        asked=asked,
        cap=cap,
        used=used,
        available=left,
        opens_more_at=opens_more_at,
        terms_version=state.rules.terms_version,
    )


def type_not_assigned(
    state: QuotasView,
    seats: Sequence[int],
    ticket_types: Sequence[str],
    channel: int,
    now_ms: int,
) -> TicketTypeNotAssigned | None:
    """The second gate, R4.7. `ticket_types`: one a seat, "" where nobody has told; empty: nobody has of any."""
    quotas = state.quotas
    if quotas is None or not ticket_types or not quotas.limits.has_assignments:
        return None
    limits = quotas.limits
    for seat, ticket_type in zip(seats, ticket_types, strict=True):
        number = limits.quota_of[seat]
        if not ticket_type or number == NO_QUOTA:
            continue
        phase = limits.phase(number, now_ms)
        if not limits.is_assigned(number, ticket_type, channel, phase):
            terms = limits.terms[number - 1]
            return TicketTypeNotAssigned(
                terms.quota_id, terms.name, ticket_type, channel, phase.value, state.rules.terms_version
            )
    return None


def past_both_gates(
    state: QuotasView, seats: Sequence[int], ticket_types: Sequence[str], channel: int, now_ms: int
) -> Refusal | None:
    """Both must allow (R4.7)."""
    return quota_reached(state, seats, channel, now_ms) or type_not_assigned(
        state, seats, ticket_types, channel, now_ms
    )
