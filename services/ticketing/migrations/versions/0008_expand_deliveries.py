"""The ledger of letters to buyers, and who holds a ticket that its buyer does not."""

import sqlalchemy as sa
from alembic import op

from services.runtime.sql.policies import secure_rows

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def upgrade() -> None:
    """Adds the table and the columns."""
    op.create_table(
        "deliveries",
        *_texts("house_id", "delivery_id", "order_id", "kind", "occasion", "performance_id"),
        *_numbers("happened_at_ms", "was_at_ms"),
        *_texts("customer_id", "buyer_id"),
        sa.Column("ticket_ids", sa.ARRAY(sa.Text), nullable=False),
        *_texts("state"),
        *_numbers("attempts", "unknown"),
        *_texts("reason"),
        *_numbers("due_at_ms", "created_at_ms"),
        sa.Column("ended_at_ms", sa.BigInteger),
        sa.Column("sealed_email", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "delivery_id", name="pk_deliveries"),
        sa.CheckConstraint("(ended_at_ms IS NULL) = (state IN ('DUE', 'SENDING'))", name=op.f("ck_deliveries_ended")),
        sa.CheckConstraint("ended_at_ms IS NULL OR sealed_email = ''", name=op.f("ck_deliveries_forgotten")),
    )
    columns = ["house_id", "order_id", "kind", "performance_id", "occasion", "customer_id"]
    op.create_index("uq_deliveries_occasion", "deliveries", columns, unique=True)
    op.create_index("ix_deliveries_due", "deliveries", ["due_at_ms"], postgresql_where=sa.text("ended_at_ms IS NULL"))
    op.create_index("ix_deliveries_as_made", "deliveries", ["house_id", "created_at_ms", "delivery_id"])
    op.create_index(
        "ix_deliveries_buyer", "deliveries", ["house_id", "buyer_id"], postgresql_where=sa.text("buyer_id <> ''")
    )
    secure_rows("deliveries")
    op.add_column("tickets", sa.Column("holder_id", sa.Text, nullable=False, server_default=""))
    op.add_column("tickets", sa.Column("sealed_name", sa.LargeBinary, nullable=False, server_default=""))


def downgrade() -> None:
    """Drops them."""
    op.drop_column("tickets", "sealed_name")
    op.drop_column("tickets", "holder_id")
    op.drop_table("deliveries")
