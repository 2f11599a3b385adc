"""Invoices, their numbers, how houses invoice, and orders that are to be looked at."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.runtime.sql.policies import secure_rows

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TABLES = ("invoicing", "invoice_numbers", "invoices", "invoice_looks")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def upgrade() -> None:
    """Adds the tables."""
    op.create_table(
        "invoicing",
        *_texts("house_id", "legal_name"),
        sa.Column("address_lines", JSONB, nullable=False),
        *_texts("vat_number", "registration", "number_prefix"),
        sa.Column("automatic", sa.Boolean, nullable=False),
        *_numbers("small_up_to_minor"),
        *_texts("note"),
        *_numbers("revision"),
        sa.PrimaryKeyConstraint("house_id", name="pk_invoicing"),
    )
    op.create_table(
        "invoice_numbers",
        *_texts("house_id"),
        sa.Column("year", sa.Integer, nullable=False, autoincrement=False),
        *_numbers("last_number"),
        sa.PrimaryKeyConstraint("house_id", "year", name="pk_invoice_numbers"),
    )
    _create_invoices()
    op.create_table(
        "invoice_looks",
        *_texts("house_id", "order_id"),
        *_numbers("look_at_ms"),
        sa.Column("failures", sa.Integer, nullable=False),
        *_numbers("version"),
        sa.PrimaryKeyConstraint("house_id", "order_id", name="pk_invoice_looks"),
    )
    op.create_index("ix_invoice_looks_look_at_ms", "invoice_looks", ["look_at_ms"])
    secure_rows(*_TABLES)


def _create_invoices() -> None:
    op.create_table(
        "invoices",
        *_texts("house_id", "invoice_id", "kind", "number"),
        sa.Column("year", sa.Integer, nullable=False),
        *_numbers("count"),
        *_texts("order_id", "currency", "language", "corrects", "refund_id", "replaced_by"),
        *_numbers("total_minor"),
        sa.Column("has_buyer", sa.Boolean, nullable=False),
        sa.Column("lines", JSONB, nullable=False),
        sa.Column("sealed_sheet", sa.LargeBinary),
        *_numbers("issued_at_ms", "keep_until_ms"),
        sa.PrimaryKeyConstraint("house_id", "invoice_id", name="pk_invoices"),
        sa.UniqueConstraint("house_id", "year", "count", name="uq_invoices_number"),
        sa.CheckConstraint("total_minor >= 0", name=op.f("ck_invoices_total_not_negative")),
    )
    op.create_index("ix_invoices_newest", "invoices", ["house_id", "issued_at_ms", "invoice_id"])
    op.create_index("ix_invoices_order", "invoices", ["house_id", "order_id"])
    op.create_index(
        "ix_invoices_keep_until_ms", "invoices", ["keep_until_ms"], postgresql_where=sa.text("sealed_sheet IS NOT NULL")
    )
    op.create_index(
        "uq_invoices_counting",
        "invoices",
        ["house_id", "order_id"],
        unique=True,
        postgresql_where=sa.text("kind <> 'CREDIT_NOTE' AND replaced_by = ''"),
    )
    op.create_index(
        "uq_invoices_refund",
        "invoices",
        ["house_id", "order_id", "refund_id"],
        unique=True,
        postgresql_where=sa.text("refund_id <> ''"),
    )


def downgrade() -> None:
    """What was invoiced is lost."""
    for table in reversed(_TABLES):
        op.drop_table(table)
