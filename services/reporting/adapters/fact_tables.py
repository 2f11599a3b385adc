"""The tables of read models that keep what others say: the latest word of each thing wins."""

from __future__ import annotations

from sqlalchemy import ARRAY, BigInteger, Boolean, Column, Index, Integer, SmallInteger, Table, Text

from services.reporting.adapters.metadata import metadata


def _key() -> list[Column[int] | Column[str]]:
    return [
        Column("generation", BigInteger, primary_key=True),
        Column("house_id", Text, primary_key=True),
        Column("performance_id", Text, primary_key=True),
    ]


performance_facts = Table(
    "performance_facts",
    metadata,
    *_key(),
    Column("sequence", BigInteger, nullable=False),
    Column("production_id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("hall_id", Text, nullable=False),
    # 0: not said.
    Column("starts_at_ms", BigInteger, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("currency", Text, nullable=False),
    Column("is_cancelled", Boolean, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Index("ix_performance_facts_starts_at_ms", "generation", "house_id", "starts_at_ms"),
)

house_facts = Table(
    "house_facts",
    metadata,
    Column("generation", BigInteger, primary_key=True),
    Column("house_id", Text, primary_key=True),
    Column("revision", BigInteger, nullable=False),
    Column("label", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("languages", ARRAY(Text), nullable=False),
)

seat_counts = Table(
    "seat_counts",
    metadata,
    *_key(),
    Column("epoch", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("free", Integer, nullable=False),
    Column("held", Integer, nullable=False),
    Column("claimed", Integer, nullable=False),
    Column("sold", Integer, nullable=False),
    Column("blocked", Integer, nullable=False),
    Column("reserved", Integer, nullable=False),
    Column("allotted", Integer, nullable=False),
    Column("reported_sold", Integer, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

allotment_facts = Table(
    "allotment_facts",
    metadata,
    *_key(),
    Column("allotment_id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("office_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("handed_out", Integer, nullable=False),
    Column("reported_sold", Integer, nullable=False),
    Column("returned", Integer, nullable=False),
    Column("open", Integer, nullable=False),
    Column("is_closed", Boolean, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
)

# Each step of a visit once, for as long as the visit may tell it again.
funnel_steps = Table(
    "funnel_steps",
    metadata,
    *_key(),
    Column("visit_id", Text, primary_key=True),
    Column("step", SmallInteger, primary_key=True),
    Column("reached_at_ms", BigInteger, nullable=False),
    Index("ix_funnel_steps_reached_at_ms", "generation", "house_id", "reached_at_ms"),
)

funnel_counts = Table(
    "funnel_counts",
    metadata,
    *_key(),
    Column("step", SmallInteger, primary_key=True),
    Column("visits", BigInteger, nullable=False),
)
