"""Trackers, what they are attached to, visits with what they allow, and what trackers were told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.runtime.sql.policies import secure_rows

revision = "0003"
down_revision = "0002"

_TABLES = ("trackers", "attachments", "shows", "idempotency_keys", "visits", "sales", "tracker_calls")


def upgrade() -> None:
    """Adds the tables."""
    _create_trackers()
    _create_what_is_known()
    _create_visits()
    _create_calls()
    secure_rows(*_TABLES)


def _create_trackers() -> None:
    op.create_table(
        "trackers",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("tracker_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("start_event", sa.Text, nullable=False),
        sa.Column("purchase_event", sa.Text, nullable=False),
        sa.Column("google", JSONB, nullable=False),
        sa.Column("credentials_hint", sa.Text, nullable=False),
        sa.Column("sealed_credentials", sa.LargeBinary, nullable=True),
        sa.Column("archived", sa.Boolean, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "tracker_id", name="pk_trackers"),
    )
    op.create_table(
        "attachments",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("tracker_id", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("thing_id", sa.Text, nullable=False),
        sa.Column("attachment_id", sa.Text, nullable=False),
        sa.Column("attached_at_ms", sa.BigInteger, nullable=False),
        sa.CheckConstraint("scope IN ('PERFORMANCE', 'PRODUCTION')", name=op.f("ck_attachments_scope")),
        sa.ForeignKeyConstraint(
            ["house_id", "tracker_id"],
            ["trackers.house_id", "trackers.tracker_id"],
            name="fk_attachments_house_id_trackers",
        ),
        sa.PrimaryKeyConstraint("house_id", "tracker_id", "scope", "thing_id", name="pk_attachments"),
    )
    op.create_index("ix_attachments_thing_id", "attachments", ["house_id", "thing_id"])


def _create_what_is_known() -> None:
    op.create_table(
        "shows",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("performance_id", sa.Text, nullable=False),
        sa.Column("production_id", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("starts_at_ms", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "performance_id", name="pk_shows"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("request_hash", sa.LargeBinary, nullable=False),
        sa.Column("answer", sa.LargeBinary, nullable=True),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_created_at_ms", "idempotency_keys", ["created_at_ms"])


def _create_visits() -> None:
    op.create_table(
        "visits",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("visit_id", sa.Text, nullable=False),
        sa.Column("consents", JSONB, nullable=False),
        sa.Column("sealed_traces", sa.LargeBinary, nullable=True),
        sa.Column("recorded_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "visit_id", name="pk_visits"),
    )
    op.create_index("ix_visits_recorded_at_ms", "visits", ["recorded_at_ms"])
    op.create_table(
        "sales",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("performance_id", sa.Text, nullable=False),
        sa.Column("visit_id", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=True),
        sa.Column("currency", sa.Text, nullable=True),
        sa.Column("tickets", sa.Integer, nullable=False),
        sa.Column("confirmed_at_ms", sa.BigInteger, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "order_id", "performance_id", name="pk_sales"),
    )
    op.create_index("ix_sales_created_at_ms", "sales", ["created_at_ms"])


def _create_calls() -> None:
    op.create_table(
        "tracker_calls",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("tracker_id", sa.Text, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("performance_id", sa.Text, nullable=False),
        sa.Column("visit_id", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("handed_out_at_ms", sa.BigInteger, nullable=False),
        sa.Column("reached_at_ms", sa.BigInteger, nullable=False),
        sa.Column("queued_at_ms", sa.BigInteger, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "tracker_id", "event_id", name="pk_tracker_calls"),
    )
    op.create_index("ix_tracker_calls_created_at_ms", "tracker_calls", ["created_at_ms"])
    op.create_index("ix_tracker_calls_call_id", "tracker_calls", ["house_id", "call_id"])


def downgrade() -> None:
    """Drops them."""
    for table in reversed(_TABLES):
        op.drop_table(table)
