"""The act log, which the database itself keeps from being changed, and the inbox of the acts that services tell."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.runtime.outbox.migration import create_inbox_tables, drop_inbox_tables

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# For whoever owns the table, too: what was done stays done, and a mistake of ours cannot rewrite it.
_REFUSE = """
CREATE FUNCTION refuse_change_of_act_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the act log is append-only' USING ERRCODE = 'insufficient_privilege';
END $$
"""
_TRIGGER = """
CREATE TRIGGER act_log_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON act_log
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_act_log()
"""


def upgrade() -> None:
    """Creates both."""
    op.create_table(
        "act_log",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("act_id", sa.Text, nullable=False),
        sa.Column("done_at_ms", sa.BigInteger, nullable=False),
        sa.Column("who_kind", sa.Text),
        sa.Column("who_subject", sa.Text),
        sa.Column("act", sa.Text, nullable=False),
        sa.Column("thing", sa.Text, nullable=False),
        sa.Column("thing_id", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("facts", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "act_id", name="pk_act_log"),
    )
    for name, columns in (
        ("newest", ["house_id", "done_at_ms", "act_id"]),
        ("thing", ["house_id", "thing_id", "done_at_ms", "act_id"]),
        ("who", ["house_id", "who_subject", "done_at_ms", "act_id"]),
    ):
        op.create_index(f"ix_act_log_{name}", "act_log", columns)
    op.execute(_REFUSE)
    op.execute(_TRIGGER)
    create_inbox_tables()


def downgrade() -> None:
    """Forgets the log."""
    drop_inbox_tables()
    op.drop_table("act_log")
    op.execute("DROP FUNCTION refuse_change_of_act_log()")
