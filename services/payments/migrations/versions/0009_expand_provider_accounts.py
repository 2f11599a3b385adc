"""Houses' accounts with payment providers, and the idempotency keys of what is done to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.runtime.sql.policies import free_rows, secure_rows

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the tables; a house without an account pays at the deployment's own, as before."""
    op.create_table(
        "provider_accounts",
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("is_default", sa.Boolean, nullable=False),
        sa.Column("default_currencies", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("is_test", sa.Boolean, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("credentials", sa.LargeBinary, nullable=False),
        sa.Column("tail", sa.Text, nullable=False),
        sa.Column("has_webhook_secret", sa.Boolean, nullable=False),
        sa.Column("provider_ref", sa.Text, nullable=False),
        sa.Column("provider_name", sa.Text, nullable=False),
        sa.Column("locked_at_ms", sa.BigInteger, nullable=False),
        sa.Column("locked_note", sa.Text, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("rotated_at_ms", sa.BigInteger, nullable=False),
        sa.Column("archived_at_ms", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_provider_accounts"),
        sa.CheckConstraint("state IN ('active', 'locked', 'archived')", name="state"),
        sa.CheckConstraint("NOT is_default OR state <> 'archived'", name="default_is_live"),
    )
    op.create_index("ix_provider_accounts_house_id", "provider_accounts", ["house_id", "created_at_ms"])
    op.create_index(
        "uq_provider_accounts_default",
        "provider_accounts",
        ["house_id"],
        unique=True,
        postgresql_where=sa.text("is_default"),
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
    secure_rows("provider_accounts", "idempotency_keys")


def downgrade() -> None:
    """Undoes upgrade; the accounts are gone with it."""
    free_rows("provider_accounts", "idempotency_keys")
    op.drop_table("idempotency_keys")
    op.drop_table("provider_accounts")
