"""What can be asked of a performance. Seats are distinct ascending indexes of the plan, checked at the edge.

The unions below say how a command is treated, its lane above all: whatever parts commands is derived from them.
"""

from __future__ import annotations

from typing import assert_never

import msgspec

from services.inventory.domain.allotments import SeatsAsked
from services.inventory.domain.best_available import SeatGroup
from services.inventory.domain.records import BlockKind, HoldRules
from services.runtime.principal import PrincipalRef


class ForTheRecord(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Acts that a house may ask about later. `on_behalf_of` decides nothing; None: of a service, on its own account.

    Commands that change holds have a holder instead, and nothing more to carry.
    """

    on_behalf_of: PrincipalRef | None = None


class HoldSeats(msgspec.Struct, frozen=True, gc=False):
    """Lock all the seats for one holder, or none."""

    hold_id: str
    holder_id: str
    seats: tuple[int, ...]
    channel: int
    ttl_ms: int = 0
    # One a seat, or none where the caller does not know them yet (R4.7).
    ticket_types: tuple[str, ...] = ()
    # R4.12: a right of staff.
    overbook: bool = False


class HoldBestAvailable(msgspec.Struct, frozen=True, gc=False):
    """Lock the best seats there are for every group, in one hold, or none."""

    hold_id: str
    holder_id: str
    groups: tuple[SeatGroup, ...]
    channel: int
    may_split: bool = False
    ttl_ms: int = 0


class ExtendHold(msgspec.Struct, frozen=True, gc=False):
    """Move a hold's end to `ttl_ms` from now, never back and never past its cap: what is left of that may be less."""

    hold_id: str
    holder_id: str
    ttl_ms: int = 0


class MoveHold(msgspec.Struct, frozen=True, gc=False):
    """Exchange a hold's seats for these in one step."""

    hold_id: str
    holder_id: str
    seats: tuple[int, ...]


class ReleaseHold(msgspec.Struct, frozen=True, gc=False):
    """Let a hold's seats go; with `seats` only if it has exactly these: it may have moved since the caller looked."""

    hold_id: str
    holder_id: str
    seats: tuple[int, ...] = ()


class ReadHold(msgspec.Struct, frozen=True, gc=False):
    """Tell the hold as it stands."""

    hold_id: str


class ExpireHold(msgspec.Struct, frozen=True, gc=False):
    """Proposed by the timer; the stored deadline decides (RULE 16)."""

    hold_id: str


class ChangeSaleTerms(msgspec.Struct, frozen=True, gc=False):
    """All that a house may change of a sale: whether it is on, until when, its limits, how holds behave.

    Proposed by the owner's own node, which has read them: no turn is decided by two sets of terms.
    """

    rules: HoldRules


class ClaimSeats(ForTheRecord, frozen=True, gc=False):
    """Turn a hold, or a reservation, into an order's claim; without either, claim free seats after a late payment."""

    order_id: str
    holder_id: str
    hold_id: str
    seats: tuple[int, ...]
    channel: int
    # One a seat, or none where the caller does not tell.
    ticket_types: tuple[str, ...] = ()
    # Instead of a hold.
    reservation_id: str = ""


class ConfirmClaim(ForTheRecord, frozen=True, gc=False):
    """Claimed to sold."""

    order_id: str


class CancelClaim(ForTheRecord, frozen=True, gc=False):
    """Claimed to free. An order that claims nothing is fine: it has been cancelled before."""

    order_id: str


class CancelSale(ForTheRecord, frozen=True, gc=False):
    """Sold to free: all of the order's seats, or of these what it still has. An order that holds nothing is fine."""

    order_id: str
    seats: tuple[int, ...] = ()


class BlockSeats(ForTheRecord, frozen=True, gc=False):
    """Take free seats off sale. Seats blocked already stay so; those of another kind become of this one."""

    seats: tuple[int, ...]
    reason: str
    kind: BlockKind = BlockKind.HARD


class UnblockSeats(ForTheRecord, frozen=True, gc=False):
    """Put blocked seats back on sale. Seats free already stay so; what staff have of a soft block they keep."""

    seats: tuple[int, ...]


class AllotmentCommand(ForTheRecord, frozen=True, gc=False):
    """Of an allotment (R1), under an id of its own. `asked`: fingerprint of all that the caller asked for, so that a
    copy gets the first answer and other content under the id is refused."""

    step_id: str
    asked: str
    allotment_id: str


class AllotSeats(AllotmentCommand, frozen=True, gc=False):
    """Hand free seats to an office."""

    kind: int
    office_id: str
    wanted: SeatsAsked
    note: str = ""
    # Unix ms by the store's clock; 0: they go back by hand.
    return_due_at_ms: int = 0
    override_reason: str = ""


class ExtendAllotment(AllotmentCommand, frozen=True, gc=False):
    """Hand more free seats to it."""

    wanted: SeatsAsked
    override_reason: str = ""


class ReportSold(AllotmentCommand, frozen=True, gc=False):
    """The office sold them. Those reported before stay so."""

    wanted: SeatsAsked


class TakeBackReport(AllotmentCommand, frozen=True, gc=False):
    """The office did not sell them after all: they are open again, and still its own."""

    wanted: SeatsAsked


class RecallSeats(AllotmentCommand, frozen=True, gc=False):
    """Open seats go back into the pool."""

    wanted: SeatsAsked


class ReturnUnsold(AllotmentCommand, frozen=True, gc=False):
    """Open seats go back on the day: these, or all of them."""

    wanted: SeatsAsked | None = None


class CloseAllotment(AllotmentCommand, frozen=True, gc=False):
    """What is open goes back, what is reported stays, and nothing changes any more (R1.12)."""


class ScheduleReturn(AllotmentCommand, frozen=True, gc=False):
    """From now on unsold seats go back by themselves then; 0: only by hand."""

    return_due_at_ms: int = 0


class ReturnDue(ForTheRecord, frozen=True, gc=False):
    """Proposed by the timer: its due time may have come (R1.6). decide() has the last word (RULE 16)."""

    allotment_id: str


class ReserveSeats(ForTheRecord, frozen=True, gc=False):
    """Promise free seats without payment (R4.8)."""

    reservation_id: str
    holder_id: str
    seats: tuple[int, ...]
    channel: int
    reference: str = ""
    # Unix ms by the store's clock; 0: none.
    deadline_ms: int = 0
    # Fingerprint of what the caller asked for, so that a copy gets the first answer.
    asked: str = ""


class ExtendReservation(ForTheRecord, frozen=True, gc=False):
    """Give it another deadline, or none."""

    reservation_id: str
    deadline_ms: int


class ReleaseReservation(ForTheRecord, frozen=True, gc=False):
    """Its seats are free again."""

    reservation_id: str


class ExpireReservation(ForTheRecord, frozen=True, gc=False):
    """Proposed by a timer; the recorded deadline decides (RULE 16)."""

    reservation_id: str


# Want seats, or want them for longer: the first to be refused in overload (RULE 21).
TakingCommand = HoldSeats | HoldBestAvailable | ExtendHold | MoveHold
# Callers end a hold or look at it, and act on whatever they are told.
EndingCommand = ReleaseHold | ReadHold
# Proposed by the owner's own node: nobody acts on the answer.
ProposedCommand = ExpireHold | ChangeSaleTerms
# Not refused in overload before those that take.
UrgentCommand = EndingCommand | ProposedCommand
# Decided in turns; what they change is in the holds' store or nowhere.
HoldCommand = TakingCommand | UrgentCommand
# Of an order.
ClaimingCommand = ClaimSeats | ConfirmClaim | CancelClaim | CancelSale
# Of the house.
BlockingCommand = BlockSeats | UnblockSeats
# Of the house and its offices.
AllottingCommand = (
    AllotSeats
    | ExtendAllotment
    | ReportSold
    | TakeBackReport
    | RecallSeats
    | ReturnUnsold
    | ScheduleReturn
    | CloseAllotment
    | ReturnDue
)
# Of the house and who asked it for seats.
ReservingCommand = ReserveSeats | ExtendReservation | ReleaseReservation | ExpireReservation
# Decided in batches beside the turns; what they change is in the record before anybody hears of it (INV-2).
RecordCommand = ClaimingCommand | BlockingCommand | AllottingCommand | ReservingCommand
Command = HoldCommand | RecordCommand


def changed_hold(command: HoldCommand) -> str | None:
    """The id of the living hold that the command would change, if it is for one."""
    match command:
        case ExtendHold() | MoveHold() | ReleaseHold() | ExpireHold():
            return command.hold_id
        case HoldSeats() | HoldBestAvailable() | ReadHold() | ChangeSaleTerms():
            return None
        case _:
            assert_never(command)
