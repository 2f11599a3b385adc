"""Tickets of orders: one for each seat that was sold, the same again however often the saga asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.contracts.ticket_codes import CodeFacts
from services.runtime.errors import Refusal
from services.runtime.ids import Ids
from services.runtime.signing_keys.rotation import SigningKey
from services.ticketing.domain.refusals import OrderEnded, SeatHasTicket
from services.ticketing.domain.ticket import SeatOfTicket, Ticket, TicketSource
from services.ticketing.domain.wanted_tickets import Issued, WantedTickets
from services.ticketing.handlers.signing_keys import KeyRing
from services.ticketing.ports.store import TicketingStore
from services.ticketing.ports.transaction import TicketingTransaction


class OrderTicketHandler:
    """Several orders share one transaction; one that is refused costs the others nothing."""

    def __init__(self, store: TicketingStore, keys: KeyRing, ids: Ids) -> None:
        self._store = store
        self._keys = keys
        self._ids = ids

    async def issue(self, house_id: str, wanted: Sequence[WantedTickets]) -> list[Issued | Refusal]:
        """For each of them its tickets, or why it gets none."""
        # Before the transaction: whoever has one connection and waits for another keeps it from somebody.
        key = await self._keys.signing_key()
        async with self._store.transaction(house_id) as transaction:
            order_ids = {one.order_id for one in wanted}
            await transaction.tickets.lock(order_ids)
            ended = await transaction.tickets.ended_orders(order_ids)
            live = [one for one in wanted if one.order_id not in ended]
            have = _by_seat(await transaction.tickets.valid_of_orders({one.order_id for one in live}))
            missing = {one.order_id for one in live if not _has_all(one, have)}
            if missing:
                # A late copy of a request finds tickets gone that the house has cancelled since.
                ended |= await transaction.tickets.cut_orders(missing)
                live = [one for one in live if one.order_id not in ended]
            made = self._made(key, live, have, transaction.now_ms)
            left_out = await transaction.tickets.add(made)
            answers = [_answer(one, ended, have | _by_seat(made), left_out) for one in wanted]
            kept = await _without_the_refused(transaction, made, left_out, answers)
            transaction.tell_issued(kept)
            await transaction.commit()
        return answers

    async def standing(self, house_id: str, order_id: str) -> Sequence[Ticket]:
        """Those of the order that let in, whoever holds them."""
        async with self._store.transaction(house_id) as transaction:
            return await transaction.tickets.valid_of_orders([order_id])

    def _made(
        self,
        key: SigningKey,
        wanted: Sequence[WantedTickets],
        have: Mapping[tuple[str, str, str], Ticket],
        now_ms: int,
    ) -> list[Ticket]:
        missing = [
            (one, seat)
            for one in wanted
            for seat in one.seats
            if (one.order_id, one.performance_id, seat.seat_id) not in have
        ]
        facts = [
            CodeFacts(key.key_id, self._ids.new_id("tkt"), one.performance_id, seat.seat_id) for one, seat in missing
        ]
        codes = self._keys.signed(key, facts)
        return [
            _ticket(one, seat, fact.ticket_id, code, now_ms)
            for (one, seat), fact, code in zip(missing, facts, codes, strict=True)
        ]


def _ticket(wanted: WantedTickets, seat: SeatOfTicket, ticket_id: str, code: str, now_ms: int) -> Ticket:
    source = TicketSource(order_id=wanted.order_id, as_of=wanted.paid_at_ms)
    return Ticket(ticket_id, wanted.performance_id, source, seat, code, now_ms)


def _by_seat(tickets: Sequence[Ticket]) -> dict[tuple[str, str, str], Ticket]:
    return {(one.source.order_id, one.performance_id, one.seat.seat_id): one for one in tickets}


def _has_all(wanted: WantedTickets, have: Mapping[tuple[str, str, str], Ticket]) -> bool:
    return all((wanted.order_id, wanted.performance_id, seat.seat_id) in have for seat in wanted.seats)


def _answer(
    wanted: WantedTickets, ended: set[str], known: Mapping[tuple[str, str, str], Ticket], left_out: set[str]
) -> Issued | Refusal:
    if wanted.order_id in ended:
        return OrderEnded(wanted.order_id)
    tickets = tuple(known[wanted.order_id, wanted.performance_id, seat.seat_id] for seat in wanted.seats)
    taken = tuple(ticket.seat.seat_id for ticket in tickets if ticket.ticket_id in left_out)
    return SeatHasTicket(taken) if taken else Issued(tickets)


async def _without_the_refused(
    transaction: TicketingTransaction, made: Sequence[Ticket], left_out: set[str], answers: Sequence[Issued | Refusal]
) -> list[Ticket]:
    """An order has all of its tickets or none: what it got before one of its seats was refused goes back."""
    given = {ticket.ticket_id for answer in answers if isinstance(answer, Issued) for ticket in answer.tickets}
    added = [ticket for ticket in made if ticket.ticket_id not in left_out]
    await transaction.tickets.remove([ticket.ticket_id for ticket in added if ticket.ticket_id not in given])
    return [ticket for ticket in added if ticket.ticket_id in given]
