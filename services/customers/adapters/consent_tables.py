"""Tables of consents: what is asked, in each version of its text, and how customers have answered, step by step."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from services.customers.adapters.metadata import metadata

consents = sa.Table(
    "consents",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("consent_id", sa.Text, primary_key=True),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("thing_id", sa.Text, nullable=False),
    sa.Column("medium", sa.Text, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("text_version", sa.Integer, nullable=False),
    sa.Column("archived", sa.Boolean, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
)

# Every version that somebody may have answered; `texts`: [[language, title, description], ...].
consent_texts = sa.Table(
    "consent_texts",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("consent_id", sa.Text, primary_key=True),
    sa.Column("text_version", sa.Integer, primary_key=True),
    sa.Column("texts", JSONB, nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
)

answers = sa.Table(
    "answers",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("customer_id", sa.Text, primary_key=True),
    sa.Column("consent_id", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("text_version", sa.Integer, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("changed_at_ms", sa.BigInteger, nullable=False),
    sa.CheckConstraint("state IN ('ASKED', 'CONFIRMED', 'WITHDRAWN')", name="state"),
)
sa.Index("ix_answers_consent_id", answers.c.house_id, answers.c.consent_id, answers.c.customer_id)

# Never changed and never removed but with the person: the proof that somebody has said yes, and to which text.
answer_steps = sa.Table(
    "answer_steps",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    # Ids sort by the time they were made.
    sa.Column("step_id", sa.Text, primary_key=True),
    sa.Column("customer_id", sa.Text, nullable=False),
    sa.Column("consent_id", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("text_version", sa.Integer, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("changed_at_ms", sa.BigInteger, nullable=False),
)
sa.Index("ix_answer_steps_customer_id", answer_steps.c.house_id, answer_steps.c.customer_id)

# What was ticked in a checkout whose order is not there yet.
order_ticks = sa.Table(
    "order_ticks",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("consent_id", sa.Text, primary_key=True),
    sa.Column("text_version", sa.Integer, nullable=False),
    sa.Column("customer_id", sa.Text, nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
)
sa.Index("ix_order_ticks_created_at_ms", order_ticks.c.created_at_ms)
sa.Index("ix_order_ticks_customer_id", order_ticks.c.house_id, order_ticks.c.customer_id)
