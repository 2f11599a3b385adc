"""Rows are reachable in the scope of their house only: the second wall, whatever a statement says."""

from services.runtime.sql.policies import free_rows, secure_rows

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TABLES = (
    "halls",
    "houses",
    "idempotency_keys",
    "outbox",
    "performances",
    "poster_images",
    "price_things",
    "prices",
    "productions",
    "seating_plans",
)


def upgrade() -> None:
    """Nothing changes for a superuser, as whom the release before may still be connected."""
    secure_rows(*_TABLES)


def downgrade() -> None:
    """Takes the policies away."""
    free_rows(*_TABLES)
