"""One transaction on what buyers ask back."""

from __future__ import annotations

from typing import Protocol

from services.contracts.acts import Act as LogAct
from services.contracts.once import RecordedAnswer
from services.orders.domain.refund_request import RefundRequest
from services.orders.ports.order_store import Act, Changed, OrderRef
from services.runtime.errors import Refusal


class RefundRequestsTransaction(Protocol):
    """What commits together: requests, orders, events, acts. Without commit() nothing happened."""

    @property
    def now_ms(self) -> int:
        """When it began, unix milliseconds."""
        ...

    async def change_order(self, ref: OrderRef, act: Act) -> Changed | Refusal | None:
        """Runs the act on the order under its lock, which is held until the transaction ends; None: no such order."""
        ...

    async def lock(self, refund_request_id: str) -> RefundRequest | None:
        """Whoever else decides about it waits."""
        ...

    async def add(self, request: RefundRequest) -> str:
        """Keeps a new one and tells of it: ''. Else the id of an open request that has one of its tickets."""
        ...

    async def close_request(self, request: RefundRequest) -> None:
        """It is decided or taken back: told, and its tickets may be asked for again."""
        ...

    def record_act(self, act: LogAct) -> None:
        """Into the house's act log, on behalf of whom the current call is for."""
        ...

    async def claim_key(self, owner_id: str, key: str, request_hash: bytes, /) -> RecordedAnswer | None:
        """See KeyedTransaction."""
        ...

    async def record_answer(self, owner_id: str, key: str, answer: bytes, /) -> None:
        """See KeyedTransaction."""
        ...

    async def commit(self) -> None:
        """The last call: what was done is to stay."""
        ...
