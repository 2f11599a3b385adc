"""Accounts, syncs of audiences, how everybody stands, and what MailChimp tells."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.runtime.sql.policies import secure_rows

revision = "0003"
down_revision = "0002"

_TABLES = (
    "accounts",
    "audience_syncs",
    "audiences",
    "idempotency_keys",
    "standings",
    "merged_customers",
    "members",
    "news",
)


def upgrade() -> None:
    """Adds the tables."""
    _create_accounts()
    _create_syncs()
    _create_standings()
    _create_members()
    _create_news()
    secure_rows(*_TABLES)


def _create_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("data_centre", sa.Text, nullable=False),
        sa.Column("tail", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("set_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", name="pk_accounts"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("request_hash", sa.LargeBinary, nullable=False),
        sa.Column("answer", sa.LargeBinary),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_created_at_ms", "idempotency_keys", ["created_at_ms"])


def _create_syncs() -> None:
    op.create_table(
        "audience_syncs",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("sync_id", sa.Text, nullable=False),
        sa.Column("consent_id", sa.Text, nullable=False),
        sa.Column("consent_title", sa.Text, nullable=False),
        sa.Column("list_id", sa.Text, nullable=False),
        sa.Column("merge_fields", JSONB, nullable=False),
        sa.Column("sends_language", sa.Boolean, nullable=False),
        sa.Column("tags", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("joining", sa.Text, nullable=False),
        sa.Column("direction", sa.Text, nullable=False),
        sa.Column("permissions", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("archived", sa.Boolean, nullable=False),
        sa.Column("first_done", sa.Boolean, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.CheckConstraint("joining IN ('SUBSCRIBED', 'PENDING')", name=op.f("ck_audience_syncs_joining")),
        sa.CheckConstraint("direction IN ('ONE_WAY', 'TWO_WAY')", name=op.f("ck_audience_syncs_direction")),
        sa.PrimaryKeyConstraint("house_id", "sync_id", name="pk_audience_syncs"),
    )
    op.create_index(
        "uq_audience_syncs_active",
        "audience_syncs",
        ["house_id", "consent_id", "list_id"],
        unique=True,
        postgresql_where=sa.text("NOT archived"),
    )
    op.create_table(
        "audiences",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("list_id", sa.Text, nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary, nullable=False),
        sa.Column("is_two_way", sa.Boolean, nullable=False),
        sa.Column("compared_at_ms", sa.BigInteger, nullable=False),
        sa.Column("compared_whole_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "list_id", name="pk_audiences"),
    )


def _create_standings() -> None:
    op.create_table(
        "standings",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("consent_id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("shard", sa.SmallInteger, nullable=False),
        sa.Column("changed_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "customer_id", "consent_id", name="pk_standings"),
    )
    op.create_index("ix_standings_consent_id", "standings", ["house_id", "consent_id", "customer_id"])
    op.create_table(
        "merged_customers",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("merged_customer_id", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "merged_customer_id", name="pk_merged_customers"),
    )
    op.create_index("ix_merged_customers_customer_id", "merged_customers", ["house_id", "customer_id"])


def _create_members() -> None:
    op.create_table(
        "members",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("list_id", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("shard", sa.SmallInteger, nullable=False),
        sa.Column("generation", sa.BigInteger, nullable=False, server_default="1"),
        sa.Column("told_generation", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("subscriber", sa.Text, nullable=False, server_default=""),
        sa.Column("former", sa.ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("there", sa.Text, nullable=False, server_default=""),
        sa.Column("since_ms", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("digest", sa.Text, nullable=False, server_default=""),
        sa.Column("tags", sa.ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("problem", sa.Text),
        sa.Column("erased", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("told_ms", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("seen_ms", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("opt_out_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("house_id", "list_id", "customer_id", name="pk_members"),
    )
    op.create_index(
        "ix_members_due",
        "members",
        ["house_id", "list_id", "shard"],
        postgresql_where=sa.text("generation <> told_generation"),
    )
    op.create_index("ix_members_subscriber", "members", ["house_id", "list_id", "subscriber"])
    op.create_index("ix_members_customer_id", "members", ["house_id", "customer_id"])
    op.create_index(
        "ix_members_opt_out", "members", ["house_id"], postgresql_where=sa.text("opt_out_at_ms IS NOT NULL")
    )


def _create_news() -> None:
    op.create_table(
        "news",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("list_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subscriber", sa.Text, nullable=False),
        sa.Column("became", sa.Text, nullable=False),
        sa.Column("is_removal", sa.Boolean, nullable=False),
        sa.Column("said_at_ms", sa.BigInteger, nullable=False),
        sa.Column("received_at_ms", sa.BigInteger, nullable=False),
        sa.Column("done_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("house_id", "digest", name="pk_news"),
    )
    op.create_index(
        "ix_news_waiting", "news", ["house_id", "said_at_ms"], postgresql_where=sa.text("done_at_ms IS NULL")
    )
    op.create_index("ix_news_done_at_ms", "news", ["done_at_ms"])


def downgrade() -> None:
    """Drops them."""
    for table in reversed(_TABLES):
        op.drop_table(table)
