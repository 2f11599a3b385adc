"""Rows are reachable in the scope of their house only: the second wall, whatever a statement says."""

from services.runtime.sql.policies import (
    free_rows,
    free_rows_without_house,
    secure_rows,
    secure_rows_without_house,
)

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TABLES = (
    "outbox",
    "payments",
    "provider_notices",
)


def upgrade() -> None:
    """Nothing changes for a superuser, as whom the release before may still be connected."""
    secure_rows(*_TABLES)
    # A provider's webhook event names a payment; the payment's house works it off.
    secure_rows_without_house("provider_notices")


def downgrade() -> None:
    """Takes the policies away."""
    free_rows_without_house("provider_notices")
    free_rows(*_TABLES)
