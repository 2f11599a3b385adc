"""One transaction of webhooks' store: its rows by subject, its letters and acts, all or nothing."""

from __future__ import annotations

from typing import Protocol

from services.contracts.acts import Act
from services.contracts.once import RecordedAnswer
from services.integrations.webhooks.domain.endpoint import Endpoint
from services.integrations.webhooks.ports.deliveries import Deliveries
from services.integrations.webhooks.ports.endpoints import Endpoints


class WebhooksTransaction(Protocol):
    """Reads and writes that commit together, events included; without commit() nothing happened."""

    @property
    def now_ms(self) -> int:
        """When it began, unix milliseconds."""
        ...

    @property
    def endpoints(self) -> Endpoints: ...

    @property
    def deliveries(self) -> Deliveries: ...

    async def claim_key(self, owner_id: str, key: str, request_hash: bytes, /) -> RecordedAnswer | None:
        """None: the key is this transaction's. Waits for another transaction that has it."""
        ...

    async def record_answer(self, owner_id: str, key: str, answer: bytes, /) -> None:
        """Keeps the first answer of a claimed key."""
        ...

    async def tell_owners(self, endpoint: Endpoint) -> None:
        """The house's owners are written to: the endpoint was disabled."""
        ...

    def record_act(self, act: Act, *, by_nobody: bool = False) -> None:
        """Into the house's act log, on behalf of whom the current call is for; or of nobody."""
        ...

    async def commit(self) -> None:
        """The last call: what was done is to stay."""
        ...
