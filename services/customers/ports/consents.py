"""The questions of one house."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.customers.domain.consent import Consent


class Consents(Protocol):
    """What is asked."""

    async def find(self, consent_id: str) -> Consent | None:
        """As it stands."""
        ...

    async def lock(self, consent_id: str) -> Consent | None:
        """The same, until the transaction ends."""
        ...

    async def all(self, *, archived: bool) -> Sequence[Consent]:
        """By position; `archived`: those that nobody is asked any more, too."""
        ...

    async def add(self, consent: Consent) -> None:
        """A new one."""
        ...

    async def save(self, consent: Consent) -> None:
        """A changed one; its texts are kept in each version."""
        ...
