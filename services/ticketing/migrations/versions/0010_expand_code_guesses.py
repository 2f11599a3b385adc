"""Guesses of orders' numbers and codes."""

import sqlalchemy as sa
from alembic import op

from services.runtime.sql.policies import free_rows, secure_rows

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A row for each that is guessed about."""
    op.create_table(
        "code_guesses",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("guessed", sa.Text, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("wrong", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "guessed", name="pk_code_guesses"),
    )
    op.create_index("ix_code_guesses_created_at_ms", "code_guesses", ["created_at_ms"])
    secure_rows("code_guesses")


def downgrade() -> None:
    """Guesses count from nothing again."""
    free_rows("code_guesses")
    op.drop_table("code_guesses")
