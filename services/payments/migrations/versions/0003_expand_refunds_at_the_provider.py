"""What goes back at the provider without us: part refunds, disputes, refunds that are stuck."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_DAY_MS = 86_400_000
_WATCH_DAYS = 180


def upgrade() -> None:
    """Adds columns with defaults, so that processes of the release before go on; widens what they may meet."""
    for name in ("refunded_minor", "disputed_minor"):
        op.add_column("payments", sa.Column(name, sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("payments", sa.Column("refund_refusals", sa.Integer, nullable=False, server_default="0"))
    op.add_column("payments", sa.Column("dispute_state", sa.String(16), nullable=False, server_default="NONE"))
    op.execute("UPDATE payments SET refunded_minor = amount_minor WHERE refund_state = 'SUCCEEDED'")
    # Captured before anybody watched: each is looked at once within the next day.
    op.execute(
        sa.text(
            "UPDATE payments SET next_attempt_at_ms = (extract(epoch FROM now()) * 1000 + random() * :day)::bigint"
            " WHERE state = 'SUCCEEDED' AND refund_state = 'NONE' AND next_attempt_at_ms IS NULL"
            " AND succeeded_at_ms > extract(epoch FROM now()) * 1000 - :window"
        ).bindparams(day=_DAY_MS, window=_WATCH_DAYS * _DAY_MS)
    )
    op.drop_constraint(op.f("ck_payments_refund_state"), "payments", type_="check")
    op.create_check_constraint("refund_state", "payments", "refund_state IN ('NONE', 'DUE', 'STUCK', 'SUCCEEDED')")
    op.create_check_constraint("dispute_state", "payments", "dispute_state IN ('NONE', 'OPEN', 'WON', 'LOST')")
    op.create_check_constraint("refunded", "payments", "refunded_minor BETWEEN 0 AND amount_minor")
    op.create_index(
        "ix_payments_waiting_for_people",
        "payments",
        ["payment_id"],
        postgresql_where=sa.text("refund_state = 'STUCK' OR dispute_state = 'OPEN'"),
    )


def downgrade() -> None:
    """Undoes upgrade; what is stuck is due again, as it was called before."""
    op.drop_index("ix_payments_waiting_for_people", "payments")
    op.execute("UPDATE payments SET refund_state = 'DUE' WHERE refund_state = 'STUCK'")
    for name in ("refunded", "dispute_state", "refund_state"):
        op.drop_constraint(op.f(f"ck_payments_{name}"), "payments", type_="check")
    op.create_check_constraint("refund_state", "payments", "refund_state IN ('NONE', 'DUE', 'SUCCEEDED')")
    for name in ("dispute_state", "refund_refusals", "disputed_minor", "refunded_minor"):
        op.drop_column("payments", name)
