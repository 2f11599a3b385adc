"""The numbers of passes that a house has listed, as hashes."""

import sqlalchemy as sa
from alembic import op

from services.runtime.sql.policies import free_rows, secure_rows

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing is listed yet."""
    op.create_table(
        "pass_numbers",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("pass_kind_id", sa.Text, nullable=False),
        sa.Column("pass_key", sa.Text, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "pass_kind_id", "pass_key", name="pk_pass_numbers"),
        sa.ForeignKeyConstraint(["house_id"], ["houses.house_id"], name="fk_pass_numbers_house_id"),
    )
    secure_rows("pass_numbers")


def downgrade() -> None:
    """Forgets the lists."""
    free_rows("pass_numbers")
    op.drop_table("pass_numbers")
