"""The tables of invoices: how houses invoice, their numbers, the documents, and orders that are to be looked at."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from services.ticketing.adapters.metadata import metadata

invoicing = sa.Table(
    "invoicing",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("legal_name", sa.Text, nullable=False),
    sa.Column("address_lines", JSONB, nullable=False),
    sa.Column("vat_number", sa.Text, nullable=False),
    sa.Column("registration", sa.Text, nullable=False),
    sa.Column("number_prefix", sa.Text, nullable=False),
    sa.Column("automatic", sa.Boolean, nullable=False),
    sa.Column("small_up_to_minor", sa.BigInteger, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
)

invoice_numbers = sa.Table(
    "invoice_numbers",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("last_number", sa.BigInteger, nullable=False),
)

# `lines`: [[performance, seat, seat text, category, ticket type, [[component, minor units, VAT class, basis points,
# VAT], ...]], ...]. `sealed_sheet`: all that stands on it, the buyer too, sealed; NULL when its time is over.
invoices = sa.Table(
    "invoices",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("invoice_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("order_id", sa.Text, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("corrects", sa.Text, nullable=False),
    sa.Column("refund_id", sa.Text, nullable=False),
    sa.Column("replaced_by", sa.Text, nullable=False),
    sa.Column("total_minor", sa.BigInteger, nullable=False),
    sa.Column("has_buyer", sa.Boolean, nullable=False),
    sa.Column("lines", JSONB, nullable=False),
    sa.Column("sealed_sheet", sa.LargeBinary),
    sa.Column("issued_at_ms", sa.BigInteger, nullable=False),
    sa.Column("keep_until_ms", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("house_id", "year", "count", name="uq_invoices_number"),
    sa.CheckConstraint("total_minor >= 0", name="total_not_negative"),
    sa.Index("ix_invoices_newest", "house_id", "issued_at_ms", "invoice_id"),
    sa.Index("ix_invoices_order", "house_id", "order_id"),
    sa.Index("ix_invoices_keep_until_ms", "keep_until_ms", postgresql_where=sa.text("sealed_sheet IS NOT NULL")),
    # One that counts an order, and one credit note a refund.
    sa.Index(
        "uq_invoices_counting",
        "house_id",
        "order_id",
        unique=True,
        postgresql_where=sa.text("kind <> 'CREDIT_NOTE' AND replaced_by = ''"),
    ),
    sa.Index(
        "uq_invoices_refund",
        "house_id",
        "order_id",
        "refund_id",
        unique=True,
        postgresql_where=sa.text("refund_id <> ''"),
    ),
)

# Orders of which something happened that an invoice may follow from. A lease is its time, moved ahead.
invoice_looks = sa.Table(
    "invoice_looks",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("look_at_ms", sa.BigInteger, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    # Counts what happened, so that who worked off an older moment does not forget a newer one.
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Index("ix_invoice_looks_look_at_ms", "look_at_ms"),
)
