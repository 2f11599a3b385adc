"""Tables of documents: what they are, what they are drawn from, their bytes; and which seats left which allotment."""

from __future__ import annotations

import sqlalchemy as sa

from services.contracts.answer_rows import answer_table
from services.ticketing.adapters.metadata import metadata

documents = sa.Table(
    "documents",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("document_id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("performance_id", sa.Text, nullable=False),
    sa.Column("allotment_id", sa.Text, nullable=False),
    sa.Column("office_id", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("stock", sa.Text, nullable=False),
    sa.Column("tickets", sa.BigInteger, nullable=False),
    sa.Column("print_number", sa.BigInteger, nullable=False),
    sa.Column("allotment_version", sa.BigInteger, nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    # What stands on it, until it is drawn.
    sa.Column("written", sa.LargeBinary),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.CheckConstraint("(written IS NULL) = (sha256 <> '')", name="drawn"),
)
sa.Index("ix_documents_as_made", documents.c.house_id, documents.c.created_at_ms, documents.c.document_id)
sa.Index(
    "uq_documents_number",
    documents.c.house_id,
    documents.c.number,
    unique=True,
    postgresql_where=sa.text("kind = 'DELIVERY_NOTE'"),
)
sa.Index(
    "uq_documents_print_number",
    documents.c.house_id,
    documents.c.performance_id,
    documents.c.allotment_id,
    documents.c.print_number,
    unique=True,
    postgresql_where=sa.text("print_number > 0"),
)

document_parts = sa.Table(
    "document_parts",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("document_id", sa.Text, primary_key=True),
    sa.Column("part", sa.Integer, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)

# The last number of a house's delivery notes in a year; its row is locked by whoever makes one.
note_numbers = sa.Table(
    "note_numbers",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("last_number", sa.BigInteger, nullable=False),
)

idempotency_keys = answer_table(metadata)

departures = sa.Table(
    "departures",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("performance_id", sa.Text, primary_key=True),
    # The caller's own key: another performance may have the same.
    sa.Column("allotment_id", sa.Text, primary_key=True),
    sa.Column("seat_id", sa.Text, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
)
