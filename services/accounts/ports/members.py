"""Rows of memberships, inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.accounts.domain.membership import Membership
from services.contracts.pages import Place


class Members(Protocol):
    """Any call may raise StoreUnavailable."""

    async def add(self, membership: Membership) -> bool:
        """False: the person is a member already."""
        ...

    async def of_person(self, person_id: str) -> Sequence[Membership]:
        """In all houses, by house id."""
        ...

    async def of_house(self, house_id: str) -> Sequence[Membership]:
        """All of them, by person id."""
        ...

    async def page_of_house(self, house_id: str, after: Place | None, limit: int) -> Sequence[Membership]:
        """By the time they joined, then person id."""
        ...

    async def save(self, membership: Membership) -> None: ...

    async def remove(self, house_id: str, person_id: str) -> None: ...
