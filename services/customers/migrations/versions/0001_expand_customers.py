"""Customers and what is known of them; houses' copies, first answers, outbox and inbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.runtime.outbox.migration import (
    create_inbox_tables,
    create_outbox_tables,
    create_pause_table,
    drop_inbox_tables,
    drop_outbox_tables,
    drop_pause_table,
)
from services.runtime.sql.policies import secure_rows

revision = "0001"
down_revision = None

_TABLES = (
    "customers",
    "merged_customers",
    "purchases",
    "shows",
    "erasures",
    "locked_orders",
    "houses",
    "idempotency_keys",
)


def upgrade() -> None:
    """Adds the tables."""
    _create_customers()
    _create_erasures()
    _create_rest()
    create_outbox_tables()
    create_inbox_tables()
    create_pause_table()
    secure_rows(*_TABLES, "outbox", "inbox", "inbox_sequence")


def _create_customers() -> None:
    op.create_table(
        "customers",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_key", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("phone", sa.Text, nullable=False),
        sa.Column("email_confirmed", sa.Boolean, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "customer_id", name="pk_customers"),
        sa.UniqueConstraint("house_id", "email_key", name="uq_customers_house_id"),
    )
    op.create_index("ix_customers_made", "customers", ["house_id", "created_at_ms", "customer_id"])
    op.create_table(
        "merged_customers",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("merged_customer_id", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("merged_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "merged_customer_id", name="pk_merged_customers"),
    )
    op.create_index("ix_merged_customers_customer_id", "merged_customers", ["house_id", "customer_id"])
    op.create_table(
        "purchases",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("performance_id", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("bought_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "order_id", "performance_id", name="pk_purchases"),
    )
    op.create_index("ix_purchases_customer_id", "purchases", ["house_id", "customer_id"])
    op.create_index("ix_purchases_performance_id", "purchases", ["house_id", "performance_id"])
    op.create_table(
        "shows",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("performance_id", sa.Text, nullable=False),
        sa.Column("production_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "performance_id", name="pk_shows"),
    )


def _create_erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("erased_at_ms", sa.BigInteger, nullable=False),
        sa.Column("locked_until_ms", sa.BigInteger, nullable=True),
        sa.Column("sealed", sa.LargeBinary, nullable=True),
        sa.CheckConstraint("(sealed IS NULL) = (locked_until_ms IS NULL)", name=op.f("ck_erasures_locked")),
        sa.PrimaryKeyConstraint("house_id", "customer_id", name="pk_erasures"),
    )
    op.create_index(
        "ix_erasures_locked", "erasures", ["locked_until_ms"], postgresql_where=sa.text("locked_until_ms IS NOT NULL")
    )
    op.create_table(
        "locked_orders",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("payment", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.CheckConstraint("payment IN ('under_way', 'paid')", name=op.f("ck_locked_orders_payment")),
        sa.PrimaryKeyConstraint("house_id", "order_id", name="pk_locked_orders"),
    )
    op.create_index("ix_locked_orders_customer_id", "locked_orders", ["house_id", "customer_id"])


def _create_rest() -> None:
    op.create_table(
        "houses",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("languages", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.Column("double_opt_in", sa.Boolean, nullable=True),
        sa.PrimaryKeyConstraint("house_id", name="pk_houses"),
    )
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


def downgrade() -> None:
    """Drops them."""
    drop_pause_table()
    drop_inbox_tables()
    drop_outbox_tables()
    for table in reversed(_TABLES):
        op.drop_table(table)
