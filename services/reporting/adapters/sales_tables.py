"""The tables of the read model `sales`: a ledger of movements, and sums of it. Only added to."""

from __future__ import annotations

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, Index, Integer, SmallInteger, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from services.reporting.adapters.metadata import metadata


def _key() -> list[Column[int] | Column[str]]:
    return [
        Column("generation", BigInteger, primary_key=True),
        Column("house_id", Text, primary_key=True),
        Column("performance_id", Text, primary_key=True),
    ]


def _figures() -> list[Column[int]]:
    return [
        Column("tickets_sold", BigInteger, nullable=False),
        Column("tickets_back", BigInteger, nullable=False),
        Column("sold_minor", BigInteger, nullable=False),
        Column("back_minor", BigInteger, nullable=False),
        Column("vat_minor", BigInteger, nullable=False),
        Column("discount_minor", BigInteger, nullable=False),
    ]


# What is known of an order: enough to tell whether a fact is new, in whatever order facts come.
sales_orders = Table(
    "sales_orders",
    metadata,
    *_key(),
    Column("order_id", Text, primary_key=True),
    Column("confirmed", Boolean, nullable=False),
    # What has gone back in parts, and when.
    Column("back_minor", BigInteger, nullable=False),
    Column("back_at_ms", BigInteger, nullable=False),
    # NULL: its money is not back as a whole.
    Column("refunded_at_ms", BigInteger),
    # Seats of lines that were cancelled by themselves. NULL: none.
    Column("cancelled", JSONB(none_as_null=True)),
    Column("cancelled_at_ms", BigInteger, nullable=False, server_default="0"),
    # Of which lines what has gone back was taken: [[seat, [[component, minor units, VAT], ...]], ...]. NULL: not told.
    Column("back_lines", JSONB(none_as_null=True)),
    # How many rounds of movements the ledger has of it.
    Column("movements", Integer, nullable=False),
)

sales_ledger = Table(
    "sales_ledger",
    metadata,
    *_key(),
    Column("order_id", Text, primary_key=True),
    # The round: 0 is the sale, later ones are what came back.
    Column("number", Integer, primary_key=True),
    Column("line", SmallInteger, primary_key=True),
    Column("seat_id", Text, nullable=False),
    # 1 sold, -1 came back, 0 gave some of its money back. Amounts have that sign too, so that sums are what is left.
    Column("tickets", SmallInteger, nullable=False),
    Column("category", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("ticket_type", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("vat_minor", BigInteger, nullable=False),
    Column("discount_minor", BigInteger, nullable=False),
    Column("discount_id", Text, nullable=False),
    Column("office_id", Text, nullable=False),
    Column("seller_kind", Text, nullable=False),
    # Of staff and resellers; empty for buyers, whose number has no end.
    Column("seller", Text, nullable=False),
    # Empty: nobody said, or the person was erased.
    Column("customer_id", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    # What the amount is made of: one element for each component.
    Column("part_kinds", ARRAY(Text), nullable=False),
    Column("part_classes", ARRAY(Text), nullable=False),
    Column("part_rates", ARRAY(Integer), nullable=False),
    Column("part_amounts", ARRAY(BigInteger), nullable=False),
    Column("part_vats", ARRAY(BigInteger), nullable=False),
    Index("ix_sales_ledger_at_ms", "generation", "house_id", "at_ms"),
    Index(
        "ix_sales_ledger_customer_id",
        "generation",
        "house_id",
        "customer_id",
        postgresql_where=text("customer_id <> ''"),
    ),
)

# Everything that a sale is told apart by and that has few values. No times.
sales_sums = Table(
    "sales_sums",
    metadata,
    *_key(),
    Column("category", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("ticket_type", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("discount_id", Text, primary_key=True),
    Column("office_id", Text, primary_key=True),
    Column("seller_kind", Text, primary_key=True),
    Column("seller", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    *_figures(),
    Column("last_at_ms", BigInteger, nullable=False),
)

# Money by what it is for and by its tax.
sales_parts = Table(
    "sales_parts",
    metadata,
    *_key(),
    Column("kind", Text, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("component", Text, primary_key=True),
    Column("vat_class", Text, primary_key=True),
    Column("vat_rate", Integer, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("sold_minor", BigInteger, nullable=False),
    Column("back_minor", BigInteger, nullable=False),
    Column("vat_minor", BigInteger, nullable=False),
)

# Over time. A minute is the same in every zone; hours and days are added up from them, as the house's clock goes.
sales_minutes = Table(
    "sales_minutes",
    metadata,
    *_key(),
    Column("minute_ms", BigInteger, primary_key=True),
    Column("channel", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    *_figures(),
    Index("ix_sales_minutes_minute_ms", "generation", "house_id", "minute_ms"),
)

# Customers that are no more: whom they became, or '' for nobody. A sale that is told later is told of those.
customer_fates = Table(
    "customer_fates",
    metadata,
    Column("generation", BigInteger, primary_key=True),
    Column("house_id", Text, primary_key=True),
    Column("customer_id", Text, primary_key=True),
    Column("became", Text, nullable=False),
)
