"""The record of customers, of one house."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from services.contracts.pages import Place
from services.customers.domain.customer import Customer


class Customers(Protocol):
    """Ids of customers that were merged into others lead to those."""

    async def find(self, customer_id: str) -> Customer | None:
        """As it stands."""
        ...

    async def lock(self, customer_id: str) -> Customer | None:
        """The same, until the transaction ends: what is told of one customer takes turns."""
        ...

    async def by_keys(self, email_keys: Sequence[str], *, lock: bool = False) -> Mapping[str, Customer]:
        """Who has these addresses; locked as by lock() where that is said."""
        ...

    async def resolve(self, customer_ids: Sequence[str]) -> Mapping[str, str]:
        """Which customers these ids lead to; those that lead nowhere are left out."""
        ...

    async def add(self, customers: Sequence[Customer]) -> Mapping[str, Customer]:
        """Adds those whose address nobody has, and tells them by it; the others are there already."""
        ...

    async def save(self, customer: Customer) -> bool:
        """False: another customer has the address."""
        ...

    async def page(self, after: Place | None, limit: int) -> Sequence[Customer]:
        """In the order in which they were made."""
        ...

    async def merge(self, customer_id: str, merged_customer_id: str) -> None:
        """From now on the second id leads to the first; its record is gone."""
        ...

    async def ids_of(self, customer_id: str) -> Sequence[str]:
        """The customer's own and those that lead to it."""
        ...

    async def remove(self, customer_id: str) -> None:
        """The person is gone, with every id that led to it."""
        ...
