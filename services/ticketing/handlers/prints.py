"""Prints tickets of an allotment (R1.7, R1.8, R1.14): counted, once a request, and never for a seat that has left."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from services.contracts.acts import Act
from services.contracts.bounds import NORMAL_TICKET_TYPE
from services.contracts.once import Asked, answer_once
from services.contracts.ticket_codes import CodeFacts
from services.runtime.errors import Refusal
from services.runtime.ids import Ids
from services.runtime.signing_keys.rotation import SigningKey
from services.ticketing.domain.document import Document, DocumentKind
from services.ticketing.domain.printing import seats_to_print
from services.ticketing.domain.refusals import SeatHasTicket
from services.ticketing.domain.ticket import SeatOfTicket, Ticket, TicketSource, VoidReason
from services.ticketing.handlers.paper_facts import FactGatherer, PaperFacts
from services.ticketing.handlers.paper_styles import stock_of
from services.ticketing.handlers.sheets import tickets_sheet
from services.ticketing.handlers.signing_keys import KeyRing
from services.ticketing.ports.paper import Paper
from services.ticketing.ports.store import TicketingStore
from services.ticketing.ports.transaction import TicketingTransaction


@dataclass(frozen=True, slots=True)
class WantedPrint:
    """`seat_ids`: to be printed again; none: every open seat without a ticket. `language` '' takes the office's."""

    performance_id: str
    allotment_id: str
    seat_ids: tuple[str, ...]
    stock: str
    language: str


@dataclass(frozen=True, slots=True)
class Printed:
    """The document with the tickets, and how many of before are void by it."""

    document: Document
    voided: int


class PrintHandler:
    """Asks the owner what is open now; what leaves meanwhile is left out or void (Allotment.version tells)."""

    def __init__(self, store: TicketingStore, facts: FactGatherer, keys: KeyRing, paper: Paper, ids: Ids) -> None:
        self._store = store
        self._facts = facts
        self._keys = keys
        self._paper = paper
        self._ids = ids

    async def print(self, asked: Asked[Printed], house_id: str, wanted: WantedPrint) -> bytes | Refusal:
        """Codes, the print's number and what is to be drawn, all in one transaction."""

        # Before the transaction: whoever has one connection and waits for another keeps it from somebody.
        key = await self._keys.signing_key()

        async def act(transaction: TicketingTransaction) -> Printed | Refusal:
            facts = await self._facts.gather(house_id, wanted.performance_id, wanted.allotment_id)
            return facts if isinstance(facts, Refusal) else await self._printed(transaction, key, wanted, facts)

        return await answer_once(self._store.transaction(house_id), house_id, asked, act)

    async def _printed(
        self, transaction: TicketingTransaction, key: SigningKey, wanted: WantedPrint, facts: PaperFacts
    ) -> Printed | Refusal:
        allotment, tickets = facts.allotment, transaction.tickets
        own = (await transaction.paper_styles.get()).style
        stock = stock_of(own, wanted.stock)
        if isinstance(stock, Refusal):
            return stock
        await tickets.lock([allotment.allotment_id])
        left = await transaction.departures.later_than(
            allotment.performance_id, allotment.allotment_id, allotment.version
        )
        source = TicketSource(allotment_id=allotment.allotment_id, as_of=allotment.version)
        valid = {one.seat.seat_id: one for one in await tickets.valid_of_source(wanted.performance_id, source)}
        seats = seats_to_print(allotment, wanted.seat_ids, valid.keys(), left)
        if isinstance(seats, Refusal):
            return seats
        again = [valid[seat].ticket_id for seat in seats if seat in valid]
        voided = await tickets.void(wanted.performance_id, again, VoidReason.REPRINTED)
        transaction.tell_voided(voided, VoidReason.REPRINTED)
        print_id = self._ids.new_id("doc")
        made = await self._made(key, facts, seats, print_id, transaction.now_ms)
        not_added = await tickets.add(made)
        if not_added:
            return SeatHasTicket(tuple(one.seat.seat_id for one in made if one.ticket_id in not_added))
        transaction.tell_issued(made)
        document = await self._document(transaction, wanted, facts, print_id, len(made))
        sheet = tickets_sheet(facts, own, document.language, stock, made)
        await transaction.documents.add(document, self._paper.written(sheet))
        transaction.record_act(_act(document, len(voided)))
        return Printed(document, len(voided))

    async def _made(
        self, key: SigningKey, facts: PaperFacts, seats: Sequence[str], print_id: str, now_ms: int
    ) -> list[Ticket]:
        allotment = facts.allotment
        told = [CodeFacts(key.key_id, self._ids.new_id("tkt"), allotment.performance_id, seat) for seat in seats]
        # A large print takes a second of signatures: the loop has other calls to answer.
        codes = await asyncio.to_thread(self._keys.signed, key, told)
        source = TicketSource(allotment_id=allotment.allotment_id, as_of=allotment.version, print_id=print_id)
        return [
            Ticket(one.ticket_id, allotment.performance_id, source, _seat(facts, one.seat_id), code, now_ms)
            for one, code in zip(told, codes, strict=True)
        ]

    @staticmethod
    async def _document(
        transaction: TicketingTransaction, wanted: WantedPrint, facts: PaperFacts, print_id: str, count: int
    ) -> Document:
        allotment = facts.allotment
        return Document(
            document_id=print_id,
            kind=DocumentKind.TICKETS,
            number=allotment.allotment_id,
            performance_id=allotment.performance_id,
            allotment_id=allotment.allotment_id,
            office_id=allotment.office_id,
            language=facts.language(wanted.language),
            created_at_ms=transaction.now_ms,
            stock=wanted.stock,
            tickets=count,
            print_number=await transaction.documents.prints_of(allotment.performance_id, allotment.allotment_id) + 1,
            allotment_version=allotment.version,
        )


def _seat(facts: PaperFacts, seat_id: str) -> SeatOfTicket:
    seat = facts.plan.seats[seat_id]
    return SeatOfTicket(seat_id, NORMAL_TICKET_TYPE, seat.zone, seat.row, seat.seat)


def _act(document: Document, voided: int) -> Act:
    facts = {
        "print": str(document.print_number),
        "tickets": str(document.tickets),
        "voided": str(voided),
        "stock": document.stock,
    }
    return Act("allotment.printed", "allotment", document.allotment_id, facts=facts)
