"""Payments that are authorised before they are captured: a state of their own, and since when money is kept ready."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_BEFORE = "state IN ('CREATING', 'PENDING', 'SUCCEEDED', 'FAILED', 'CANCELLED')"
_AFTER = "state IN ('CREATING', 'PENDING', 'AUTHORISED', 'SUCCEEDED', 'FAILED', 'CANCELLED')"
_AUTHORISED = (
    "(state = 'AUTHORISED' AND authorised_at_ms IS NOT NULL)"
    " OR (state <> 'AUTHORISED' AND (authorised_at_ms IS NULL OR state IN ('FAILED', 'CANCELLED')))"
)


def upgrade() -> None:
    """Widens what rows may say; nothing there changes."""
    op.add_column("payments", sa.Column("authorised_at_ms", sa.BigInteger))
    op.drop_constraint(op.f("ck_payments_state"), "payments", type_="check")
    op.create_check_constraint("state", "payments", _AFTER)
    op.create_check_constraint("authorised", "payments", _AUTHORISED)
    op.create_index(
        "ix_payments_authorised",
        "payments",
        ["authorised_at_ms"],
        postgresql_where=sa.text("authorised_at_ms IS NOT NULL"),
    )


def downgrade() -> None:
    """Undoes upgrade; what is authorised is pending, as it was called before, and is asked about."""
    op.drop_index("ix_payments_authorised", "payments")
    op.drop_constraint(op.f("ck_payments_authorised"), "payments", type_="check")
    op.execute("UPDATE payments SET state = 'PENDING' WHERE state = 'AUTHORISED'")
    op.drop_constraint(op.f("ck_payments_state"), "payments", type_="check")
    op.create_check_constraint("state", "payments", _BEFORE)
    op.drop_column("payments", "authorised_at_ms")
