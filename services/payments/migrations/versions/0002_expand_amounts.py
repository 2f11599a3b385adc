"""A payment may be as large as any order: the bound has its one home in services.contracts.bounds, not here."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NAME = "ck_payments_amount"


def upgrade() -> None:
    """What was within the old bounds is within the new one."""
    op.drop_constraint(op.f(_NAME), "payments", type_="check")
    op.create_check_constraint(op.f(_NAME), "payments", "amount_minor >= 1")


def downgrade() -> None:
    """Back to the old bounds; larger payments that were made meanwhile stay as they are."""
    op.drop_constraint(op.f(_NAME), "payments", type_="check")
    op.execute(f"ALTER TABLE payments ADD CONSTRAINT {_NAME} CHECK (amount_minor BETWEEN 1 AND 1000000000) NOT VALID")
