"""What prices are made of, and what a house keeps about its prices: VAT classes, rules."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A price without components is its own base, so that what an older version writes goes on to be right."""
    op.create_table(
        "price_things",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("sort", sa.Text, nullable=False),
        sa.Column("thing_id", sa.Text, nullable=False),
        sa.Column("body", JSONB, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
        sa.Column("archived_at_ms", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "sort", "thing_id", name="pk_price_things"),
        sa.ForeignKeyConstraint(["house_id"], ["houses.house_id"], name="fk_price_things_house_id"),
    )
    op.create_index("ix_price_things_as_made", "price_things", ["house_id", "sort", "created_at_ms", "thing_id"])
    op.add_column("prices", sa.Column("components", JSONB))
    op.add_column("performances", sa.Column("prices_revision", sa.BigInteger, nullable=False, server_default="1"))


def downgrade() -> None:
    """Forgets what prices are made of; what they cost stays."""
    op.drop_column("performances", "prices_revision")
    op.drop_column("prices", "components")
    op.drop_table("price_things")
