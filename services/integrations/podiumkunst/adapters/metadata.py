"""The one MetaData of podiumkunst's tables; each subject's tables stand in a module of their own."""

from __future__ import annotations

from services.runtime.outbound.tables import outbound_tables
from services.runtime.outbox.tables import inbox_table, outbox_tables
from services.runtime.sql.engine import new_metadata

metadata = new_metadata()
outbox, outbox_sequence = outbox_tables(metadata)
inbox, inbox_sequence = inbox_table(metadata)
outbound_target, outbound_dispatch, outbound_exchange = outbound_tables(metadata)
