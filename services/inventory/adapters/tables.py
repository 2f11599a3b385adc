"""The inventory's own tables."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from services.inventory.adapters.allotment_tables import allotment_tables
from services.inventory.adapters.reservation_tables import reservation_tables
from services.runtime.outbox.tables import inbox_table, outbox_tables
from services.runtime.sql.engine import new_metadata

metadata = new_metadata()

# The directory: one row per performance that ever was owned. Epochs are minted here and nowhere else (RULE 1).
performance_owner = Table(
    "performance_owner",
    metadata,
    Column("performance_id", String(64), primary_key=True),
    Column("incarnation", String(64), nullable=False),
    Column("endpoint", String(255), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    # The number of the last batch of this epoch that is in the record.
    Column("record_batch", BigInteger, nullable=False, server_default="0"),
)

# Where operators want a performance to be, while that node lives.
placement_pin = Table(
    "placement_pin",
    metadata,
    Column("performance_id", String(64), primary_key=True),
    Column("endpoint", String(255), nullable=False),
)

# A row per seat that an order claims, has bought, or once did.
seat_claim = Table(
    "seat_claim",
    metadata,
    Column("performance_id", String(64), primary_key=True),
    Column("order_id", String(64), primary_key=True),
    Column("seat_index", Integer, primary_key=True),
    Column("house_id", String(64), nullable=False),
    Column("plan_version", Integer, nullable=False),
    Column("seat_id", String(64), nullable=False),
    Column("holder_id", String(64), nullable=False),
    Column("hold_id", String(64), nullable=False),
    Column("channel", Integer, nullable=False),
    # claimed, sold, cancelled
    Column("state", String(16), nullable=False),
    Column("epoch", BigInteger, nullable=False),
    # The last guard against a double sale (INV-1, RULE 3).
    Index(
        "uq_seat_claim_active",
        "performance_id",
        "seat_index",
        unique=True,
        postgresql_where=text("state IN ('claimed', 'sold')"),
    ),
)

seat_block = Table(
    "seat_block",
    metadata,
    Column("performance_id", String(64), primary_key=True),
    Column("seat_index", Integer, primary_key=True),
    Column("house_id", String(64), nullable=False),
    Column("seat_id", String(64), nullable=False),
    # A name of BlockKind. Those of versions that did not know of soft ones are hard.
    Column("kind", String(8), nullable=False, server_default="HARD"),
    Column("reason", String(200), nullable=False),
    Column("epoch", BigInteger, nullable=False),
)

# Copies from the catalogue. A plan version never changes; a performance's rules may.
seat_plan = Table(
    "seat_plan",
    metadata,
    Column("hall_id", String(64), primary_key=True),
    Column("plan_version", Integer, primary_key=True),
    Column("house_id", String(64), nullable=False),
    # Seat ids in the plan's order, one a line, compressed.
    Column("seat_ids", LargeBinary, nullable=False),
    # Where they stand: see adapters/plan_places.py. NULL: not known.
    Column("places", LargeBinary),
)

performance = Table(
    "performance",
    metadata,
    Column("performance_id", String(64), primary_key=True),
    Column("house_id", String(64), nullable=False),
    Column("hall_id", String(64), nullable=False),
    Column("plan_version", Integer, nullable=False),
    Column("on_sale", Boolean, nullable=False),
    Column("seats_per_holder", Integer, nullable=False),
    Column("hold_ttl_seconds", Integer, nullable=False),
    Column("title", Text, nullable=False, server_default=""),
    Column("refuses_orphans", Boolean, nullable=False, server_default=text("false")),
    # NULL: copied by a version that did not know of it.
    Column("sale_ends_at_ms", BigInteger),
    # [[channel, opens at, closes at]], unix milliseconds, 0: no bound.
    Column("windows", JSONB, nullable=False, server_default="[]"),
    Column("cancelled", Boolean, nullable=False, server_default=text("false")),
    # See quota_rows.py.
    Column("quotas", JSONB, nullable=False, server_default="[]"),
    Column("terms_version", BigInteger, nullable=False, server_default="0"),
    # 0: the public is not shown it.
    Column("published_at_ms", BigInteger, nullable=False, server_default="0"),
)

allotment, allotment_seat, allotment_step = allotment_tables(metadata)
reservation, reserved_seat = reservation_tables(metadata)

inbox, inbox_sequence = inbox_table(metadata)
outbox, outbox_sequence = outbox_tables(metadata)
