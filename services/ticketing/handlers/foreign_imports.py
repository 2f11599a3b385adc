"""Takes over another system's codes for a foreign allotment, so that the door knows them (R1.9, R1.14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.contracts.acts import Act
from services.contracts.bounds import NORMAL_TICKET_TYPE
from services.contracts.once import Asked, answer_once
from services.runtime.errors import FAULTS_TOLD, FieldInvalid, Refusal, refused_fields
from services.runtime.ids import Ids
from services.ticketing.domain.allotment import Allotment, AllotmentKind
from services.ticketing.domain.foreign_codes import read_codes
from services.ticketing.domain.refusals import AllotmentClosed, AllotmentNotForeign, SeatHasTicket
from services.ticketing.domain.ticket import SeatOfTicket, Ticket, TicketSource, VoidReason
from services.ticketing.ports.allotments import Allotments
from services.ticketing.ports.store import TicketingStore
from services.ticketing.ports.transaction import TicketingTransaction

_ONCE = "each code for one seat of a performance"


@dataclass(frozen=True, slots=True)
class WantedImport:
    """`test_code`: one that the caller has read off a ticket of the other system; it must be among them."""

    performance_id: str
    allotment_id: str
    content: bytes
    test_code: str


@dataclass(frozen=True, slots=True)
class Imported:
    """How many codes are new, how many were there already, how many of before are void by it."""

    added: int
    kept: int
    voided: int


class ForeignImportHandler:
    """All lines or none. Seats that the file does not name keep the codes that they have."""

    def __init__(self, store: TicketingStore, allotments: Allotments, ids: Ids) -> None:
        self._store = store
        self._allotments = allotments
        self._ids = ids

    async def take_over(self, asked: Asked[Imported], house_id: str, wanted: WantedImport) -> bytes | Refusal:
        """Once a request."""

        async def act(transaction: TicketingTransaction) -> Imported | Refusal:
            allotment = await self._allotments.get(house_id, wanted.performance_id, wanted.allotment_id)
            if isinstance(allotment, Refusal):
                return allotment
            if allotment.kind is not AllotmentKind.FOREIGN:
                return AllotmentNotForeign(allotment.allotment_id, allotment.kind.value)
            if allotment.closed_at_ms is not None:
                return AllotmentClosed(allotment.allotment_id)
            return await self._taken(transaction, wanted, allotment)

        return await answer_once(self._store.transaction(house_id), house_id, asked, act)

    async def _taken(
        self, transaction: TicketingTransaction, wanted: WantedImport, allotment: Allotment
    ) -> Imported | Refusal:
        await transaction.tickets.lock([allotment.allotment_id])
        left = await transaction.departures.later_than(
            allotment.performance_id, allotment.allotment_id, allotment.version
        )
        codes = read_codes("csv", wanted.content, set(allotment.seats) - left)
        if isinstance(codes, FieldInvalid):
            return codes
        if wanted.test_code not in codes.values():
            return FieldInvalid(
                "test_code", "is not among the codes of the file", "a code of the file, as a scanner reads it"
            )
        source = TicketSource(allotment_id=allotment.allotment_id, as_of=allotment.version)
        valid = {
            one.seat.seat_id: one for one in await transaction.tickets.valid_of_source(wanted.performance_id, source)
        }
        same = {seat for seat, code in codes.items() if seat in valid and valid[seat].code == code}
        old = [valid[seat].ticket_id for seat in codes if seat in valid and seat not in same]
        voided = await transaction.tickets.void(wanted.performance_id, old, VoidReason.REPRINTED)
        transaction.tell_voided(voided, VoidReason.REPRINTED)
        made = [
            self._ticket(wanted.performance_id, source, seat, code, transaction.now_ms)
            for seat, code in codes.items()
            if seat not in same
        ]
        not_added = await transaction.tickets.add(made)
        if not_added:
            return await _refused(transaction, [one for one in made if one.ticket_id in not_added])
        transaction.tell_issued(made)
        facts = {"codes": str(len(made)), "kept": str(len(same)), "voided": str(len(voided))}
        transaction.record_act(Act("allotment.codes_imported", "allotment", allotment.allotment_id, facts=facts))
        return Imported(len(made), len(same), len(voided))

    def _ticket(self, performance_id: str, source: TicketSource, seat_id: str, code: str, now_ms: int) -> Ticket:
        seat = SeatOfTicket(seat_id, NORMAL_TICKET_TYPE)
        return Ticket(self._ids.new_id("tkt"), performance_id, source, seat, code, now_ms, is_foreign=True)


async def _refused(transaction: TicketingTransaction, not_added: Sequence[Ticket]) -> Refusal:
    """Either the code is that of another seat, or the seat has another ticket. The codes themselves are not told."""
    faults = []
    for one in not_added:
        known = await transaction.tickets.find_foreign(one.performance_id, one.code)
        if known is not None and known.is_valid and known.seat.seat_id != one.seat.seat_id:
            other = f"seat {known.seat.seat_id}, in allotment {known.source.allotment_id}"
            faults.append(FieldInvalid("csv", f"the code of seat {one.seat.seat_id} is that of {other}", _ONCE))
        if len(faults) >= FAULTS_TOLD:
            break
    return refused_fields(faults) or SeatHasTicket(tuple(one.seat.seat_id for one in not_added))
