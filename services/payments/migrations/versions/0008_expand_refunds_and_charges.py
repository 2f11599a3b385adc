"""Refunds as records, several a payment, and what a payment is paid with. The columns of the one refund stay."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"

# A refund of before was of the whole. One without a key was nobody's here: it happened at the provider.
_CARRY_OVER = """
    UPDATE payments SET refunds = jsonb_build_array(jsonb_build_object(
        'key', refund_key, 'amount_minor', amount_minor, 'provider_minor', amount_minor,
        'due_at_ms', coalesce(refund_due_at_ms, created_at_ms), 'is_whole', true, 'state', refund_state,
        'provider_done_minor', CASE WHEN refund_state = 'SUCCEEDED' THEN amount_minor ELSE refunded_minor END,
        'attempt', refund_attempt, 'refusals', refund_refusals, 'ended_at_ms', refunded_at_ms))
    WHERE refund_key IS NOT NULL AND refund_state <> 'NONE'"""


def upgrade() -> None:
    """Columns with defaults, so that processes of the release before go on; what they write is read by its columns."""
    for name in ("refunds", "charges"):
        op.add_column("payments", sa.Column(name, JSONB, nullable=False, server_default="[]"))
    op.execute(_CARRY_OVER)
    op.create_index(
        "ix_payments_refunds",
        "payments",
        ["refunds"],
        postgresql_using="gin",
        postgresql_ops={"refunds": "jsonb_path_ops"},
        postgresql_where=sa.text("refunds <> '[]'"),
    )


def downgrade() -> None:
    """Undoes upgrade; of several refunds the columns tell one."""
    op.drop_index("ix_payments_refunds", "payments")
    for name in ("charges", "refunds"):
        op.drop_column("payments", name)
