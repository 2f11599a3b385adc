"""What a delivery needs to know of its endpoint, and what it tells of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.integrations.webhooks.domain.endpoint import Endpoint


@dataclass(frozen=True, slots=True)
class Signing:
    """An endpoint with the secrets that count now, the newest first."""

    endpoint: Endpoint
    secrets: Sequence[str] = field(repr=False)


class EndpointWatch(Protocol):
    """Knows how endpoints fare."""

    async def signing(self, house_id: str, endpoint_id: str) -> Signing | None:
        """As it was a moment ago at the most; None: there is none."""
        ...

    async def took(self, endpoint: Endpoint) -> None:
        """It answered 2xx."""
        ...

    async def failed(self, endpoint: Endpoint) -> None:
        """It did not take what it was sent: disabled once that has gone on for too long."""
        ...

    async def gone(self, endpoint: Endpoint) -> None:
        """It answered 410: disabled at once."""
        ...


class Signings(Protocol):
    """What is kept of endpoints for those who deliver. Every call may raise StoreUnavailable."""

    async def signing(self, house_id: str, endpoint_id: str) -> Signing | None:
        """As it is now; None: there is none."""
        ...

    async def mark(self, house_id: str, endpoint_id: str, failing_since_ms: int) -> None:
        """Notes that it fails since then, if it did not already; 0: that it does not."""
        ...
