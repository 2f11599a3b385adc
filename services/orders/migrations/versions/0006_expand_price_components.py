"""What the lines of an order are made of, beside what they cost."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """A column of its own: the release before reads its lines as they were."""
    # Where 0005 has just filled the table, its deferred checks wait.
    op.execute("SET CONSTRAINTS ALL IMMEDIATE")
    op.add_column("order_parts", sa.Column("priced", JSONB))


def downgrade() -> None:
    """Forgets components; prices stay."""
    op.drop_column("order_parts", "priced")
