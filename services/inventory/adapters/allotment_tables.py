"""The tables of allotments: what offices have, seat by seat, and every step that was taken."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    text,
)


def allotment_tables(metadata: MetaData) -> tuple[Table, Table, Table]:
    """Adds `allotment`, `allotment_seat` and `allotment_step` to the service's own."""
    return _allotment(metadata), _allotment_seat(metadata), _allotment_step(metadata)


def _allotment(metadata: MetaData) -> Table:
    return Table(
        "allotment",
        metadata,
        Column("performance_id", String(64), primary_key=True),
        Column("allotment_id", String(64), primary_key=True),
        Column("house_id", String(64), nullable=False),
        Column("kind", SmallInteger, nullable=False),
        Column("office_id", String(64), nullable=False),
        Column("note", String(200), nullable=False),
        Column("override_reason", String(200), nullable=False),
        Column("version", BigInteger, nullable=False),
        Column("handed_out", Integer, nullable=False),
        Column("returned", Integer, nullable=False),
        # Unix milliseconds; 0: none.
        Column("return_due_at_ms", BigInteger, nullable=False),
        Column("return_pending", Boolean, nullable=False),
        Column("closed_at_ms", BigInteger, nullable=False),
        Column("created_at_ms", BigInteger, nullable=False),
        Column("epoch", BigInteger, nullable=False),
        # For the look at what is due.
        Index("ix_allotment_due", "return_due_at_ms", postgresql_where=text("return_pending")),
    )


def _allotment_seat(metadata: MetaData) -> Table:
    """A row per seat that is in an allotment now: its key is the guard against a seat in two (R1.4)."""
    return Table(
        "allotment_seat",
        metadata,
        Column("performance_id", String(64), primary_key=True),
        Column("seat_index", Integer, primary_key=True),
        Column("house_id", String(64), nullable=False),
        Column("allotment_id", String(64), nullable=False),
        Column("seat_id", String(64), nullable=False),
        Column("reported_sold", Boolean, nullable=False),
        Column("epoch", BigInteger, nullable=False),
    )


def _allotment_step(metadata: MetaData) -> Table:
    """A row per step: what its caller's id stands for, and the allotment's history."""
    return Table(
        "allotment_step",
        metadata,
        Column("performance_id", String(64), primary_key=True),
        Column("step_id", String(64), primary_key=True),
        Column("house_id", String(64), nullable=False),
        Column("allotment_id", String(64), nullable=False),
        Column("version", BigInteger, nullable=False),
        Column("kind", SmallInteger, nullable=False),
        Column("asked", String(64), nullable=False),
        # In the plan's order of then; ids stay when plans change.
        Column("seat_ids", ARRAY(String(64)), nullable=False),
        Column("reason", String(200), nullable=False),
        Column("at_ms", BigInteger, nullable=False),
        Column("epoch", BigInteger, nullable=False),
        Index("uq_allotment_step_version", "performance_id", "allotment_id", "version", unique=True),
    )
