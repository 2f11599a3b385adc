"""One transaction of webhooks: rows by subject, letters and events commit together or not at all."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.transactions import AnsweringTransaction
from services.integrations.webhooks.adapters.delivery_rows import DeliveryRows
from services.integrations.webhooks.adapters.endpoint_rows import EndpointRows
from services.integrations.webhooks.adapters.endpoint_tables import idempotency_keys
from services.integrations.webhooks.domain.endpoint import Endpoint
from services.runtime.ids import Ids
from services.runtime.jobs.job import Job
from services.runtime.jobs.queue import add_jobs
from services.runtime.outbound.port import OutboundQueue
from services.runtime.seal import Seal

NOTICE_TASK = "notice"


class PostgresTransaction(AnsweringTransaction):
    """See WebhooksTransaction. Lives as long as its connection's block."""

    def __init__(
        self, connection: AsyncConnection, house_id: str, now_ms: int, *, ids: Ids, seal: Seal, queue: OutboundQueue
    ) -> None:
        super().__init__(connection, house_id, now_ms, ids, idempotency_keys)
        self.endpoints = EndpointRows(connection, house_id, seal)
        self.deliveries = DeliveryRows(connection, house_id, queue, now_ms)

    async def tell_owners(self, endpoint: Endpoint) -> None:
        """See WebhooksTransaction.tell_owners. Addresses are asked for when the letter is written."""
        named = {"house_id": self.house_id, "endpoint_id": endpoint.endpoint_id}
        await add_jobs(self._connection, Job(NOTICE_TASK, named | {"disabled_at_ms": endpoint.disabled_at_ms}))
