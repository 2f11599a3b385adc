"""One transaction of webhooks: rows by subject, letters and events commit together or not at all."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.acts import CURRENT_CALL, Act, act_event
from services.contracts.answer_rows import AnswerRows
from services.contracts.once import RecordedAnswer
from services.integrations.webhooks.adapters.delivery_rows import DeliveryRows
from services.integrations.webhooks.adapters.endpoint_rows import EndpointRows
from services.integrations.webhooks.adapters.endpoint_tables import idempotency_keys
from services.integrations.webhooks.domain.endpoint import Endpoint
from services.runtime.ids import Ids
from services.runtime.jobs.job import Job
from services.runtime.jobs.queue import add_jobs
from services.runtime.outbound.port import OutboundQueue
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.writer import enqueue
from services.runtime.seal import Seal

NOTICE_TASK = "notice"


class PostgresTransaction:
    """See WebhooksTransaction. Lives as long as its connection's block."""

    def __init__(
        self, connection: AsyncConnection, house_id: str, now_ms: int, *, ids: Ids, seal: Seal, queue: OutboundQueue
    ) -> None:
        self._connection = connection
        self._house_id = house_id
        self._ids = ids
        self._events: list[OutgoingEvent] = []
        self.now_ms = now_ms
        self.endpoints = EndpointRows(connection, house_id, seal)
        self.deliveries = DeliveryRows(connection, house_id, queue, now_ms)
        self._answers = AnswerRows(connection, idempotency_keys, now_ms)
        self.is_complete = self.has_published = False

    async def claim_key(self, owner_id: str, key: str, request_hash: bytes) -> RecordedAnswer | None:
        """See KeyedTransaction.claim_key."""
        return await self._answers.claim(owner_id, key, request_hash)

    async def record_answer(self, owner_id: str, key: str, answer: bytes) -> None:
        """See KeyedTransaction.record_answer."""
        await self._answers.record(owner_id, key, answer)

    async def tell_owners(self, endpoint: Endpoint) -> None:
        """See WebhooksTransaction.tell_owners. Addresses are asked for when the letter is written."""
        arguments = {
            "house_id": self._house_id,
            "endpoint_id": endpoint.endpoint_id,
            "state": endpoint.state.value,
            "disabled_at_ms": endpoint.disabled_at_ms,
        }
        await add_jobs(self._connection, Job(NOTICE_TASK, arguments))

    def record_act(self, act: Act, *, by_nobody: bool = False) -> None:
        """See WebhooksTransaction.record_act. `by_nobody`: no person did it."""
        who = None if by_nobody else CURRENT_CALL
        self._events.append(act_event(self._house_id, act, now_ms=self.now_ms, ids=self._ids, who=who))

    async def commit(self) -> None:
        """See WebhooksTransaction.commit. It is done as the connection's block ends."""
        if self._events:
            await enqueue(self._connection, self._events, now_ms=self.now_ms, ids=self._ids)
        self.is_complete = True
        self.has_published = bool(self._events)
