"""One transaction of trackers: rows by subject and its events commit together or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.transactions import AnsweringTransaction
from services.integrations.trackers.adapters.call_rows import CallRows
from services.integrations.trackers.adapters.funnel_events import step_event
from services.integrations.trackers.adapters.server_side import ServerSide
from services.integrations.trackers.adapters.tracker_rows import AttachmentRows, TrackerRows
from services.integrations.trackers.adapters.tracker_tables import idempotency_keys
from services.integrations.trackers.adapters.visit_rows import SaleRows, ShowRows, VisitRows
from services.integrations.trackers.domain.reached import Reached
from services.integrations.trackers.domain.telling import Telling
from services.runtime.ids import Ids
from services.runtime.seal import Seal


@dataclass(frozen=True, slots=True)
class TransactionTools:
    """What every transaction works with. `keep_ms`: how long something is kept of a visit."""

    ids: Ids
    seal: Seal
    server_side: ServerSide
    keep_ms: int


class PostgresTransaction(AnsweringTransaction):
    """See TrackersTransaction. Lives as long as its connection's block."""

    def __init__(self, connection: AsyncConnection, house_id: str, now_ms: int, tools: TransactionTools) -> None:
        super().__init__(connection, house_id, now_ms, tools.ids, idempotency_keys)
        self._tools = tools
        self.trackers = TrackerRows(connection, house_id, tools.seal)
        self.attachments = AttachmentRows(connection, house_id, tools.ids)
        self.visits = VisitRows(connection, house_id, tools.seal, kept_since_ms=now_ms - tools.keep_ms)
        self.shows = ShowRows(connection, house_id)
        self.sales = SaleRows(connection, house_id, now_ms)
        self.calls = CallRows(connection, house_id, now_ms, tools.ids)

    async def tell(self, tellings: Sequence[Telling]) -> None:
        """See TrackersTransaction.tell."""
        await self._tools.server_side.tell(self._connection, tellings)

    async def silence(self, tracker_id: str) -> None:
        """See TrackersTransaction.silence."""
        await self._tools.server_side.silence(self._connection, self.house_id, tracker_id)

    async def mended(self, tracker_id: str) -> None:
        """See TrackersTransaction.mended."""
        await self._tools.server_side.mended(self._connection, self.house_id, tracker_id)

    def publish_step(self, reached: Reached) -> None:
        """See TrackersTransaction.publish_step."""
        self._events.append(step_event(reached))
