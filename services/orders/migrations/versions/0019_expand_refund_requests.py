"""What buyers ask back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.runtime.sql.policies import free_rows, secure_rows

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """A row a request and a row for each of its tickets; first answers by their keys."""
    op.create_table(
        "refund_requests",
        sa.Column("refund_request_id", sa.Text, nullable=False),
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("wish", sa.Text, nullable=False),
        sa.Column("parts", JSONB, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("asked_at_ms", sa.BigInteger, nullable=False),
        sa.Column("ended_at_ms", sa.BigInteger, nullable=False),
        sa.Column("decided_by_kind", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at_once", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("refund_request_id", name="pk_refund_requests"),
    )
    newest = ["house_id", "asked_at_ms", "refund_request_id"]
    op.create_index("ix_refund_requests_newest", "refund_requests", newest)
    op.create_index("ix_refund_requests_order", "refund_requests", ["house_id", "order_id"])
    op.create_table(
        "refund_request_lines",
        sa.Column("refund_request_id", sa.Text, nullable=False),
        sa.Column("performance_id", sa.Text, nullable=False),
        sa.Column("seat_id", sa.Text, nullable=False),
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("is_open", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("refund_request_id", "performance_id", "seat_id", name="pk_refund_request_lines"),
    )
    op.create_index(
        "uq_refund_request_lines_open",
        "refund_request_lines",
        ["house_id", "order_id", "performance_id", "seat_id"],
        unique=True,
        postgresql_where=sa.text("is_open"),
    )
    op.create_index("ix_refund_request_lines_performance", "refund_request_lines", ["house_id", "performance_id"])
    op.create_table(
        "idempotency_keys",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("request_hash", sa.LargeBinary, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=True),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_created_at_ms", "idempotency_keys", ["created_at_ms"])
    secure_rows("refund_requests", "refund_request_lines", "idempotency_keys")


def downgrade() -> None:
    """Refunds that were granted go on."""
    free_rows("refund_requests", "refund_request_lines", "idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_table("refund_request_lines")
    op.drop_table("refund_requests")
