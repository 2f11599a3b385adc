"""How houses' paper looks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.runtime.sql.policies import secure_rows

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the table."""
    op.create_table(
        "paper_styles",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("primary_color", sa.Text, nullable=False),
        sa.Column("accent_color", sa.Text, nullable=False),
        sa.Column("address_lines", JSONB, nullable=False),
        sa.Column("conditions", sa.Text, nullable=False),
        sa.Column("logo", sa.LargeBinary, nullable=False),
        sa.Column("stocks", JSONB, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", name="pk_paper_styles"),
    )
    secure_rows("paper_styles")


def downgrade() -> None:
    """Drops the table, and its policy with it."""
    op.drop_table("paper_styles")
