"""The record of payments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from services.payments.domain.payment import Payment
from services.payments.domain.transitions import Decision
from services.payments.ports.provider import WebhookEvent


class PaymentStore(Protocol):
    """The record of payments. Every change and the events it publishes are one transaction."""

    async def record(self, payment: Payment) -> Payment:
        """Stores a new payment; answers what is recorded under its house and key, which may be an earlier one."""
        ...

    async def record_charged(self, payment: Payment) -> Payment:
        """As record, of one that vouchers pay: what its charges say is reserved in the same transaction.

        It has succeeded where nothing is left for a provider. Where a voucher cannot pay what it was to pay, the
        payment is recorded as FAILED and nothing is reserved: asked again under its key, it will never be made.
        """
        ...

    async def find(self, house_id: str, payment_id: str) -> Payment | None:
        """The payment, if the house has it."""
        ...

    async def find_by_key(self, house_id: str, idempotency_key: str) -> Payment | None:
        """The payment recorded under the caller's key."""
        ...

    async def payment_refunded_under(self, house_id: str, refund_key: str) -> str | None:
        """The id of the payment whose refund was asked for under this key."""
        ...

    async def change(
        self,
        house_id: str,
        payment_id: str,
        decide: Callable[[Payment], Decision],
        *,
        visited: bool = False,
        settles: Sequence[WebhookEvent] = (),
        known: Payment | None = None,
    ) -> tuple[Payment, Decision] | None:
        """Locks the payment, asks `decide`, stores and publishes its changes and the next attempt; None when unknown.

        `decide` may be asked more than once: with `known`, what the caller read last, or with what this process wrote
        last, it is first tried without the lock. `visited` counts a visit to the provider. The events in `settles` are
        stored as worked off in the same transaction, whether they are in the inbox already or not.
        """
        ...

    async def stuck_page(self, house_id: str, after_payment_id: str, limit: int) -> Sequence[Payment]:
        """A house's payments with a refund that is stuck, by id."""
        ...

    async def lease_due(self, limit: int, lease_seconds: float) -> Sequence[Payment]:
        """Up to `limit` payments whose next attempt is due; no other process gets them until the lease ends."""
        ...

    async def count_uncertain(self) -> int:
        """Payments that a provider did not answer for."""
        ...

    async def count_waiting_for_people(self) -> tuple[int, int]:
        """Refunds that are stuck, and disputes that are open."""
        ...
