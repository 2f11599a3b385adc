"""What makes tokens void before their time, for services to ask for."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates the table."""
    op.create_table(
        "revocations",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("void_until_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_revocations"),
    )
    op.create_index("ix_revocations_void_until_ms", "revocations", ["void_until_ms"])


def downgrade() -> None:
    """Forgets what is revoked."""
    op.drop_table("revocations")
