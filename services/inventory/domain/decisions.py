"""decide(): what a command does to a performance, or why it does nothing. Pure; the rules of architecture section 4."""

from __future__ import annotations

from typing import Generic, Never, TypeVar, assert_never

import msgspec

from services.inventory.domain import seat_state
from services.inventory.domain.asked import asked_before_it_moved, fingerprint, is_copy
from services.inventory.domain.best_available import Alternatives, choose
from services.inventory.domain.changes import (
    Change,
    ClaimCancelled,
    ClaimConfirmed,
    HoldChange,
    HoldExtended,
    HoldMoved,
    HoldReleased,
    HoldRulesChanged,
    RecordChange,
    SaleCancelled,
    SeatsBlocked,
    SeatsClaimed,
    SeatsHeld,
    SeatsUnblocked,
)
from services.inventory.domain.changes import HoldExpired as HoldHasExpired
from services.inventory.domain.commands import (
    BlockSeats,
    CancelClaim,
    CancelSale,
    ChangeHoldRules,
    ClaimSeats,
    Command,
    ConfirmClaim,
    ExpireHold,
    ExtendHold,
    HoldBestAvailable,
    HoldCommand,
    HoldSeats,
    MoveHold,
    ReadHold,
    RecordCommand,
    ReleaseHold,
    UnblockSeats,
)
from services.inventory.domain.free_seats import FreeDraft, FreeView
from services.inventory.domain.orphans import could_avoid, is_lenient, orphans_left
from services.inventory.domain.records import Claim, Hold, HoldRules
from services.inventory.domain.refusals import (
    ClaimAlreadySold,
    ClaimEnded,
    ClaimMismatch,
    ClaimNotFound,
    ClaimNotSold,
    HoldEnded,
    HolderLimit,
    HoldExpired,
    HoldForeign,
    HoldNotFound,
    NotOnSale,
    OrphanLeft,
    SaleEnded,
    SeatsNotHeld,
    SeatsNotTogether,
    SeatsTaken,
)
from services.inventory.domain.seat_map import SeatView
from services.runtime.errors import FieldInvalid, IdempotencyKeyReused, Refusal

ChangeT_co = TypeVar("ChangeT_co", bound=Change, covariant=True)


class Accepted(msgspec.Struct, Generic[ChangeT_co], frozen=True, gc=False):
    """Yes: what changes (nothing, where the command was obeyed before) and the hold to tell the caller, if any."""

    change: ChangeT_co | None = None
    hold: Hold | None = None


# A command of one lane changes nothing that belongs to the other.
HoldDecision = Accepted[HoldChange] | Refusal
RecordDecision = Accepted[RecordChange] | Refusal
Decision = Accepted[Change] | Refusal

_NOTHING: Accepted[Never] = Accepted()
# balcon.types.v1.Channel: the channel to which the orphan rule applies.
ONLINE = 2


def decide(state: SeatView, command: Command, now_ms: int) -> Decision:
    """The answer to one command on the state as it is, at `now_ms` of the store's clock."""
    if isinstance(command, RecordCommand):
        return decide_for_the_record(state, command, now_ms)
    return decide_hold(state, command, now_ms)


def decide_hold(state: SeatView, command: HoldCommand, now_ms: int) -> HoldDecision:
    """decide() for what a turn takes."""
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
        case ChangeHoldRules():
            return _change_rules(state, command)
        case _:
            assert_never(command)


def decide_for_the_record(state: SeatView, command: RecordCommand, now_ms: int) -> RecordDecision:
    """decide() for what a batch of the record takes."""
    match command:
        case ClaimSeats():
            return _claim(state, command, now_ms)
        case ConfirmClaim():
            return _confirm(state, command)
        case CancelClaim():
            return _cancel_claim(state, command)
        case CancelSale():
            return _cancel_sale(state, command)
        case BlockSeats():
            return _block(state, command)
        case UnblockSeats():
            return _unblock(state, command)
        case _:
            assert_never(command)


def _hold(state: SeatView, command: HoldSeats, now_ms: int) -> HoldDecision:
    known = state.hold(command.hold_id)
    if known is not None:
        return Accepted(hold=known) if is_copy(known, command) else IdempotencyKeyReused("hold_id", command.hold_id)
    rules = state.rules
    if command.ttl_ms > rules.longest_ttl_ms:
        return _too_long(rules)
    if not rules.on_sale or now_ms >= rules.sale_ends_at_ms:
        closed = _closed(rules, command.channel)
        if closed is not None:
            return closed
    if state.has_ended(command.hold_id):
        return HoldEnded(command.hold_id)
    refused: Refusal | None = _not_free(state, command.seats)
    refused = refused or _over_limit(state, command.holder_id, len(command.seats))
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
    )
    return Accepted(SeatsHeld(hold), hold)


def _closed(rules: HoldRules, channel: int) -> NotOnSale | SaleEnded | None:
    """Why seats may not be taken where the sale is closed or has ended; None: the channel is staff's, which goes on."""
    if not rules.on_sale:
        return NotOnSale()
    return SaleEnded(rules.sale_ends_at_ms) if channel == ONLINE else None


def _too_long(rules: HoldRules) -> FieldInvalid:
    return FieldInvalid("ttl_seconds", "is longer than a hold may live", f"0 to {rules.longest_ttl_ms // 1000} seconds")


def _not_free(state: SeatView, seats: tuple[int, ...]) -> SeatsTaken | None:
    if state.are_free(seats):
        return None
    return SeatsTaken(tuple(seat for seat in seats if state.status(seat) != seat_state.FREE))


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


def _hold_best(state: SeatView, command: HoldBestAvailable, now_ms: int) -> HoldDecision:
    """R5.1: the hold takes the very seats that were found. They leave an orphan only where none of those wanted avoids
    it, so that R5.2 has nothing to add."""
    asked = sum(group.size for group in command.groups)
    known = state.hold(command.hold_id)
    if known is not None:
        return Accepted(hold=known) if is_copy(known, command) else IdempotencyKeyReused("hold_id", command.hold_id)
    rules = state.rules
    if command.ttl_ms > rules.longest_ttl_ms:
        return _too_long(rules)
    if not rules.on_sale or now_ms >= rules.sale_ends_at_ms:
        closed = _closed(rules, command.channel)
        if closed is not None:
            return closed
    if state.has_ended(command.hold_id):
        return HoldEnded(command.hold_id)
    refused = _over_limit(state, command.holder_id, asked)
    if refused is not None:
        return refused
    chosen = choose(state.free, command.groups, may_split=command.may_split)
    if isinstance(chosen, Alternatives):
        size = command.groups[chosen.position].size
        return SeatsNotTogether(chosen.position, size, chosen.largest_group, chosen.categories)
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


def _over_limit(state: SeatView, holder_id: str, more: int) -> HolderLimit | None:
    has = state.seats_of(holder_id)
    if has + more > state.rules.seats_per_holder:
        return HolderLimit(state.rules.seats_per_holder, has, more)
    return None


def _no_such_hold(state: SeatView, hold_id: str) -> Refusal:
    return HoldEnded(hold_id) if state.has_ended(hold_id) else HoldNotFound(hold_id)


def _living_hold(state: SeatView, hold_id: str, holder_id: str, now_ms: int) -> Hold | Refusal:
    hold = state.hold(hold_id)
    if hold is None:
        return _no_such_hold(state, hold_id)
    if hold.holder_id != holder_id:
        return HoldForeign(hold_id)
    if now_ms >= hold.hold_until_ms + state.rules.grace_ms:
        return HoldExpired(hold_id, hold.hold_until_ms)
    return hold


def _extend(state: SeatView, command: ExtendHold, now_ms: int) -> HoldDecision:
    if command.ttl_ms > state.rules.longest_ttl_ms:
        return _too_long(state.rules)
    hold = _living_hold(state, command.hold_id, command.holder_id, now_ms)
    if isinstance(hold, Refusal):
        return hold
    until = state.rules.hold_until(hold.acquired_ms, now_ms, command.ttl_ms)
    if until <= hold.hold_until_ms:
        return Accepted(hold=hold)
    extended = msgspec.structs.replace(hold, hold_until_ms=until)
    return Accepted(HoldExtended(extended), extended)


def _move(state: SeatView, command: MoveHold, now_ms: int) -> HoldDecision:
    hold = _living_hold(state, command.hold_id, command.holder_id, now_ms)
    if isinstance(hold, Refusal):
        return hold
    if hold.seats == command.seats:
        return Accepted(hold=hold)
    if not state.rules.on_sale or now_ms >= state.rules.sale_ends_at_ms:
        closed = _closed(state.rules, hold.channel)
        if closed is not None:
            return closed
    own = set(hold.seats)
    wanted_more = tuple(seat for seat in command.seats if seat not in own)
    refused: Refusal | None = _not_free(state, wanted_more)
    refused = refused or _over_limit(state, command.holder_id, len(command.seats) - len(hold.seats))
    if refused is None and _must_avoid_orphans(state.rules, hold.channel):
        released = FreeDraft(state.free)
        released.mark(hold.seats, free=True)
        refused = _orphans(released, command.seats)
    if refused is not None:
        return refused
    moved = msgspec.structs.replace(hold, seats=command.seats, asked=asked_before_it_moved(hold))
    return Accepted(HoldMoved(moved, hold), moved)


def _release(state: SeatView, command: ReleaseHold) -> HoldDecision:
    hold = state.hold(command.hold_id)
    if hold is None:
        return _NOTHING
    if hold.holder_id != command.holder_id:
        return HoldForeign(command.hold_id)
    if command.seats and command.seats != hold.seats:
        return SeatsNotHeld(command.hold_id)
    return Accepted(HoldReleased(hold))


def _read(state: SeatView, command: ReadHold) -> HoldDecision:
    hold = state.hold(command.hold_id)
    return _no_such_hold(state, command.hold_id) if hold is None else Accepted(hold=hold)


def _expire(state: SeatView, command: ExpireHold, now_ms: int) -> HoldDecision:
    hold = state.hold(command.hold_id)
    if hold is None or now_ms < hold.hold_until_ms + state.rules.grace_ms:
        return _NOTHING
    return Accepted(HoldHasExpired(hold))


def _change_rules(state: SeatView, command: ChangeHoldRules) -> HoldDecision:
    return _NOTHING if command.rules == state.rules else Accepted(HoldRulesChanged(command.rules, state.rules))


def _claim(state: SeatView, command: ClaimSeats, now_ms: int) -> RecordDecision:
    known = state.claim(command.order_id)
    if known is not None:
        if msgspec.structs.replace(known, sold=False) == _claim_of(command):
            return _NOTHING
        return IdempotencyKeyReused("order_id", command.order_id)
    hold: Hold | None = None
    if command.hold_id:
        found = _living_hold(state, command.hold_id, command.holder_id, now_ms)
        if isinstance(found, Refusal):
            return found
        if found.seats != command.seats:
            return ClaimMismatch(command.order_id, command.hold_id)
        hold = found
    elif state.was_given_back(command.order_id):
        # A late copy of the command. With a hold it finds that ended; without one nothing else would stop it.
        return ClaimEnded(command.order_id)
    else:
        taken = _not_free(state, command.seats)
        if taken is not None:
            return taken
    return Accepted(SeatsClaimed(_claim_of(command), hold))


def _claim_of(command: ClaimSeats) -> Claim:
    return Claim(command.order_id, command.holder_id, command.hold_id, command.seats, command.channel)


def _confirm(state: SeatView, command: ConfirmClaim) -> RecordDecision:
    claim = state.claim(command.order_id)
    if claim is None:
        return ClaimNotFound(command.order_id)
    if claim.sold:
        return _NOTHING
    return Accepted(ClaimConfirmed(msgspec.structs.replace(claim, sold=True)))


def _cancel_claim(state: SeatView, command: CancelClaim) -> RecordDecision:
    claim = state.claim(command.order_id)
    if claim is None:
        return _NOTHING
    if claim.sold:
        return ClaimAlreadySold(command.order_id)
    return Accepted(ClaimCancelled(claim))


def _cancel_sale(state: SeatView, command: CancelSale) -> RecordDecision:
    claim = state.claim(command.order_id)
    if claim is None:
        return _NOTHING
    if not claim.sold:
        return ClaimNotSold(command.order_id)
    return Accepted(SaleCancelled(claim))


def _block(state: SeatView, command: BlockSeats) -> RecordDecision:
    wanted = tuple(seat for seat in command.seats if state.status(seat) != seat_state.BLOCKED)
    taken = _not_free(state, wanted)
    if taken is not None:
        return taken
    return Accepted(SeatsBlocked(wanted, command.reason)) if wanted else _NOTHING


def _unblock(state: SeatView, command: UnblockSeats) -> RecordDecision:
    blocked = tuple(seat for seat in command.seats if state.status(seat) == seat_state.BLOCKED)
    others = tuple(seat for seat in command.seats if state.status(seat) not in {seat_state.BLOCKED, seat_state.FREE})
    if others:
        return SeatsTaken(others)
    return Accepted(SeatsUnblocked(blocked)) if blocked else _NOTHING
