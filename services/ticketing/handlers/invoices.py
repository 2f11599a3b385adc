"""Invoices of orders: an order's documents follow from its state, however often and in whatever order it is looked at.

One invoice that counts, one credit note for each refund that is done. What is issued is numbered and written down in
one transaction, so numbers have no gaps.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import BinaryIO

from services.contracts.acts import Act
from services.contracts.countries import country_of
from services.contracts.house_time import local_of
from services.contracts.languages import LANGUAGES
from services.contracts.once import Asked, answer_once
from services.contracts.pages import AskedPage
from services.contracts.retention import locked_until_ms
from services.runtime.errors import Refusal
from services.runtime.ids import Ids
from services.runtime.seal import Seal
from services.ticketing.domain.invoice import (
    Invoice,
    InvoiceBuyer,
    InvoicedOrder,
    InvoiceKind,
    InvoiceLine,
    credited_lines,
    left_of,
)
from services.ticketing.domain.invoicing import Invoicing
from services.ticketing.domain.refusals import (
    BuyerUnknown,
    InvoiceDoesNotCount,
    InvoiceEmptied,
    InvoiceNotFound,
    InvoicingNotSet,
    OrderNotSold,
)
from services.ticketing.domain.show import Show
from services.ticketing.handlers.known_shows import KnownShows
from services.ticketing.handlers.sheets import invoice_sheet
from services.ticketing.paper.invoice import InvoicedShow, InvoicePaper
from services.ticketing.ports.orders_to_invoice import OrdersToInvoice
from services.ticketing.ports.paper import Paper
from services.ticketing.ports.readers import Readers
from services.ticketing.ports.store import TicketingStore
from services.ticketing.ports.transaction import TicketingTransaction


@dataclass(frozen=True, slots=True)
class WantedInvoice:
    """`buyer` None: as the house's customers know them, where a name is needed. `language` '': the buyer's."""

    order_id: str
    buyer: InvoiceBuyer | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class WantedCorrection:
    """Another name on what counts. `language` '': as before."""

    invoice_id: str
    buyer: InvoiceBuyer
    language: str = ""


@dataclass(frozen=True, slots=True)
class OrderDocuments:
    """What an order has: what counts, and the credit notes of it."""

    invoice: Invoice
    credit_notes: tuple[Invoice, ...] = ()


@dataclass(frozen=True, slots=True)
class Corrected:
    """What a correction made."""

    credit_note: Invoice
    invoice: Invoice


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is gathered before the transaction: whoever has a connection waits for nobody."""

    order: InvoicedOrder
    shows: dict[str, Show]
    known: InvoiceBuyer | None
    language: str

    @property
    def first(self) -> Show:
        return self.shows[self.order.lines[0].performance_id]


class InvoiceHandler:
    """Issues, corrects, lists."""

    def __init__(
        self,
        store: TicketingStore,
        orders: OrdersToInvoice,
        readers: Readers,
        shows: KnownShows,
        paper: Paper,
        ids: Ids,
        seal: Seal,
    ) -> None:
        self._store = store
        self._orders = orders
        self._readers = readers
        self._shows = shows
        self._paper = paper
        self._ids = ids
        self._seal = seal

    async def issue(self, asked: Asked[OrderDocuments], house_id: str, wanted: WantedInvoice) -> bytes | Refusal:
        """By somebody's hand. Raises NeighbourSilent."""
        facts = await self._gathered(house_id, wanted.order_id)
        if isinstance(facts, Refusal):
            return facts

        async def act(transaction: TicketingTransaction) -> OrderDocuments | Refusal:
            return await self._issued(transaction, facts, wanted.buyer, wanted.language)

        return await answer_once(self._store.transaction(house_id), house_id, asked, act)

    async def follow(self, house_id: str, order_id: str) -> None:
        """What an order's state asks for: nothing of what was never sold, or cost nothing. Raises NeighbourSilent."""
        facts = await self._gathered(house_id, order_id)
        if isinstance(facts, Refusal) or not facts.order.total_minor:
            return
        async with self._store.transaction(house_id) as transaction:
            made = await self._issued(transaction, facts, None, "", by_nobody=True)
            if not isinstance(made, Refusal):
                await transaction.commit()

    async def correct(self, asked: Asked[Corrected], house_id: str, wanted: WantedCorrection) -> bytes | Refusal:
        """Raises NeighbourSilent."""
        found = await self.get(house_id, wanted.invoice_id)
        if isinstance(found, Refusal):
            return found
        facts = await self._gathered(house_id, found.order_id)
        if isinstance(facts, Refusal):
            return facts

        async def act(transaction: TicketingTransaction) -> Corrected | Refusal:
            return await self._corrected(transaction, facts, wanted)

        return await answer_once(self._store.transaction(house_id), house_id, asked, act)

    async def get(self, house_id: str, invoice_id: str) -> Invoice | Refusal:
        """One document."""
        async with self._store.transaction(house_id) as transaction:
            return await transaction.invoices.get(invoice_id) or InvoiceNotFound(invoice_id)

    @asynccontextmanager
    async def drawn(self, house_id: str, invoice: Invoice) -> AsyncIterator[BinaryIO | Refusal]:
        """Its PDF in a file, gone with the block: of what was written down when it was issued. Raises PaperFailed."""
        async with self._store.transaction(house_id) as transaction:
            sealed = await transaction.invoices.sealed_sheet(invoice.invoice_id)
        if sealed is None:
            yield InvoiceEmptied(invoice.number)
            return
        async with self._paper.drawn(self._seal.opened(sealed)) as file:
            yield file

    async def page(self, house_id: str, order_id: str, asked: AskedPage) -> tuple[Sequence[Invoice], bool]:
        """The newest first, and whether there are more."""
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.invoices.page(order_id, asked.after, asked.size + 1)
        return found[: asked.size], len(found) > asked.size

    async def _gathered(self, house_id: str, order_id: str) -> _Facts | Refusal:
        order = await self._orders.order(house_id, order_id)
        if isinstance(order, Refusal):
            return order
        if not order.is_sold:
            return OrderNotSold(order_id)
        shows: dict[str, Show] = {}
        for performance_id in dict.fromkeys(line.performance_id for line in order.lines):
            show = await self._shows.show(house_id, performance_id)
            if isinstance(show, Refusal):
                return show
            shows[performance_id] = show
        reader = await self._readers.reader(house_id, order.customer_id) if order.customer_id else None
        if reader is None or isinstance(reader, Refusal):  # nobody wrote them down, or they were erased
            return _Facts(order, shows, None, LANGUAGES[0])
        language = reader.language if reader.language in LANGUAGES else LANGUAGES[0]
        return _Facts(order, shows, InvoiceBuyer(reader.name), language)

    async def _issued(
        self,
        transaction: TicketingTransaction,
        facts: _Facts,
        named: InvoiceBuyer | None,
        language: str,
        *,
        by_nobody: bool = False,
    ) -> OrderDocuments | Refusal:
        seller = (await transaction.invoices.invoicing()).invoicing
        if not seller.legal_name:
            return InvoicingNotSet()
        await transaction.invoices.lock_order(facts.order.order_id)
        there = await transaction.invoices.of_order(facts.order.order_id)
        counting = _counting(there)
        if counting is None:
            kind = seller.kind_for(facts.order.total_minor, has_buyer=named is not None)
            buyer = None if kind is InvoiceKind.RECEIPT else named or facts.known
            if kind is InvoiceKind.INVOICE and buyer is None:
                return BuyerUnknown(facts.order.order_id)
            counting = await self._add(
                transaction,
                facts,
                seller,
                self._draft(kind, facts, facts.order.lines, language or facts.language, transaction.now_ms),
                buyer,
            )
            self._told(transaction, "invoice.issued", counting, by_nobody=by_nobody)
        notes = [one for one in there if one.kind is InvoiceKind.CREDIT_NOTE and one.corrects == counting.invoice_id]
        for refund in facts.order.refunds:
            if any(one.refund_id == refund.refund_id for one in there):
                continue
            taken = [line for note in notes for line in note.lines]
            lines = credited_lines(counting.lines, taken, refund)
            draft = self._draft(InvoiceKind.CREDIT_NOTE, facts, lines, counting.language, transaction.now_ms)
            note = replace(draft, corrects=counting.invoice_id, refund_id=refund.refund_id)
            notes.append(await self._add(transaction, facts, seller, note, None, corrects=counting.number))
            self._told(transaction, "invoice.credited", notes[-1], by_nobody=by_nobody)
        return OrderDocuments(counting, tuple(notes))

    async def _corrected(
        self, transaction: TicketingTransaction, facts: _Facts, wanted: WantedCorrection
    ) -> Corrected | Refusal:
        issued = await self._issued(transaction, facts, None, "")
        if isinstance(issued, Refusal):
            return issued
        counting, notes = issued.invoice, issued.credit_notes
        left = left_of(counting.lines, [line for note in notes for line in note.lines])
        if counting.invoice_id != wanted.invoice_id or not left:
            there = await transaction.invoices.get(wanted.invoice_id)
            return InvoiceDoesNotCount(there.number if there else wanted.invoice_id)
        seller = (await transaction.invoices.invoicing()).invoicing
        now_ms, language = transaction.now_ms, wanted.language or counting.language
        back = self._draft(InvoiceKind.CREDIT_NOTE, facts, left, counting.language, now_ms)
        back = replace(back, corrects=counting.invoice_id)
        anew = self._draft(InvoiceKind.INVOICE, facts, left, language, now_ms)
        await transaction.invoices.replace(counting.invoice_id, anew.invoice_id)
        back = await self._add(transaction, facts, seller, back, None, corrects=counting.number)
        anew = await self._add(transaction, facts, seller, anew, wanted.buyer)
        self._told(transaction, "invoice.corrected", anew)
        return Corrected(back, anew)

    def _draft(
        self, kind: InvoiceKind, facts: _Facts, lines: Sequence[InvoiceLine], language: str, now_ms: int
    ) -> Invoice:
        order = facts.order
        return Invoice(
            self._ids.new_id("inv"), kind, "", order.order_id, order.currency, language, now_ms, tuple(lines)
        )

    async def _add(
        self,
        transaction: TicketingTransaction,
        facts: _Facts,
        seller: Invoicing,
        draft: Invoice,
        buyer: InvoiceBuyer | None,
        corrects: str = "",
    ) -> Invoice:
        """With the next number of the house's year, which others wait for until this commits."""
        zone = facts.first.time_zone
        year = local_of(zone, draft.issued_at_ms).year
        count = await transaction.invoices.next_number(year)
        invoice = replace(draft, number=seller.number(year, count), has_buyer=buyer is not None)
        own = (await transaction.paper_styles.get()).style
        shows = tuple(
            InvoicedShow(name, show.title, show.starts_at_ms, show.hall_name) for name, show in facts.shows.items()
        )
        sheet = invoice_sheet(facts.first, own, InvoicePaper(invoice, seller, shows, buyer, corrects))
        until_ms = locked_until_ms(country_of(zone), zone, draft.issued_at_ms)
        sealed = self._seal.sealed(self._paper.written(sheet))
        await transaction.invoices.add(invoice, (year, count), sealed, until_ms)
        return invoice

    @staticmethod
    def _told(transaction: TicketingTransaction, act: str, invoice: Invoice, *, by_nobody: bool = False) -> None:
        """What the house does by itself, for every order, is no act of anybody's."""
        if not by_nobody:
            facts = {"invoice": invoice.invoice_id, "number": invoice.number}
            transaction.record_act(Act(act, "order", invoice.order_id, facts=facts))


def _counting(there: Sequence[Invoice]) -> Invoice | None:
    return next((one for one in there if one.kind is not InvoiceKind.CREDIT_NOTE and not one.replaced_by), None)
