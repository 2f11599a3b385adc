"""Delivery notes, hall plans and statements of an allotment: numbered, written down, and drawn when they are wanted."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from services.contracts.acts import Act
from services.contracts.house_time import local_of
from services.contracts.once import Asked, answer_once
from services.runtime.errors import Refusal
from services.runtime.ids import Ids
from services.ticketing.domain.document import Document, DocumentKind
from services.ticketing.domain.ticket import TicketSource
from services.ticketing.handlers.paper_facts import FactGatherer, PaperFacts
from services.ticketing.handlers.sheets import note_sheet, plan_sheet, statement_sheet
from services.ticketing.ports.paper import Paper
from services.ticketing.ports.store import TicketingStore
from services.ticketing.ports.transaction import TicketingTransaction

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class WantedPaper:
    """`language` '' takes the office's."""

    performance_id: str
    allotment_id: str
    language: str


@dataclass(frozen=True, slots=True)
class NoteMade:
    """The note, and the list of seats and codes beside it."""

    note: Document
    seat_list: Document


class AllotmentPaperHandler:
    """Each once a request. Nothing is drawn here."""

    def __init__(self, store: TicketingStore, facts: FactGatherer, paper: Paper, ids: Ids) -> None:
        self._store = store
        self._facts = facts
        self._paper = paper
        self._ids = ids

    async def note(self, asked: Asked[NoteMade], house_id: str, wanted: WantedPaper) -> bytes | Refusal:
        """The delivery note of what it has now (R1.13). Notes of a house and year have numbers without a gap."""

        async def act(transaction: TicketingTransaction, facts: PaperFacts) -> NoteMade:
            now_ms, allotment = transaction.now_ms, facts.allotment
            source = TicketSource(allotment_id=allotment.allotment_id)
            valid = await transaction.tickets.valid_of_source(allotment.performance_id, source)
            tickets = {one.seat.seat_id: one for one in valid}
            own = (await transaction.paper_styles.get()).style
            year = local_of(facts.show.time_zone, now_ms).year
            number = f"{year}-{await transaction.documents.next_note_number(year)}"
            note = self._document(facts, DocumentKind.DELIVERY_NOTE, number, wanted, now_ms)
            seat_list = dataclasses.replace(note, document_id=self._ids.new_id("doc"), kind=DocumentKind.SEAT_LIST)
            for document, as_list in ((note, False), (seat_list, True)):
                sheet = note_sheet(facts, own, note.language, number, now_ms, tickets, as_list=as_list)
                await transaction.documents.add(document, self._paper.written(sheet))
            _record(transaction, "allotment.noted", note)
            return NoteMade(note, seat_list)

        return await self._once(asked, house_id, wanted, act)

    async def hall_plan(self, asked: Asked[Document], house_id: str, wanted: WantedPaper) -> bytes | Refusal:
        """The hall with its seats marked."""

        async def act(transaction: TicketingTransaction, facts: PaperFacts) -> Document:
            number, now_ms = facts.allotment.allotment_id, transaction.now_ms
            document = self._document(facts, DocumentKind.HALL_PLAN, number, wanted, now_ms)
            own = (await transaction.paper_styles.get()).style
            sheet = plan_sheet(facts, own, document.language)
            await transaction.documents.add(document, self._paper.written(sheet))
            _record(transaction, "allotment.plan_drawn", document)
            return document

        return await self._once(asked, house_id, wanted, act)

    async def statement(self, asked: Asked[Document], house_id: str, wanted: WantedPaper) -> bytes | Refusal:
        """What became of it so far; final once it is closed (R1.12)."""

        async def act(transaction: TicketingTransaction, facts: PaperFacts) -> Document:
            allotment, now_ms = facts.allotment, transaction.now_ms
            left = await transaction.departures.later_than(allotment.performance_id, allotment.allotment_id, 0)
            number = f"{allotment.allotment_id}-{allotment.version}"
            document = self._document(facts, DocumentKind.STATEMENT, number, wanted, now_ms)
            own = (await transaction.paper_styles.get()).style
            sums = await transaction.office_sales.sums(allotment.office_id, [allotment.performance_id])
            sheet = statement_sheet(facts, own, document.language, number, now_ms, left, sums)
            await transaction.documents.add(document, self._paper.written(sheet))
            _record(transaction, "allotment.stated", document)
            return document

        return await self._once(asked, house_id, wanted, act)

    async def _once(
        self,
        asked: Asked[Made],
        house_id: str,
        wanted: WantedPaper,
        make: Callable[[TicketingTransaction, PaperFacts], Awaitable[Made]],
    ) -> bytes | Refusal:
        async def act(transaction: TicketingTransaction) -> Made | Refusal:
            facts = await self._facts.gather(house_id, wanted.performance_id, wanted.allotment_id)
            return facts if isinstance(facts, Refusal) else await make(transaction, facts)

        return await answer_once(self._store.transaction(house_id), house_id, asked, act)

    def _document(
        self, facts: PaperFacts, kind: DocumentKind, number: str, wanted: WantedPaper, now_ms: int
    ) -> Document:
        allotment = facts.allotment
        return Document(
            document_id=self._ids.new_id("doc"),
            kind=kind,
            number=number,
            performance_id=allotment.performance_id,
            allotment_id=allotment.allotment_id,
            office_id=allotment.office_id,
            language=facts.language(wanted.language),
            created_at_ms=now_ms,
            allotment_version=allotment.version,
        )


def _record(transaction: TicketingTransaction, act: str, document: Document) -> None:
    facts = {"document": document.document_id, "number": document.number}
    transaction.record_act(Act(act, "allotment", document.allotment_id, facts=facts))
