"""The inbox of what providers tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.payments.ports.provider import WebhookEvent, WebhookEventPage


@dataclass(frozen=True, slots=True)
class LeasedWebhookEvent:
    """A webhook event this process works on until its lease ends."""

    account: str
    event: WebhookEvent
    attempts: int


class WebhookEventStore(Protocol):
    """The inbox of providers' webhook events. `account`: whose they are, see PaymentProvider.account."""

    async def add(self, account: str, event: WebhookEvent, lease_seconds: float) -> bool:
        """Stores a event, leased to the caller; False when it is stored already."""
        ...

    async def lease(self, limit: int, lease_seconds: float) -> Sequence[LeasedWebhookEvent]:
        """Up to `limit` events of any account that nobody has worked off, for no other process until the lease ends."""
        ...

    async def settle(self, account: str, events: Sequence[WebhookEvent], outcome: str) -> None:
        """Marks events as worked off that changed no payment of ours."""
        ...

    async def postpone(self, account: str, events: Sequence[WebhookEvent], until_ms: int) -> None:
        """The provider did not answer: look again then."""
        ...

    async def begin_listing(self, account: str, interval_seconds: float) -> str | None:
        """The cursor to list after, None when it was listed less than `interval_seconds` ago by any process."""
        ...

    async def end_listing(self, account: str, page: WebhookEventPage) -> int:
        """Stores a page's events and its cursor together; answers how many were new."""
        ...

    async def purge(self, settled_before_ms: int, limit: int) -> int:
        """Deletes up to `limit` events that were worked off before then, the oldest first; answers how many."""
        ...
