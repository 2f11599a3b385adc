"""Rows are reachable in the scope of their house only: the second wall, whatever a statement says."""

from services.runtime.sql.policies import free_rows, secure_rows

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TABLES = (
    "act_log",
    "grants",
    "houses",
    "inbox",
    "inbox_sequence",
    "memberships",
    "outbox",
)


def upgrade() -> None:
    """Nothing changes for a superuser, as whom the release before may still be connected."""
    secure_rows(*_TABLES)


def downgrade() -> None:
    """Takes the policies away."""
    free_rows(*_TABLES)
