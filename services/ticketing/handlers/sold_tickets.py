"""What becomes of tickets that were sold: sent again, another name on one, another person's.

By the hand of staff each is an act of the house; whoever holds a ticket is bound by the house's rules.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from services.contracts.acts import Act
from services.contracts.once import Asked, answer_once
from services.contracts.pages import AskedPage
from services.contracts.ticket_codes import CodeFacts
from services.runtime.errors import Refusal
from services.runtime.ids import Ids
from services.runtime.seal import Seal
from services.ticketing.domain.delivery import (
    MOST_AGAIN_A_DAY,
    Delivery,
    DeliveryKind,
    DeliveryState,
    Occasion,
)
from services.ticketing.domain.holder_rules import HolderRules
from services.ticketing.domain.sold_order import SoldOrder
from services.ticketing.domain.sold_ticket_refusals import (
    NothingToSend,
    SentTooOften,
    TicketAskedBack,
    TicketInExchange,
    TicketIsTheirs,
    TicketIsVoid,
    TicketNotFound,
    TransferredTooOften,
)
from services.ticketing.domain.ticket import Ticket, VoidReason
from services.ticketing.handlers.signing_keys import KeyRing
from services.ticketing.ports.readers import Readers
from services.ticketing.ports.sold_orders import SoldOrders
from services.ticketing.ports.store import TicketingStore
from services.ticketing.ports.transaction import TicketingTransaction

_DAY_MS: Final = 86_400_000
_HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class NewHolder:
    """Whom a ticket is passed on to."""

    name: str = field(repr=False)
    email: str = field(repr=False)
    language: str


@dataclass(frozen=True, slots=True)
class Held:
    """Whoever holds a ticket of the order, and what the house lets them do."""

    order_id: str
    holder_id: str
    rules: HolderRules


class SoldTicketHandler:
    """Stateless. Letters that become due here leave when due ones are looked for the next time."""

    def __init__(
        self, store: TicketingStore, keys: KeyRing, orders: SoldOrders, readers: Readers, seal: Seal, ids: Ids
    ) -> None:
        self._store = store
        self._keys = keys
        self._orders = orders
        self._readers = readers
        self._seal = seal
        self._ids = ids

    async def page(
        self, house_id: str, order_id: str, states: Sequence[DeliveryState], asked: AskedPage
    ) -> tuple[Sequence[Delivery], bool]:
        """The newest first, and whether there are more."""
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.deliveries.page(asked.after, asked.size + 1, order_id, states)
        return found[: asked.size], len(found) > asked.size

    async def of_customers(
        self, house_id: str, customer_ids: Sequence[str]
    ) -> tuple[Sequence[tuple[Ticket, str]], Sequence[tuple[Delivery, str]]]:
        """What is kept of a person: tickets with the names on them, and letters with where else they go."""
        async with self._store.transaction(house_id) as transaction:
            tickets = await transaction.tickets.of_customers(customer_ids)
            letters = await transaction.deliveries.of_customers(customer_ids)
        return (
            [(one, self._opened(one.sealed_name)) for one in tickets],
            [(one, self._opened(one.sealed_email)) for one in letters],
        )

    def _opened(self, sealed: bytes) -> str:
        return self._seal.opened(sealed).decode() if sealed else ""

    async def send_own(self, asked: Asked[Delivery], house_id: str, held: Held) -> bytes | Refusal:
        """To whoever holds the ticket, at the address that is on file."""

        async def act(transaction: TicketingTransaction) -> Delivery | Refusal:
            order_id, holder_id = held.order_id, held.holder_id
            await transaction.tickets.lock([order_id])
            tickets = await transaction.tickets.valid_of_orders([order_id])
            if not any(one.holder_id == holder_id for one in tickets):
                return NothingToSend(order_id)
            if refused := await _sent_too_often(transaction, order_id, held):
                return refused
            line = self._line(transaction, order_id, DeliveryKind.AGAIN, customer_id=holder_id)
            await transaction.deliveries.plan([line])
            return line

        return await answer_once(self._store.transaction(house_id), house_id, asked, act)

    async def send_again(self, asked: Asked[Delivery], house_id: str, order_id: str, email: str) -> bytes | Refusal:
        """`email` '': to whoever bought."""

        async def act(transaction: TicketingTransaction) -> Delivery | Refusal:
            # Two at once are counted one after the other.
            await transaction.tickets.lock([order_id])
            tickets = await transaction.tickets.valid_of_orders([order_id])
            if not any(not one.holder_id for one in tickets):
                return NothingToSend(order_id)
            if await transaction.deliveries.count_again(order_id, transaction.now_ms - _DAY_MS) >= MOST_AGAIN_A_DAY:
                return SentTooOften(order_id, MOST_AGAIN_A_DAY, _HOUR_MS)
            sealed = self._seal.sealed(email.encode()) if email else b""
            line = self._line(transaction, order_id, DeliveryKind.AGAIN, sealed_email=sealed)
            await transaction.deliveries.plan([line])
            facts = {"delivery": line.delivery_id, "to": "another address" if email else "the buyer"}
            transaction.record_act(Act("tickets.sent_again", "order", order_id, facts=facts))
            return line

        return await answer_once(self._store.transaction(house_id), house_id, asked, act)

    async def rename(
        self, asked: Asked[Ticket], house_id: str, ticket_id: str, name: str, by: Held | None = None
    ) -> bytes | Refusal:
        """The code knows no name: it stays, and the letter brings the ticket with the new one. `by` None: staff.

        Raises NeighbourSilent.
        """
        order = await self._order_of(house_id, ticket_id)
        if isinstance(order, Refusal):
            return order

        async def act(transaction: TicketingTransaction) -> Ticket | Refusal:
            ticket = await _locked(transaction, ticket_id)
            if isinstance(ticket, Refusal):
                return ticket
            if refused := _in_exchange(ticket, order):
                return refused
            sealed = self._seal.sealed(name.encode()) if name else b""
            order_id = ticket.source.order_id
            if by is not None and (often := await _sent_too_often(transaction, order_id, by)):
                return often
            await transaction.tickets.rename(ticket_id, sealed)
            line = self._line(
                transaction, order_id, DeliveryKind.CHANGED, customer_id=ticket.holder_id, ticket_ids=(ticket_id,)
            )
            await transaction.deliveries.plan([line])
            if by is None:
                facts = {"order": order_id, "named": str(bool(name)).lower()}
                transaction.record_act(Act("ticket.renamed", "ticket", ticket_id, facts=facts))
            return ticket

        return await answer_once(self._store.transaction(house_id), house_id, asked, act)

    async def transfer(
        self, asked: Asked[Ticket], house_id: str, ticket_id: str, holder: NewHolder, by: Held | None = None
    ) -> bytes | Refusal:
        """Raises NeighbourSilent. Who it is, and who bought, is asked first: repeated, both are answered the same."""
        order = await self._order_of(house_id, ticket_id)
        if isinstance(order, Refusal):
            return order
        customer_id = await self._readers.identified(house_id, ticket_id, holder.name, holder.email, holder.language)
        if isinstance(customer_id, Refusal):
            return customer_id
        # Who gets back what they had bought holds it as its buyer.
        new_holder = "" if customer_id == order.customer_id else customer_id
        asked_back = await self._orders.asked_back(house_id, order.order_id)
        key = await self._keys.signing_key()

        async def act(transaction: TicketingTransaction) -> Ticket | Refusal:
            ticket = await _locked(transaction, ticket_id)
            if isinstance(ticket, Refusal):
                return ticket
            if ticket.holder_id == new_holder:
                return TicketIsTheirs(ticket_id, customer_id)
            if request_id := asked_back.get((ticket.performance_id, ticket.seat.seat_id)):
                return TicketAskedBack(ticket_id, request_id)
            if refused := _in_exchange(ticket, order):
                return refused
            if by is not None and (often := await _transferred_too_often(transaction, ticket, by)):
                return often
            facts = CodeFacts(key.key_id, self._ids.new_id("tkt"), ticket.performance_id, ticket.seat.seat_id)
            [code] = self._keys.signed(key, [facts])
            new = dataclasses.replace(
                ticket,
                ticket_id=facts.ticket_id,
                code=code,
                issued_at_ms=transaction.now_ms,
                holder_id=new_holder,
                sealed_name=b"",
            )
            await self._exchange(transaction, ticket, new)
            if by is None:
                told = {"order": order.order_id, "new_ticket": new.ticket_id, "customer": new.holder_id or "the buyer"}
                transaction.record_act(Act("ticket.transferred", "ticket", ticket.ticket_id, facts=told))
            return new

        return await answer_once(self._store.transaction(house_id), house_id, asked, act)

    async def _order_of(self, house_id: str, ticket_id: str) -> SoldOrder | Refusal:
        """As orders knows it, asked before anything is locked here."""
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.tickets.by_id([ticket_id])
        if not found or not found[0].source.order_id:
            return TicketNotFound(ticket_id)
        return await self._orders.order(house_id, found[0].source.order_id)

    async def _exchange(self, transaction: TicketingTransaction, old: Ticket, new: Ticket) -> None:
        """One is void and the other lets in, at the same moment; both people are told."""
        reason, order_id = VoidReason.TRANSFERRED, old.source.order_id
        transaction.tell_voided(await transaction.tickets.void(old.performance_id, [old.ticket_id], reason), reason)
        left_out = await transaction.tickets.add([new])
        assert not left_out, "the seat's only ticket is void, and its order is locked"
        transaction.tell_issued([new])
        told = (
            (DeliveryKind.RECEIVED, new.holder_id, new.ticket_id),
            (DeliveryKind.PASSED_ON, old.holder_id, old.ticket_id),
        )
        await transaction.deliveries.plan(
            [
                self._line(transaction, order_id, kind, customer_id=customer_id, ticket_ids=(ticket_id,))
                for kind, customer_id, ticket_id in told
            ]
        )

    def _line(
        self,
        transaction: TicketingTransaction,
        order_id: str,
        kind: DeliveryKind,
        *,
        customer_id: str = "",
        ticket_ids: tuple[str, ...] = (),
        sealed_email: bytes = b"",
    ) -> Delivery:
        """Each act is an occasion of its own."""
        delivery_id, now_ms = self._ids.new_id("dlv"), transaction.now_ms
        return Delivery(
            delivery_id,
            Occasion(order_id, kind, now_ms, delivery_id),
            customer_id,
            ticket_ids,
            due_at_ms=now_ms,
            created_at_ms=now_ms,
            sealed_email=sealed_email,
        )


def _in_exchange(ticket: Ticket, order: SoldOrder) -> TicketInExchange | None:
    """Whoever had it then would have a void one soon, and the new order would be paid with what is another's."""
    new_order_id = order.in_exchange.get((ticket.performance_id, ticket.seat.seat_id))
    return TicketInExchange(ticket.ticket_id, new_order_id) if new_order_id else None


async def _sent_too_often(transaction: TicketingTransaction, order_id: str, by: Held) -> SentTooOften | None:
    """Letters that holders have made go within a day; the order is locked."""
    kinds = (DeliveryKind.AGAIN, DeliveryKind.CHANGED)
    sent = await transaction.deliveries.count_again(order_id, transaction.now_ms - _DAY_MS, kinds)
    most = by.rules.most_letters_a_day
    return SentTooOften(order_id, most, _HOUR_MS) if sent >= most else None


async def _transferred_too_often(
    transaction: TicketingTransaction, ticket: Ticket, by: Held
) -> TransferredTooOften | None:
    """How often the seat's ticket has changed hands; the order is locked."""
    before = [
        one
        for one in await transaction.tickets.of_order(ticket.source.order_id)
        if one.void_reason is VoidReason.TRANSFERRED
        and (one.performance_id, one.seat.seat_id) == (ticket.performance_id, ticket.seat.seat_id)
    ]
    most = by.rules.most_transfers
    return TransferredTooOften(ticket.source.order_id, ticket.seat.seat_id, most) if len(before) >= most else None


async def _locked(transaction: TicketingTransaction, ticket_id: str) -> Ticket | Refusal:
    """The ticket, its order locked: whoever else changes one of the order's tickets waits."""
    seen = await transaction.tickets.by_id([ticket_id])
    if not seen or not seen[0].source.order_id:
        return TicketNotFound(ticket_id)
    await transaction.tickets.lock([seen[0].source.order_id])
    # Once more under the lock: what was read before it may have changed.
    [ticket] = await transaction.tickets.by_id([ticket_id])
    return ticket if ticket.void_reason is None else TicketIsVoid(ticket_id, ticket.void_reason.value)
