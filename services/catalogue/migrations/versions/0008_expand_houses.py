"""Houses are accounts': here are copies, with their languages, and the revision that says which of two is newer."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rows that an older version has made, or makes beside this one, are older than anything accounts tells."""
    op.add_column("houses", sa.Column("languages", sa.ARRAY(sa.Text), nullable=False, server_default="{}"))
    op.add_column("houses", sa.Column("revision", sa.BigInteger, nullable=False, server_default="0"))


def downgrade() -> None:
    """Accounts tells both again."""
    op.drop_column("houses", "revision")
    op.drop_column("houses", "languages")
