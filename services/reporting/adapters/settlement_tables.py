"""Tables of deals and final settlements. They are no read model: a rebuild does not touch them.

Triggers, made by the migration, refuse to change, delete or truncate both, whoever asks.
"""

from __future__ import annotations

import sqlalchemy as sa

from services.reporting.adapters.metadata import metadata
from services.runtime.signing_keys.rows import signing_keys_table

signing_keys = signing_keys_table(metadata)

deals = sa.Table(
    "deals",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    # production or performance.
    sa.Column("thing", sa.Text, primary_key=True),
    sa.Column("thing_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    # What was agreed on, JSON.
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("set_at_ms", sa.BigInteger, nullable=False),
    sa.Column("set_by_kind", sa.Text, nullable=False),
    sa.Column("set_by", sa.Text, nullable=False),
)

settlements = sa.Table(
    "settlements",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("settlement_id", sa.Text, primary_key=True),
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("ordinal", sa.BigInteger, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("performance_id", sa.Text, nullable=False),
    sa.Column("production_id", sa.Text, nullable=False),
    # Empty: it is the performance's first.
    sa.Column("corrects_id", sa.Text, nullable=False),
    sa.Column("corrects_number", sa.Text, nullable=False),
    # For lists, and for seeing what has changed since; the content has all of it.
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("starts_at_ms", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("gross_minor", sa.BigInteger, nullable=False),
    sa.Column("producer_minor", sa.BigInteger, nullable=False),
    sa.Column("house_minor", sa.BigInteger, nullable=False),
    sa.Column("own_tickets", sa.BigInteger, nullable=False),
    sa.Column("own_gross_minor", sa.BigInteger, nullable=False),
    sa.Column("reported_sold", sa.BigInteger, nullable=False),
    sa.Column("finalised_at_ms", sa.BigInteger, nullable=False),
    # What was signed, JSON, and what proves it.
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("signature", sa.LargeBinary, nullable=False),
)
sa.Index("uq_settlements_number", settlements.c.house_id, settlements.c.year, settlements.c.ordinal, unique=True)
sa.Index(
    "uq_settlements_first",
    settlements.c.house_id,
    settlements.c.performance_id,
    unique=True,
    postgresql_where=sa.text("corrects_id = ''"),
)
sa.Index(
    "uq_settlements_corrects_id",
    settlements.c.house_id,
    settlements.c.corrects_id,
    unique=True,
    postgresql_where=sa.text("corrects_id <> ''"),
)
sa.Index("ix_settlements_newest", settlements.c.house_id, settlements.c.finalised_at_ms, settlements.c.settlement_id)

# The last number of a house's settlements in a year; its row is locked by whoever makes one.
settlement_numbers = sa.Table(
    "settlement_numbers",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("last_number", sa.BigInteger, nullable=False),
)
