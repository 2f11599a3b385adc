"""Orders, tickets, idempotency keys, outbox and inbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.runtime.outbox.migration import (
    create_inbox_tables,
    create_outbox_tables,
    drop_inbox_tables,
    drop_outbox_tables,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates everything."""
    _create_orders()
    _create_tickets()
    op.create_table(
        "request_keys",
        _text("house_id"),
        _text("operation"),
        _text("key"),
        _text("request_hash"),
        _text("order_id"),
        _number("busy_until_ms"),
        _number("created_at_ms"),
        sa.PrimaryKeyConstraint("house_id", "operation", "key", name="pk_request_keys"),
    )
    op.create_index("ix_request_keys_created_at_ms", "request_keys", ["created_at_ms"])
    create_outbox_tables()
    create_inbox_tables()


def downgrade() -> None:
    """Removes everything."""
    drop_inbox_tables()
    drop_outbox_tables()
    for table in ("request_keys", "tickets", "orders"):
        op.drop_table(table)


def _create_orders() -> None:
    op.create_table(
        "orders",
        *(_text(name) for name in ("order_id", "house_id", "performance_id", "hold_id", "holder_id", "channel")),
        sa.Column("plan_version", sa.Integer, nullable=False),
        sa.Column("lines", JSONB, nullable=False),
        _number("total_minor"),
        _text("currency"),
        _number("created_at_ms"),
        _number("hold_until_ms"),
        *(_text(name) for name in ("customer_name", "customer_email", "state", "seats", "payment")),
        _number("pay_until_ms"),
        *(_text(name) for name in ("return_url", "payment_id", "payment_url")),
        sa.Column("cancel_reason", sa.Text),
        _text("refund_reason"),
        _number("confirmed_at_ms"),
        _number("state_since_ms"),
        sa.Column("next_step_at_ms", sa.BigInteger),
        sa.Column("step_failures", sa.Integer, nullable=False),
        _text("lease_token"),
        _number("lease_until_ms"),
        sa.PrimaryKeyConstraint("order_id", name="pk_orders"),
        sa.CheckConstraint("total_minor >= 0", name="ck_orders_total_not_negative"),
        sa.CheckConstraint(
            "state <> 'CONFIRMED' OR payment = 'CAPTURED' OR total_minor = 0", name="ck_orders_confirmed_is_paid"
        ),
    )
    op.create_index(
        "ix_orders_due", "orders", ["next_step_at_ms"], postgresql_where=sa.text("next_step_at_ms IS NOT NULL")
    )
    op.create_index("ix_orders_house_newest", "orders", ["house_id", "created_at_ms", "order_id"])
    op.create_index(
        "ix_orders_performance_newest", "orders", ["house_id", "performance_id", "created_at_ms", "order_id"]
    )


def _create_tickets() -> None:
    op.create_table(
        "tickets",
        *(_text(name) for name in ("ticket_id", "house_id", "order_id", "performance_id", "seat_id", "barcode")),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("valid", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("ticket_id", name="pk_tickets"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="fk_tickets_order_id"),
        sa.UniqueConstraint("barcode", name="uq_tickets_barcode"),
    )
    op.create_index("ix_tickets_order_id", "tickets", ["order_id"])
    op.create_index(
        "uq_tickets_valid_seat",
        "tickets",
        ["performance_id", "seat_id"],
        unique=True,
        postgresql_where=sa.text("valid"),
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)
