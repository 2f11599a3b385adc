"""Documents with their bytes and numbers, keys of requests, and the seats that have left an allotment."""

import sqlalchemy as sa
from alembic import op

from services.runtime.sql.policies import secure_rows

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def upgrade() -> None:
    """Adds the tables."""
    _create_documents()
    op.create_table(
        "note_numbers",
        *_texts("house_id"),
        sa.Column("year", sa.Integer, nullable=False, autoincrement=False),
        *_numbers("last_number"),
        sa.PrimaryKeyConstraint("house_id", "year", name="pk_note_numbers"),
    )
    op.create_table(
        "idempotency_keys",
        *_texts("house_id", "key"),
        sa.Column("request_hash", sa.LargeBinary, nullable=False),
        sa.Column("answer", sa.LargeBinary),
        *_numbers("created_at_ms"),
        sa.PrimaryKeyConstraint("house_id", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_created_at_ms", "idempotency_keys", ["created_at_ms"])
    op.create_table(
        "departures",
        *_texts("house_id", "performance_id", "allotment_id", "seat_id"),
        *_numbers("version"),
        sa.PrimaryKeyConstraint("house_id", "performance_id", "allotment_id", "seat_id", name="pk_departures"),
    )
    secure_rows("documents", "document_parts", "note_numbers", "idempotency_keys", "departures")


def _create_documents() -> None:
    op.create_table(
        "documents",
        *_texts("house_id", "document_id", "kind", "number", "performance_id", "allotment_id", "office_id"),
        *_texts("language", "stock"),
        *_numbers("tickets", "print_number", "allotment_version", "created_at_ms"),
        sa.Column("written", sa.LargeBinary),
        *_numbers("size_bytes"),
        *_texts("sha256"),
        sa.PrimaryKeyConstraint("house_id", "document_id", name="pk_documents"),
        sa.CheckConstraint("(written IS NULL) = (sha256 <> '')", name=op.f("ck_documents_drawn")),
    )
    op.create_index("ix_documents_as_made", "documents", ["house_id", "created_at_ms", "document_id"])
    op.create_index(
        "uq_documents_number",
        "documents",
        ["house_id", "number"],
        unique=True,
        postgresql_where=sa.text("kind = 'DELIVERY_NOTE'"),
    )
    op.create_index(
        "uq_documents_print_number",
        "documents",
        ["house_id", "performance_id", "allotment_id", "print_number"],
        unique=True,
        postgresql_where=sa.text("print_number > 0"),
    )
    op.create_table(
        "document_parts",
        *_texts("house_id", "document_id"),
        sa.Column("part", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "document_id", "part", name="pk_document_parts"),
    )


def downgrade() -> None:
    """Drops them."""
    for table in ("departures", "idempotency_keys", "note_numbers", "document_parts", "documents"):
        op.drop_table(table)
