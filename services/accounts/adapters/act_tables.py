"""The table of acts. A trigger, made by its migration, refuses to change, delete or truncate it, whoever asks."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from services.accounts.adapters.metadata import metadata

act_log = sa.Table(
    "act_log",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("act_id", sa.Text, primary_key=True),
    sa.Column("done_at_ms", sa.BigInteger, nullable=False),
    # NULL: nobody asked for it. Ids only: names are looked up when the log is read.
    sa.Column("who_kind", sa.Text),
    sa.Column("who_subject", sa.Text),
    sa.Column("act", sa.Text, nullable=False),
    sa.Column("thing", sa.Text, nullable=False),
    sa.Column("thing_id", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("facts", JSONB, nullable=False),
)
sa.Index("ix_act_log_newest", act_log.c.house_id, act_log.c.done_at_ms, act_log.c.act_id)
sa.Index("ix_act_log_thing", act_log.c.house_id, act_log.c.thing_id, act_log.c.done_at_ms, act_log.c.act_id)
sa.Index("ix_act_log_who", act_log.c.house_id, act_log.c.who_subject, act_log.c.done_at_ms, act_log.c.act_id)
