"""The endpoints of one house."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.contracts.pages import AskedPage
from services.integrations.webhooks.domain.endpoint import Endpoint


class Endpoints(Protocol):
    """Rows of one house; secrets go in here and come out where deliveries are signed only."""

    async def find(self, endpoint_id: str) -> Endpoint | None:
        """As it stands."""
        ...

    async def lock(self, endpoint_id: str) -> Endpoint | None:
        """The same, until the transaction ends."""
        ...

    async def count(self) -> int:
        """Those that were not archived, counted by one transaction of the house at a time."""
        ...

    async def page(self, asked: AskedPage, *, archived: bool) -> Sequence[Endpoint]:
        """One more than asked for where there are more; in the order in which they were made."""
        ...

    async def add(self, endpoint: Endpoint, secret: str) -> None:
        """A new one."""
        ...

    async def save(self, endpoint: Endpoint) -> None:
        """A changed one."""
        ...

    async def rotate(self, endpoint: Endpoint, secret: str) -> None:
        """A changed one with a new secret; the one before counts until `former_secret_until_ms`."""
        ...
