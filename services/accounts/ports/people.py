"""Rows of people, inside one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from services.accounts.domain.person import Person
from services.contracts.email_addresses import EmailAddress


class People(Protocol):
    """Any call may raise StoreUnavailable."""

    async def add(self, person: Person) -> bool:
        """False: somebody has the address."""
        ...

    async def find(self, person_id: str) -> Person | None: ...

    async def find_many(self, person_ids: Sequence[str]) -> Mapping[str, Person]:
        """By id."""
        ...

    async def find_by_email(self, email: EmailAddress) -> Person | None: ...

    async def lock(self, person_id: str) -> Person | None:
        """The person, locked until the transaction ends."""
        ...

    async def save(self, person: Person) -> bool:
        """Of a locked person. False: somebody else has the address."""
        ...
