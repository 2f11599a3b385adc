"""What statements tell besides allotments: contingent discounts' sales, and which office has which allotment."""

import sqlalchemy as sa
from alembic import op

from services.runtime.sql.policies import secure_rows

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def upgrade() -> None:
    """Adds the tables."""
    op.create_table(
        "discount_sales",
        *_texts("house_id", "order_id", "performance_id", "seat_id", "office_id", "discount_id"),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "order_id", "performance_id", "seat_id", name="pk_discount_sales"),
    )
    op.create_index("ix_discount_sales_office", "discount_sales", ["house_id", "office_id", "performance_id"])
    op.create_table(
        "office_allotments",
        *_texts("house_id", "allotment_id", "performance_id", "office_id"),
        sa.PrimaryKeyConstraint("house_id", "performance_id", "allotment_id", name="pk_office_allotments"),
    )
    op.create_index("ix_office_allotments_office", "office_allotments", ["house_id", "office_id"])
    secure_rows("discount_sales", "office_allotments")


def downgrade() -> None:
    """Drops them."""
    op.drop_table("office_allotments")
    op.drop_table("discount_sales")
