"""The tables of reservations (R4.8): one row each, ended ones too, and one for every seat that is reserved."""

from __future__ import annotations

from sqlalchemy import ARRAY, BigInteger, Column, Index, Integer, MetaData, SmallInteger, String, Table, text


def reservation_tables(metadata: MetaData) -> tuple[Table, Table]:
    """Adds `reservation` and `reserved_seat` to the service's own."""
    return _reservation(metadata), _reserved_seat(metadata)


def _reservation(metadata: MetaData) -> Table:
    return Table(
        "reservation",
        metadata,
        Column("performance_id", String(64), primary_key=True),
        Column("reservation_id", String(64), primary_key=True),
        Column("house_id", String(64), nullable=False),
        Column("holder_id", String(64), nullable=False),
        Column("channel", SmallInteger, nullable=False),
        Column("reference", String(200), nullable=False),
        # Unix milliseconds; 0: none.
        Column("deadline_ms", BigInteger, nullable=False),
        Column("reserved_at_ms", BigInteger, nullable=False),
        Column("asked", String(64), nullable=False),
        # balcon.inventory.v1.ReservationState.
        Column("state", SmallInteger, nullable=False),
        # In the plan's order of then; ids stay when plans change.
        Column("seat_ids", ARRAY(String(64)), nullable=False),
        Column("epoch", BigInteger, nullable=False),
        Index("ix_reservation_due", "deadline_ms", postgresql_where=text("state = 1 AND deadline_ms > 0")),
    )


def _reserved_seat(metadata: MetaData) -> Table:
    """No seat is in two: the key says so."""
    return Table(
        "reserved_seat",
        metadata,
        Column("performance_id", String(64), primary_key=True),
        Column("seat_index", Integer, primary_key=True),
        Column("house_id", String(64), nullable=False),
        Column("reservation_id", String(64), nullable=False),
        Column("seat_id", String(64), nullable=False),
        Column("epoch", BigInteger, nullable=False),
    )
