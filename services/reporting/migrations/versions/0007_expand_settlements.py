"""Deals and final settlements, which the database itself keeps from being changed; their numbers and signing keys."""

import sqlalchemy as sa
from alembic import op

from services.runtime.sql.policies import secure_rows

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# For whoever owns the tables, too: what was signed stays as it was signed.
_REFUSE = """
CREATE FUNCTION refuse_change_of_settlements() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'deals and settlements are append-only' USING ERRCODE = 'insufficient_privilege';
END $$
"""
_TRIGGER = """
CREATE TRIGGER {table}_are_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_settlements()
"""


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def upgrade() -> None:
    """Adds the tables."""
    op.create_table(
        "signing_keys",
        *_texts("key_id"),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("sealed_private", sa.LargeBinary, nullable=False),
        *_numbers("created_at_ms", "signs_from_ms"),
        sa.PrimaryKeyConstraint("key_id", name="pk_signing_keys"),
    )
    op.create_table(
        "deals",
        *_texts("house_id", "thing", "thing_id"),
        sa.Column("version", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        *_numbers("set_at_ms"),
        *_texts("set_by_kind", "set_by"),
        sa.PrimaryKeyConstraint("house_id", "thing", "thing_id", "version", name="pk_deals"),
    )
    _create_settlements()
    op.create_table(
        "settlement_numbers",
        *_texts("house_id"),
        sa.Column("year", sa.Integer, nullable=False, autoincrement=False),
        *_numbers("last_number"),
        sa.PrimaryKeyConstraint("house_id", "year", name="pk_settlement_numbers"),
    )
    secure_rows("deals", "settlements", "settlement_numbers")
    op.execute(_REFUSE)
    for table in ("deals", "settlements"):
        op.execute(_TRIGGER.format(table=table))


def _create_settlements() -> None:
    op.create_table(
        "settlements",
        *_texts("house_id", "settlement_id"),
        sa.Column("year", sa.Integer, nullable=False),
        *_numbers("ordinal"),
        *_texts("number", "performance_id", "production_id", "corrects_id", "corrects_number", "title"),
        *_numbers("starts_at_ms"),
        *_texts("currency"),
        *_numbers("gross_minor", "producer_minor", "house_minor", "own_tickets", "own_gross_minor", "reported_sold"),
        *_numbers("finalised_at_ms"),
        sa.Column("content", sa.LargeBinary, nullable=False),
        *_texts("sha256", "key_id"),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "settlement_id", name="pk_settlements"),
    )
    op.create_index("uq_settlements_number", "settlements", ["house_id", "year", "ordinal"], unique=True)
    op.create_index(
        "uq_settlements_first",
        "settlements",
        ["house_id", "performance_id"],
        unique=True,
        postgresql_where=sa.text("corrects_id = ''"),
    )
    op.create_index(
        "uq_settlements_corrects_id",
        "settlements",
        ["house_id", "corrects_id"],
        unique=True,
        postgresql_where=sa.text("corrects_id <> ''"),
    )
    op.create_index("ix_settlements_newest", "settlements", ["house_id", "finalised_at_ms", "settlement_id"])


def downgrade() -> None:
    """Drops them."""
    op.drop_table("settlement_numbers")
    op.drop_table("settlements")
    op.drop_table("deals")
    op.execute("DROP FUNCTION refuse_change_of_settlements()")
    op.drop_table("signing_keys")
