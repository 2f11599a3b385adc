"""Allotments (R1): what offices have, seat by seat, and every step that was taken."""

import sqlalchemy as sa
from alembic import op

from services.runtime.sql.policies import free_rows, secure_rows

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TABLES = ("allotment", "allotment_seat", "allotment_step")


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(64), primary_key=True)


def _text(name: str, length: int = 64) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _small(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.SmallInteger, nullable=False)


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False)


def upgrade() -> None:
    """An older version beside this one loads performances without them: hand its owners over before seats are allotted.

    Nothing calls the service of allotments before every node has it.
    """
    op.create_table(
        "allotment",
        _key("performance_id"),
        _key("allotment_id"),
        _text("house_id"),
        _small("kind"),
        _text("office_id"),
        _text("note", 200),
        _text("override_reason", 200),
        _number("version"),
        _integer("handed_out"),
        _integer("returned"),
        _number("return_due_at_ms"),
        _flag("return_pending"),
        _number("closed_at_ms"),
        _number("created_at_ms"),
        _number("epoch"),
    )
    op.create_index("ix_allotment_due", "allotment", ["return_due_at_ms"], postgresql_where=sa.text("return_pending"))
    op.create_table(
        "allotment_seat",
        _key("performance_id"),
        sa.Column("seat_index", sa.Integer, primary_key=True),
        _text("house_id"),
        _text("allotment_id"),
        _text("seat_id"),
        _flag("reported_sold"),
        _number("epoch"),
    )
    op.create_table(
        "allotment_step",
        _key("performance_id"),
        _key("step_id"),
        _text("house_id"),
        _text("allotment_id"),
        _number("version"),
        _small("kind"),
        _text("asked"),
        sa.Column("seat_ids", sa.ARRAY(sa.String(64)), nullable=False),
        _text("reason", 200),
        _number("at_ms"),
        _number("epoch"),
    )
    op.create_index(
        "uq_allotment_step_version", "allotment_step", ["performance_id", "allotment_id", "version"], unique=True
    )
    secure_rows(*_TABLES)


def downgrade() -> None:
    """Forgets them: export first."""
    free_rows(*_TABLES)
    for table in reversed(_TABLES):
        op.drop_table(table)
