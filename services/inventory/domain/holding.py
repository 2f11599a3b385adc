"""The rules of holds: what a turn decides. R5.1, R5.2, RULE 16."""

from __future__ import annotations

import dataclasses
from typing import assert_never

import msgspec

from services.inventory.domain.asked import asked_before_it_moved, fingerprint, is_copy, must_be_told
from services.inventory.domain.best_available import Alternatives, choose
from services.inventory.domain.changes import HoldExpired as HoldHasExpired
from services.inventory.domain.changes import (
    HoldExtended,
    HoldMoved,
    HoldReleased,
    SaleTermsChanged,
    SeatsHeld,
)
from services.inventory.domain.commands import (
    ChangeSaleTerms,
    ExpireHold,
    ExtendHold,
    HoldBestAvailable,
    HoldCommand,
    HoldSeats,
    MoveHold,
    ReadHold,
    ReleaseHold,
)
from services.inventory.domain.decisions import NOTHING, Accepted, HoldDecision
from services.inventory.domain.free_seats import FreeDraft, FreeView
from services.inventory.domain.orphans import could_avoid, is_lenient, orphans_left
from services.inventory.domain.quota_gates import quota_reached, type_not_assigned
from services.inventory.domain.quota_rooms import QuotaRooms
from services.inventory.domain.records import ONLINE, Hold, HoldRules
from services.inventory.domain.refusals import (
    HoldEnded,
    HolderLimit,
    HoldForeign,
    NotOnSale,
    OrphanLeft,
    OutsideSalesWindow,
    PerformanceCancelled,
    QuotaReached,
    SaleEnded,
    SeatsNotHeld,
    SeatsNotTogether,
)
from services.inventory.domain.seat_views import HoldingView, living_hold, no_such_hold, not_free_to
from services.runtime.errors import FieldInvalid, IdempotencyKeyReused, Refusal

NotForSale = NotOnSale | PerformanceCancelled | SaleEnded | OutsideSalesWindow


def decide_holding(state: HoldingView, command: HoldCommand, now_ms: int) -> HoldDecision:
    """The answer to a command that a turn takes, at `now_ms` of the store's clock."""
    match command:
        case HoldSeats():
            return _hold(state, command, now_ms)
        case HoldBestAvailable():
            return _hold_best(state, command, now_ms)
        case ExtendHold():
            return _extend(state, command, now_ms)
        case MoveHold():
            return _move(state, command, now_ms)
        case ReleaseHold():
            return _release(state, command)
        case ReadHold():
            return _read(state, command)
        case ExpireHold():
            return _expire(state, command, now_ms)
        case ChangeSaleTerms():
            return _change_terms(state, command)
        case _:
            assert_never(command)


def _hold(state: HoldingView, command: HoldSeats, now_ms: int) -> HoldDecision:
    known = state.hold(command.hold_id)
    if known is not None:
        return Accepted(hold=known) if is_copy(known, command) else IdempotencyKeyReused("hold_id", command.hold_id)
    rules = state.rules
    if command.ttl_ms > rules.longest_ttl_ms:
        return _too_long(rules)
    if not rules.on_sale or now_ms >= rules.sale_ends_at_ms or rules.windows:
        closed = _closed(rules, command.channel, now_ms)
        if closed is not None:
            return closed
    if state.has_ended(command.hold_id):
        return HoldEnded(command.hold_id)
    refused: Refusal | None = not_free_to(command.channel, state, command.seats)
    refused = refused or _over_limit(state, command.holder_id, len(command.seats))
    if refused is None and state.quotas is not None:
        refused = _over_quota(state, command, now_ms)
    if refused is None and _must_avoid_orphans(rules, command.channel):
        refused = _orphans(state.free, command.seats)
    if refused is not None:
        return refused
    hold = Hold(
        command.hold_id,
        command.holder_id,
        command.seats,
        command.channel,
        now_ms,
        rules.hold_until(now_ms, now_ms, command.ttl_ms),
        command.ttl_ms,
        fingerprint(command) if must_be_told(command) else "",
        command.ticket_types,
    )
    return Accepted(SeatsHeld(hold), hold)


def _over_quota(state: HoldingView, command: HoldSeats, now_ms: int) -> Refusal | None:
    """Both gates of R4.7; who may overbook (R4.12) passes the first."""
    refused = None if command.overbook else quota_reached(state, command.seats, command.channel, now_ms)
    if refused is not None or not command.ticket_types:
        return refused
    return type_not_assigned(state, command.seats, command.ticket_types, command.channel, now_ms)


def _closed(rules: HoldRules, channel: int, now_ms: int) -> NotForSale | None:
    """Why seats may not be taken on the channel now; None: they may."""
    if not rules.on_sale:
        return PerformanceCancelled() if rules.cancelled else NotOnSale()
    if channel == ONLINE and now_ms >= rules.sale_ends_at_ms:
        return SaleEnded(rules.sale_ends_at_ms)
    for window in rules.windows:
        if window.channel == channel and not window.opens_at_ms <= now_ms < window.closes_at_ms:
            return OutsideSalesWindow(channel, window.opens_at_ms, window.closes_at_ms)
    return None


def _too_long(rules: HoldRules) -> FieldInvalid:
    return FieldInvalid("ttl_seconds", "is longer than a hold may live", f"0 to {rules.longest_ttl_ms // 1000} seconds")


def _must_avoid_orphans(rules: HoldRules, channel: int) -> bool:
    """R5.2: staff are exempt."""
    return rules.refuses_orphans and channel == ONLINE


def _orphans(free: FreeView, seats: tuple[int, ...]) -> OrphanLeft | None:
    """R5.2: refused while another choice of this size avoids it; the last seats of a hall are free to take."""
    if is_lenient(free):
        return None
    chosen = free.layout.masks_of(seats)
    left = orphans_left(free, chosen)
    return OrphanLeft(tuple(left)) if left and could_avoid(free, chosen) else None


def _hold_best(state: HoldingView, command: HoldBestAvailable, now_ms: int) -> HoldDecision:
    """R5.1: the hold takes the very seats that were found. They leave an orphan only where none of those wanted avoids
    it, so that R5.2 has nothing to add."""
    asked = sum(group.size for group in command.groups)
    known = state.hold(command.hold_id)
    if known is not None:
        return Accepted(hold=known) if is_copy(known, command) else IdempotencyKeyReused("hold_id", command.hold_id)
    rules = state.rules
    if command.ttl_ms > rules.longest_ttl_ms:
        return _too_long(rules)
    if not rules.on_sale or now_ms >= rules.sale_ends_at_ms or rules.windows:
        closed = _closed(rules, command.channel, now_ms)
        if closed is not None:
            return closed
    if state.has_ended(command.hold_id):
        return HoldEnded(command.hold_id)
    refused = _over_limit(state, command.holder_id, asked)
    if refused is not None:
        return refused
    chosen = _chosen(state, command, now_ms)
    if isinstance(chosen, Refusal):
        return chosen
    until = rules.hold_until(now_ms, now_ms, command.ttl_ms)
    hold = Hold(
        command.hold_id,
        command.holder_id,
        chosen,
        command.channel,
        now_ms,
        until,
        command.ttl_ms,
        fingerprint(command),
    )
    return Accepted(SeatsHeld(hold), hold)


def _chosen(state: HoldingView, command: HoldBestAvailable, now_ms: int) -> tuple[int, ...] | Refusal:
    """The seats, or why there are none and what would work: never more of a quota (R4) than the channel may take."""
    best = choose(state.free, command.groups, may_split=command.may_split)
    reached: QuotaReached | None = None
    if state.quotas is not None:
        if not isinstance(best, Alternatives):
            reached = quota_reached(state, best, command.channel, now_ms)
            if reached is None:
                return best
        rooms = QuotaRooms(state.quotas, command.channel, now_ms, state.free.layout)
        best = choose(state.free, command.groups, may_split=command.may_split, rooms=rooms)
    if not isinstance(best, Alternatives):
        return best
    if reached is not None:
        return dataclasses.replace(reached, categories=best.categories)
    size = command.groups[best.position].size
    return SeatsNotTogether(best.position, size, best.largest_group, best.categories)


def _over_limit(state: HoldingView, holder_id: str, more: int) -> HolderLimit | None:
    has = state.seats_of(holder_id)
    if has + more > state.rules.seats_per_holder:
        return HolderLimit(state.rules.seats_per_holder, has, more)
    return None


def _extend(state: HoldingView, command: ExtendHold, now_ms: int) -> HoldDecision:
    if command.ttl_ms > state.rules.longest_ttl_ms:
        return _too_long(state.rules)
    hold = living_hold(state, command.hold_id, command.holder_id, now_ms)
    if isinstance(hold, Refusal):
        return hold
    until = state.rules.hold_until(hold.acquired_ms, now_ms, command.ttl_ms)
    if until <= hold.hold_until_ms:
        return Accepted(hold=hold)
    extended = msgspec.structs.replace(hold, hold_until_ms=until)
    return Accepted(HoldExtended(extended), extended)


def _move(state: HoldingView, command: MoveHold, now_ms: int) -> HoldDecision:
    hold = living_hold(state, command.hold_id, command.holder_id, now_ms)
    if isinstance(hold, Refusal):
        return hold
    if hold.seats == command.seats:
        return Accepted(hold=hold)
    if not state.rules.on_sale or now_ms >= state.rules.sale_ends_at_ms or state.rules.windows:
        closed = _closed(state.rules, hold.channel, now_ms)
        if closed is not None:
            return closed
    own = set(hold.seats)
    wanted_more = tuple(seat for seat in command.seats if seat not in own)
    refused: Refusal | None = not_free_to(hold.channel, state, wanted_more)
    refused = refused or _over_limit(state, command.holder_id, len(command.seats) - len(hold.seats))
    refused = refused or quota_reached(state, command.seats, hold.channel, now_ms, given_up=hold.seats)
    if refused is None and _must_avoid_orphans(state.rules, hold.channel):
        released = FreeDraft(state.free)
        released.mark(hold.seats, free=True)
        refused = _orphans(released, command.seats)
    if refused is not None:
        return refused
    moved = msgspec.structs.replace(
        hold, seats=command.seats, asked=asked_before_it_moved(hold), ticket_types=_types_kept(hold, command.seats)
    )
    return Accepted(HoldMoved(moved, hold), moved)


def _types_kept(hold: Hold, seats: tuple[int, ...]) -> tuple[str, ...]:
    """The ticket types of the seats that stay; those of new ones are not known."""
    if not hold.ticket_types:
        return ()
    known = dict(zip(hold.seats, hold.ticket_types, strict=True))
    return tuple(known.get(seat, "") for seat in seats)


def _release(state: HoldingView, command: ReleaseHold) -> HoldDecision:
    hold = state.hold(command.hold_id)
    if hold is None:
        return NOTHING
    if hold.holder_id != command.holder_id:
        return HoldForeign(command.hold_id)
    if command.seats and command.seats != hold.seats:
        return SeatsNotHeld(command.hold_id)
    return Accepted(HoldReleased(hold))


def _read(state: HoldingView, command: ReadHold) -> HoldDecision:
    hold = state.hold(command.hold_id)
    return no_such_hold(state, command.hold_id) if hold is None else Accepted(hold=hold)


def _expire(state: HoldingView, command: ExpireHold, now_ms: int) -> HoldDecision:
    hold = state.hold(command.hold_id)
    if hold is None or now_ms < hold.hold_until_ms + state.rules.grace_ms:
        return NOTHING
    return Accepted(HoldHasExpired(hold))


def _change_terms(state: HoldingView, command: ChangeSaleTerms) -> HoldDecision:
    return NOTHING if command.rules == state.rules else Accepted(SaleTermsChanged(command.rules, state.rules))
