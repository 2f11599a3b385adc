"""Rows are reachable in the scope of their house only: the second wall, whatever a statement says."""

from services.runtime.sql.policies import free_rows, secure_rows

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TABLES = (
    "inbox",
    "inbox_sequence",
    "order_parts",
    "orders",
    "outbox",
    "refunds",
    "request_keys",
    "tickets",
)


def upgrade() -> None:
    """Nothing changes for a superuser, as whom the release before may still be connected."""
    secure_rows(*_TABLES)


def downgrade() -> None:
    """Takes the policies away."""
    free_rows(*_TABLES)
