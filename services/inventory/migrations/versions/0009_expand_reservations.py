"""Reservations (R4.8): seats promised without payment, and what became of the promise."""

import sqlalchemy as sa
from alembic import op

from services.runtime.sql.policies import free_rows, secure_rows

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TABLES = ("reservation", "reserved_seat")


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(64), primary_key=True)


def _text(name: str, length: int = 64) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def upgrade() -> None:
    """As with allotments: hand the owners of older nodes over before seats are reserved."""
    op.create_table(
        "reservation",
        _key("performance_id"),
        _key("reservation_id"),
        _text("house_id"),
        _text("holder_id"),
        sa.Column("channel", sa.SmallInteger, nullable=False),
        _text("reference", 200),
        _number("deadline_ms"),
        _number("reserved_at_ms"),
        _text("asked"),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("seat_ids", sa.ARRAY(sa.String(64)), nullable=False),
        _number("epoch"),
    )
    due = sa.text("state = 1 AND deadline_ms > 0")
    op.create_index("ix_reservation_due", "reservation", ["deadline_ms"], postgresql_where=due)
    op.create_table(
        "reserved_seat",
        _key("performance_id"),
        sa.Column("seat_index", sa.Integer, primary_key=True),
        _text("house_id"),
        _text("reservation_id"),
        _text("seat_id"),
        _number("epoch"),
    )
    secure_rows(*_TABLES)


def downgrade() -> None:
    """Forgets them: release first."""
    free_rows(*_TABLES)
    for table in reversed(_TABLES):
        op.drop_table(table)
