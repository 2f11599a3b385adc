"""The read model's tables. Every row belongs to a generation: a rebuild fills the next beside the one people see."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from services.reporting.adapters import (
    dashboard_tables,
    fact_tables,
    request_tables,
    sales_tables,
    schedule_tables,
    settlement_tables,
)
from services.reporting.adapters.metadata import inbox, inbox_sequence, metadata

__all__ = [
    "dashboard_tables",
    "fact_tables",
    "generations",
    "inbox",
    "inbox_sequence",
    "metadata",
    "order_lines",
    "orders",
    "performances",
    "read_model_generations",
    "request_tables",
    "sales_lines",
    "sales_tables",
    "schedule_tables",
    "settlement_tables",
]

generations = Table(
    "generations",
    metadata,
    # Never given twice: the bus keeps how far the group of a number has read.
    Column("generation", BigInteger, Identity(always=True), primary_key=True),
    Column("serving", Boolean, nullable=False),
    Index("uq_generations_serving", "serving", unique=True, postgresql_where=text("serving")),
)

# Of every read model but the totals, which have the table above: each model is rebuilt and switched alone.
read_model_generations = Table(
    "read_model_generations",
    metadata,
    Column("generation", BigInteger, Identity(always=True), primary_key=True),
    Column("model", Text, nullable=False),
    Column("serving", Boolean, nullable=False),
    Index("uq_read_model_generations_model", "model", unique=True, postgresql_where=text("serving")),
)

performances = Table(
    "performances",
    metadata,
    Column("generation", BigInteger, primary_key=True),
    Column("house_id", Text, primary_key=True),
    Column("performance_id", Text, primary_key=True),
    Column("currency", Text, nullable=False),
    # The catalogue's word; all null until it has come.
    Column("described_sequence", BigInteger),
    Column("title", Text),
    Column("capacity", Integer),
    Column("described_at_ms", BigInteger),
    # Inventory's counts; all null until they have come.
    Column("counted_epoch", BigInteger),
    Column("counted_version", BigInteger),
    Column("counted_free", Integer),
    Column("counted_held", Integer),
    Column("counted_claimed", Integer),
    Column("counted_sold", Integer),
    Column("counted_blocked", Integer),
    # NULL: counted by a version that did not know of them.
    Column("counted_reserved", Integer),
    Column("counted_allotted", Integer),
    Column("counted_reported_sold", Integer),
    Column("counted_capacity", Integer),
    Column("counted_at_ms", BigInteger),
    Column("orders_confirmed", Integer, nullable=False),
    Column("orders_refunded", Integer, nullable=False),
    Column("orders_at_ms", BigInteger, nullable=False),
    ForeignKeyConstraint(["generation"], ["generations.generation"]),
)

_PERFORMANCE = ["generation", "house_id", "performance_id"]
_PERFORMANCE_TARGET = [f"performances.{name}" for name in _PERFORMANCE]

sales_lines = Table(
    "sales_lines",
    metadata,
    Column("generation", BigInteger, primary_key=True),
    Column("house_id", Text, primary_key=True),
    Column("performance_id", Text, primary_key=True),
    Column("category", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("tickets", Integer, nullable=False),
    Column("revenue_minor", BigInteger, nullable=False),
    ForeignKeyConstraint(_PERFORMANCE, _PERFORMANCE_TARGET),
    # 0: all tickets were cancelled, and some of their money is kept.
    CheckConstraint("tickets >= 0", name="tickets"),
)

orders = Table(
    "orders",
    metadata,
    Column("generation", BigInteger, primary_key=True),
    Column("house_id", Text, primary_key=True),
    Column("performance_id", Text, primary_key=True),
    Column("order_id", Text, primary_key=True),
    # Null until the order was confirmed.
    Column("channel", Text),
    Column("confirmed", Boolean, nullable=False),
    Column("refunded", Boolean, nullable=False),
    # What has gone back in parts. Defaults for processes of the release before, which do not know it.
    Column("refunded_minor", BigInteger, nullable=False, server_default="0"),
    # [[seat, category], ...] of lines that were cancelled by themselves. NULL: none.
    Column("cancelled", JSONB(none_as_null=True)),
    # [[category, minor units], ...] of which `refunded_minor` was taken. NULL: not told, or by the release before.
    Column("back", JSONB(none_as_null=True)),
    ForeignKeyConstraint(_PERFORMANCE, _PERFORMANCE_TARGET),
)

_ORDER = [*_PERFORMANCE, "order_id"]

order_lines = Table(
    "order_lines",
    metadata,
    Column("generation", BigInteger, primary_key=True),
    Column("house_id", Text, primary_key=True),
    Column("performance_id", Text, primary_key=True),
    Column("order_id", Text, primary_key=True),
    Column("category", Text, primary_key=True),
    Column("tickets", Integer, nullable=False),
    Column("revenue_minor", BigInteger, nullable=False),
    # The line's share of the order's `refunded_minor`.
    Column("refunded_minor", BigInteger, nullable=False, server_default="0"),
    ForeignKeyConstraint(_ORDER, [f"orders.{name}" for name in _ORDER]),
    CheckConstraint("tickets > 0", name="tickets"),
)
