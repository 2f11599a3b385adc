"""What is asked, and how customers have answered, step by step."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.runtime.sql.policies import secure_rows

revision = "0002"
down_revision = "0001"

_TABLES = (
    "consents",
    "consent_texts",
    "answers",
    "answer_steps",
    "order_ticks",
)


def upgrade() -> None:
    """Adds the tables."""
    _create_questions()
    _create_answers()
    secure_rows(*_TABLES)


def _create_questions() -> None:
    op.create_table(
        "consents",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("consent_id", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("thing_id", sa.Text, nullable=False),
        sa.Column("medium", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("text_version", sa.Integer, nullable=False),
        sa.Column("archived", sa.Boolean, nullable=False),
        sa.Column("revision", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "consent_id", name="pk_consents"),
    )
    op.create_table(
        "consent_texts",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("consent_id", sa.Text, nullable=False),
        sa.Column("text_version", sa.Integer, nullable=False),
        sa.Column("texts", JSONB, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "consent_id", "text_version", name="pk_consent_texts"),
    )


def _create_answers() -> None:
    op.create_table(
        "answers",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("consent_id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("text_version", sa.Integer, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("changed_at_ms", sa.BigInteger, nullable=False),
        sa.CheckConstraint("state IN ('ASKED', 'CONFIRMED', 'WITHDRAWN')", name=op.f("ck_answers_state")),
        sa.PrimaryKeyConstraint("house_id", "customer_id", "consent_id", name="pk_answers"),
    )
    op.create_index("ix_answers_consent_id", "answers", ["house_id", "consent_id", "customer_id"])
    op.create_table(
        "answer_steps",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("step_id", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("consent_id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("text_version", sa.Integer, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("changed_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "step_id", name="pk_answer_steps"),
    )
    op.create_index("ix_answer_steps_customer_id", "answer_steps", ["house_id", "customer_id"])
    op.create_table(
        "order_ticks",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("consent_id", sa.Text, nullable=False),
        sa.Column("text_version", sa.Integer, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "order_id", "consent_id", name="pk_order_ticks"),
    )
    op.create_index("ix_order_ticks_created_at_ms", "order_ticks", ["created_at_ms"])
    op.create_index("ix_order_ticks_customer_id", "order_ticks", ["house_id", "customer_id"])


def downgrade() -> None:
    """Drops them."""
    for table in reversed(_TABLES):
        op.drop_table(table)
