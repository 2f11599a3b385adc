"""Grants of houses to addresses, and how often those of an address have changed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates both."""
    op.create_table(
        "grants",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("grant_id", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_key", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("thing_id", sa.Text, nullable=False),
        sa.Column("granted_at_ms", sa.BigInteger, nullable=False),
        sa.Column("withdrawn_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("house_id", "grant_id", name="pk_grants"),
        sa.ForeignKeyConstraint(["house_id"], ["houses.house_id"], name="fk_grants_house_id"),
        sa.CheckConstraint("scope IN ('house', 'production', 'performance')", name="scope"),
        sa.CheckConstraint("(scope = 'house') = (thing_id = '')", name="thing_id"),
    )
    op.create_index("ix_grants_as_made", "grants", ["house_id", "granted_at_ms", "grant_id"])
    op.create_index(
        "uq_grants_standing",
        "grants",
        ["email_key", "house_id", "scope", "thing_id"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at_ms IS NULL"),
    )
    op.create_table(
        "grant_versions",
        sa.Column("email_key", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("email_key", name="pk_grant_versions"),
    )


def downgrade() -> None:
    """Forgets what was granted."""
    op.drop_table("grant_versions")
    op.drop_table("grants")
