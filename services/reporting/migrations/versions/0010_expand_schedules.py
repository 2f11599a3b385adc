"""Saved reports, schedules with their receivers, and the ledger of mailed reports."""

import sqlalchemy as sa
from alembic import op

from services.runtime.sql.policies import secure_rows

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TABLES = ("saved_reports", "report_schedules", "schedule_receivers", "report_runs", "report_sends")


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _numbers(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger, nullable=False) for name in names]


def _counts(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.Integer, nullable=False) for name in names]


def upgrade() -> None:
    """Adds the tables."""
    op.create_table(
        "saved_reports",
        *_texts("house_id", "saved_report_id", "promoter_id", "name"),
        sa.Column("question", sa.LargeBinary, nullable=False),
        *_texts("language"),
        sa.Column("formats", sa.ARRAY(sa.Text), nullable=False),
        *_numbers("revision", "created_at_ms"),
        sa.Column("archived_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("house_id", "saved_report_id", name="pk_saved_reports"),
    )
    op.create_index("ix_saved_reports_as_made", "saved_reports", ["house_id", "created_at_ms", "saved_report_id"])
    _create_schedules()
    _create_ledger()
    secure_rows(*_TABLES)


def _create_schedules() -> None:
    op.create_table(
        "report_schedules",
        *_texts("house_id", "schedule_id", "saved_report_id"),
        sa.Column("weekdays", sa.ARRAY(sa.Integer), nullable=False),
        sa.Column("local_times", sa.ARRAY(sa.Text), nullable=False),
        *_texts("notice_email", "state"),
        *_counts("failures_in_row"),
        *_numbers("planned_until_ms", "next_due_ms", "revision", "created_at_ms"),
        sa.Column("archived_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("house_id", "schedule_id", name="pk_report_schedules"),
    )
    op.create_index(
        "ix_report_schedules_due",
        "report_schedules",
        ["next_due_ms"],
        postgresql_where=sa.text("state = 'ACTIVE' AND archived_at_ms IS NULL"),
    )
    op.create_index("ix_report_schedules_as_made", "report_schedules", ["house_id", "created_at_ms", "schedule_id"])
    op.create_table(
        "schedule_receivers",
        *_texts("house_id", "schedule_id", "receiver_id"),
        *_counts("place"),
        *_texts("email"),
        sa.Column("left_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("house_id", "schedule_id", "receiver_id", name="pk_schedule_receivers"),
    )


def _create_ledger() -> None:
    op.create_table(
        "report_runs",
        *_texts("house_id", "run_id", "schedule_id", "saved_report_id"),
        *_numbers("due_at_ms"),
        *_texts("email"),
        sa.Column("outcome", sa.Text),
        *_numbers("created_at_ms"),
        sa.PrimaryKeyConstraint("house_id", "run_id", name="pk_report_runs"),
    )
    op.create_index(
        "uq_report_runs_due",
        "report_runs",
        ["house_id", "schedule_id", "due_at_ms"],
        unique=True,
        postgresql_where=sa.text("schedule_id <> ''"),
    )
    op.create_index("ix_report_runs_as_made", "report_runs", ["house_id", "created_at_ms", "run_id"])
    op.create_index(
        "ix_report_runs_open", "report_runs", ["created_at_ms"], postgresql_where=sa.text("outcome IS NULL")
    )
    op.create_index("ix_report_runs_created_at_ms", "report_runs", ["created_at_ms"])
    op.create_table(
        "report_sends",
        *_texts("house_id", "run_id", "receiver_id", "state"),
        *_counts("attempts", "unknown"),
        *_texts("reason"),
        sa.Column("ended_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("house_id", "run_id", "receiver_id", name="pk_report_sends"),
        sa.ForeignKeyConstraint(
            ["house_id", "run_id"],
            ["report_runs.house_id", "report_runs.run_id"],
            name="fk_report_sends_house_id",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    """Drops them."""
    for table in reversed(_TABLES):
        op.drop_table(table)
