"""The tables of saved reports, their schedules with receivers, and the ledger of what was mailed."""

from __future__ import annotations

import sqlalchemy as sa

from services.reporting.adapters.metadata import metadata

saved_reports = sa.Table(
    "saved_reports",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("saved_report_id", sa.Text, primary_key=True),
    # '': the house's own.
    sa.Column("promoter_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    # balcon.reporting.v1.ReportQuestion.
    sa.Column("question", sa.LargeBinary, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("formats", sa.ARRAY(sa.Text), nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.Column("archived_at_ms", sa.BigInteger),
)
sa.Index(
    "ix_saved_reports_as_made",
    saved_reports.c.house_id,
    saved_reports.c.created_at_ms,
    saved_reports.c.saved_report_id,
)

report_schedules = sa.Table(
    "report_schedules",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("schedule_id", sa.Text, primary_key=True),
    sa.Column("saved_report_id", sa.Text, nullable=False),
    sa.Column("weekdays", sa.ARRAY(sa.Integer), nullable=False),
    sa.Column("local_times", sa.ARRAY(sa.Text), nullable=False),
    sa.Column("notice_email", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("failures_in_row", sa.Integer, nullable=False),
    # Everything due by then has its run.
    sa.Column("planned_until_ms", sa.BigInteger, nullable=False),
    sa.Column("next_due_ms", sa.BigInteger, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.Column("archived_at_ms", sa.BigInteger),
)
sa.Index(
    "ix_report_schedules_due",
    report_schedules.c.next_due_ms,
    postgresql_where=sa.text("state = 'ACTIVE' AND archived_at_ms IS NULL"),
)
sa.Index(
    "ix_report_schedules_as_made",
    report_schedules.c.house_id,
    report_schedules.c.created_at_ms,
    report_schedules.c.schedule_id,
)

schedule_receivers = sa.Table(
    "schedule_receivers",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("schedule_id", sa.Text, primary_key=True),
    sa.Column("receiver_id", sa.Text, primary_key=True),
    # Its place in the list as the house wrote it.
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("left_at_ms", sa.BigInteger),
)

report_runs = sa.Table(
    "report_runs",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("run_id", sa.Text, primary_key=True),
    # '': somebody asked for it now.
    sa.Column("schedule_id", sa.Text, nullable=False),
    sa.Column("saved_report_id", sa.Text, nullable=False),
    sa.Column("due_at_ms", sa.BigInteger, nullable=False),
    # Of a run that somebody asked for, until it has ended.
    sa.Column("email", sa.Text, nullable=False),
    # NULL: it goes on.
    sa.Column("outcome", sa.Text),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
)
# A moment has one run, whoever plans it and however often.
sa.Index(
    "uq_report_runs_due",
    report_runs.c.house_id,
    report_runs.c.schedule_id,
    report_runs.c.due_at_ms,
    unique=True,
    postgresql_where=sa.text("schedule_id <> ''"),
)
sa.Index("ix_report_runs_as_made", report_runs.c.house_id, report_runs.c.created_at_ms, report_runs.c.run_id)
sa.Index("ix_report_runs_open", report_runs.c.created_at_ms, postgresql_where=sa.text("outcome IS NULL"))
sa.Index("ix_report_runs_created_at_ms", report_runs.c.created_at_ms)

report_sends = sa.Table(
    "report_sends",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("run_id", sa.Text, primary_key=True),
    sa.Column("receiver_id", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("unknown", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("ended_at_ms", sa.BigInteger),
    sa.ForeignKeyConstraint(["house_id", "run_id"], ["report_runs.house_id", "report_runs.run_id"], ondelete="CASCADE"),
)
