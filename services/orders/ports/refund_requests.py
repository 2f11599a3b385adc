"""The record of what buyers ask back."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from services.contracts.pages import Place
from services.orders.domain.refund_request import RefundRequest, RequestState
from services.orders.ports.refund_requests_transaction import RefundRequestsTransaction


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """Which requests of a house, the newest first, after a place."""

    house_id: str
    performance_id: str = ""
    order_id: str = ""
    states: frozenset[RequestState] = frozenset()
    after: Place | None = None
    limit: int = 100


class RefundRequests(Protocol):
    """See the module."""

    def transaction(self, house_id: str) -> AbstractAsyncContextManager[RefundRequestsTransaction]:
        """Of one house."""
        ...

    async def get(self, house_id: str, refund_request_id: str) -> RefundRequest | None: ...

    async def page(self, wanted: RequestFilter) -> Sequence[RefundRequest]:
        """The newest first."""
        ...

    async def purge_keys(self, created_before_ms: int, limit: int) -> int:
        """Forgets old keys; returns how many."""
        ...
