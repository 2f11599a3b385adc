"""Plans that houses may pick from, and requests to the operator to draw one."""

import sqlalchemy as sa
from alembic import op

from services.runtime.sql.policies import secure_rows

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables only."""
    op.create_table(
        "shared_plans",
        sa.Column("shared_plan_id", sa.Text, nullable=False),
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("city", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("seat_count", sa.Integer, nullable=False),
        sa.Column("categories", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("source", sa.LargeBinary, nullable=False),
        sa.Column("sidecar", sa.LargeBinary),
        sa.Column("published_at_ms", sa.BigInteger, nullable=False),
        sa.Column("withdrawn_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("shared_plan_id", name="pk_shared_plans"),
    )
    op.create_index("ix_shared_plans_by_publication", "shared_plans", ["published_at_ms", "shared_plan_id"])
    op.create_table(
        "plan_drawings",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("drawing_id", sa.Text, nullable=False),
        sa.Column("hall_id", sa.Text, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("attachment", sa.LargeBinary),
        sa.Column("attachment_type", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("plan_version", sa.Integer),
        sa.Column("requested_at_ms", sa.BigInteger, nullable=False),
        sa.Column("changed_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "drawing_id", name="pk_plan_drawings"),
        sa.ForeignKeyConstraint(
            ["house_id", "hall_id"], ["halls.house_id", "halls.hall_id"], name="fk_plan_drawings_house_id"
        ),
        sa.CheckConstraint(
            "state IN ('requested', 'in_work', 'delivered', 'declined')", name=op.f("ck_plan_drawings_state")
        ),
    )
    op.create_index("ix_plan_drawings_by_request", "plan_drawings", ["requested_at_ms", "drawing_id"])
    secure_rows("shared_plans", "plan_drawings")


def downgrade() -> None:
    """Forgets both."""
    op.drop_table("plan_drawings")
    op.drop_table("shared_plans")
