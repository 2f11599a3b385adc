"""One transaction of deals and settlements in PostgreSQL."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from services.reporting.adapters.deal_rows import DealRows
from services.reporting.adapters.settlement_rows import SettlementRows
from services.reporting.adapters.writing_transaction import WritingTransaction
from services.runtime.ids import Ids


class PostgresSettlementTransaction(WritingTransaction):
    """See SettlementTransaction."""

    def __init__(self, connection: AsyncConnection, house_id: str, now_ms: int, ids: Ids) -> None:
        super().__init__(connection, house_id, now_ms, ids)
        self.deals = DealRows(connection, house_id)
        self.settlements = SettlementRows(connection, house_id)
