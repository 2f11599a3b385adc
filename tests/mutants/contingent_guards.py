"""The guards of quotas, allotments and blocks, each removed by a patch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest

from services.contracts.quotas import SalePhase
from services.inventory.domain import allotting, holding, quotas, seat_state, seat_views
from services.inventory.domain.allotments import Allotment
from services.inventory.domain.quotas import QuotaLimits, SeatQuotas
from services.inventory.domain.seat_map import SeatMap


def holds_not_counted(patch: pytest.MonkeyPatch) -> None:
    """What is held is not used: a quota counts from the claim on."""
    patch.setattr(SeatQuotas, "take_free", lambda _quotas, _seats: None)
    patch.setattr(SeatQuotas, "count", _count_of(seat_state.SOLD, seat_state.CLAIMED, seat_state.RESERVED))


def expired_holds_stay_counted(patch: pytest.MonkeyPatch) -> None:
    """What is let go stays used."""
    count = SeatQuotas.count

    def only_up(own: Any, seats: Sequence[int], before: Any, status: int) -> None:
        if status != seat_state.FREE:
            count(own, seats, before, status)

    patch.setattr(SeatQuotas, "count", only_up)


def _count_of(*used_states: int) -> Any:
    def count(own: Any, seats: Sequence[int], before: Mapping[int, int], status: int) -> None:
        for seat in seats:
            change = (status in used_states) - (before[seat] in used_states)
            own.used[own.limits.quota_of[seat]] += change

    return count


def day_sale_never_begins(patch: pytest.MonkeyPatch) -> None:
    """The caps of the presale stand after the cut-over: nobody looks at the clock."""
    patch.setattr(QuotaLimits, "caps", lambda limits, channel, _now_ms: limits._caps[0][channel])


def day_sale_begins_at_the_anchor(patch: pytest.MonkeyPatch) -> None:
    """D hours are forgotten: the day sale begins when the performance does."""
    patch.setattr(quotas, "cutover_ms", lambda anchor_ms, _presale_hours: anchor_ms)


def caps_rounded_up(patch: pytest.MonkeyPatch) -> None:
    """A part of a seat counts as one."""

    def cap(limits: Any, number: int, channel: int, phase: SalePhase) -> int:
        terms = limits.terms[number - 1]
        percent: int = terms.percentages.of(quotas.CHANNELS[channel], phase)
        return -(-int(terms.size) * percent // 100)

    patch.setattr(QuotaLimits, "cap", cap)


def sold_seats_return(patch: pytest.MonkeyPatch) -> None:
    """What goes back on the day is all that the office has, reported sold or not."""
    give_back = allotting._give_back

    def all_of_it(command: Any, wanted: Any, kind: int, allotment: Allotment, now_ms: int) -> Any:
        if wanted is None:
            allotment = _with_sold(allotment, ())
        return give_back(command, wanted, kind, allotment, now_ms)

    patch.setattr(allotting, "_give_back", all_of_it)


def recall_of_sold_seats(patch: pytest.MonkeyPatch) -> None:
    """A seat that the office sold is taken from it by a recall."""
    give_back = allotting._give_back

    def unsold(command: Any, wanted: Any, kind: int, allotment: Allotment, now_ms: int) -> Any:
        if wanted is None:
            return give_back(command, wanted, kind, allotment, now_ms)
        sold = tuple(seat for seat in allotment.sold if seat not in wanted.seats)
        return give_back(command, wanted, kind, _with_sold(allotment, sold), now_ms)

    patch.setattr(allotting, "_give_back", unsold)


def _with_sold(allotment: Allotment, sold: tuple[int, ...]) -> Allotment:
    """The same seats, others of them open."""
    still_open = tuple(seat for seat in allotment.seats if seat not in sold)
    return msgspec.structs.replace(allotment, open=still_open, sold=sold)


def allotted_seats_stay_in_the_pool(patch: pytest.MonkeyPatch) -> None:
    """A seat that is handed out is not looked at before: it may be somebody's."""

    def whatever(_state: Any, wanted: Any) -> tuple[int, ...]:
        seats: tuple[int, ...] = wanted.seats
        return seats

    patch.setattr(allotting, "_from_the_pool", whatever)


def soft_blocks_end_with_a_hold(patch: pytest.MonkeyPatch) -> None:
    """A seat that staff had on hold comes back free."""
    patch.setattr(SeatMap, "let_go", lambda seat_map, seats: seat_map.mark(seats, seat_state.FREE))


def soft_blocks_keep_nobody_out(patch: pytest.MonkeyPatch) -> None:
    """The shop may hold what is blocked for staff."""

    def for_everybody(_channel: int, state: Any, seats: tuple[int, ...]) -> Any:
        return seat_views.not_free_to(0, state, seats)

    patch.setattr(holding, "not_free_to", for_everybody)
