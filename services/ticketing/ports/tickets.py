"""Rows of tickets, inside one transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from services.ticketing.domain.ticket import Revocation, Ticket, TicketSource, VoidReason


class Tickets(Protocol):
    """Any call may raise StoreUnavailable."""

    async def lock(self, sources: Collection[str]) -> None:
        """Orders and allotments by their ids: who else locks one of them waits until the transaction ends."""
        ...

    async def ended_orders(self, order_ids: Collection[str]) -> set[str]:
        """Those of them whose money goes back."""
        ...

    async def end_orders(self, order_ids: Collection[str]) -> None:
        """Their money goes back: they get no tickets any more."""
        ...

    async def cut_orders(self, order_ids: Collection[str]) -> set[str]:
        """Those of them of which the house has cancelled a ticket: they were issued once, and are not again."""
        ...

    async def valid_of_orders(self, order_ids: Collection[str]) -> Sequence[Ticket]:
        """The tickets of these orders that let in."""
        ...

    async def of_order(self, order_id: str) -> Sequence[Ticket]:
        """All tickets that the order has or had."""
        ...

    async def holders_of(self, performance_id: str) -> Sequence[tuple[str, str]]:
        """Orders that have tickets there that let in, each with a holder of some: a customer, or '' for its buyer."""
        ...

    async def by_id(self, ticket_ids: Collection[str]) -> Sequence[Ticket]:
        """Those of them that there are, void or not."""
        ...

    async def add(self, tickets: Sequence[Ticket]) -> set[str]:
        """Adds those whose seat has no other valid ticket; returns the ids of the others, which were not added."""
        ...

    async def remove(self, ticket_ids: Collection[str]) -> None:
        """Takes back tickets that this transaction has added."""
        ...

    async def find(self, performance_id: str, ticket_id: str) -> Ticket | None: ...

    async def find_foreign(self, performance_id: str, code: str) -> Ticket | None:
        """The newest ticket with that code of another system."""
        ...

    async def valid_of_source(self, performance_id: str, source: TicketSource) -> Sequence[Ticket]:
        """The tickets that let in of the source's order or allotment."""
        ...

    async def void(self, performance_id: str, ticket_ids: Sequence[str], reason: VoidReason) -> Sequence[Ticket]:
        """They let nobody in from now on, and are in the performance's list; those that did until now."""
        ...

    async def rename(self, ticket_id: str, sealed_name: bytes) -> None:
        """Who is to sit there; empty: whoever holds it."""
        ...

    async def follow_merge(self, former_id: str, customer_id: str) -> None:
        """What was the former customer's is the other's: both records were of one person."""
        ...

    async def of_customers(self, customer_ids: Collection[str]) -> Sequence[Ticket]:
        """Tickets that they were passed, and those with a name that they bought and nobody was passed."""
        ...

    async def forget_names(self, customer_id: str) -> None:
        """Of tickets that the customer bought or holds; and other addresses that letters of theirs go to."""
        ...

    async def revocations(self, performance_id: str, after: int, limit: int) -> tuple[Sequence[Revocation], int]:
        """Those after a number, and the last number there is."""
        ...
