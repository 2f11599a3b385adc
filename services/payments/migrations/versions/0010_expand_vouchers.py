"""Vouchers and gift cards of houses, the ledger of their balances, and who guesses at codes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.runtime.sql.policies import free_rows, secure_rows

revision = "0010"
down_revision = "0009"

_TABLES = ("vouchers", "voucher_entries", "voucher_guesses")


def upgrade() -> None:
    """Tables that processes of the release before do not know: make vouchers once all processes are of this one."""
    op.create_table(
        "vouchers",
        sa.Column("voucher_id", sa.String(64), nullable=False),
        sa.Column("house_id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("value_minor", sa.BigInteger, nullable=False),
        sa.Column("balance_minor", sa.BigInteger, nullable=False),
        sa.Column("tail", sa.String(8), nullable=False),
        sa.Column("code_hash", sa.LargeBinary, nullable=False),
        sa.Column("code_sealed", sa.LargeBinary, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("valid_from_ms", sa.BigInteger),
        sa.Column("valid_until_ms", sa.BigInteger),
        sa.Column("is_stopped", sa.Boolean, nullable=False),
        sa.Column("note", sa.String(200), nullable=False),
        sa.Column("refund_of", sa.String(64), nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("voucher_id", name="pk_vouchers"),
        sa.CheckConstraint("kind IN ('VOUCHER', 'GIFT_CARD')", name="kind"),
        sa.CheckConstraint("balance_minor >= 0", name="balance"),
        sa.CheckConstraint("value_minor >= 1", name="value"),
    )
    op.create_index("uq_vouchers_house_id_code_hash", "vouchers", ["house_id", "code_hash"], unique=True)
    op.create_index("ix_vouchers_house_id_created_at_ms", "vouchers", ["house_id", "created_at_ms", "voucher_id"])
    _create_entries()
    op.create_table(
        "voucher_guesses",
        sa.Column("house_id", sa.String(64), nullable=False),
        sa.Column("caller", sa.String(128), nullable=False),
        sa.Column("since_ms", sa.BigInteger, nullable=False),
        sa.Column("wrong", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "caller", name="pk_voucher_guesses"),
    )
    secure_rows(*_TABLES)


def _create_entries() -> None:
    op.create_table(
        "voucher_entries",
        sa.Column("entry_id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("house_id", sa.String(64), nullable=False),
        sa.Column("voucher_id", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("payment_id", sa.String(64), nullable=False),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("who", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name="pk_voucher_entries"),
        sa.CheckConstraint(
            "kind IN ('MADE', 'RESERVED', 'RELEASED', 'TAKEN', 'RETURNED', 'CORRECTED')",
            name="kind",
        ),
    )
    op.create_index(
        "uq_voucher_entries_once", "voucher_entries", ["voucher_id", "payment_id", "kind", "key"], unique=True
    )
    op.create_index("ix_voucher_entries_payment_id", "voucher_entries", ["payment_id"])


def downgrade() -> None:
    """Undoes upgrade; the vouchers are gone with it."""
    free_rows(*_TABLES)
    for table in _TABLES:
        op.drop_table(table)
