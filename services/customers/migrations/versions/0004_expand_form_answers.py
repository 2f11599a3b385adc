"""What buyers answer in a house's form is kept with their orders."""

import sqlalchemy as sa
from alembic import op

from services.runtime.sql.policies import secure_rows

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the table."""
    op.create_table(
        "form_answers",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("keep_until_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "order_id", name="pk_form_answers"),
    )
    op.create_index("ix_form_answers_customer_id", "form_answers", ["house_id", "customer_id"])
    op.create_index("ix_form_answers_keep_until_ms", "form_answers", ["keep_until_ms"])
    secure_rows("form_answers")


def downgrade() -> None:
    """Drops it."""
    op.drop_table("form_answers")
