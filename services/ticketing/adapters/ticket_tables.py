"""Tables of tickets. At most one ticket of a seat lets in: the database says so, whatever asks it."""

from __future__ import annotations

import sqlalchemy as sa

from services.ticketing.adapters.metadata import metadata

tickets = sa.Table(
    "tickets",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("ticket_id", sa.Text, primary_key=True),
    sa.Column("performance_id", sa.Text, nullable=False),
    sa.Column("order_id", sa.Text, nullable=False),
    sa.Column("allotment_id", sa.Text, nullable=False),
    # Since when the order has been paid, or the allotment's version.
    sa.Column("as_of", sa.BigInteger, nullable=False),
    sa.Column("print_id", sa.Text, nullable=False),
    sa.Column("seat_id", sa.Text, nullable=False),
    sa.Column("ticket_type", sa.Text, nullable=False),
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("seat_row", sa.Text, nullable=False),
    sa.Column("seat", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("is_foreign", sa.Boolean, nullable=False),
    sa.Column("issued_at_ms", sa.BigInteger, nullable=False),
    # Whose it is where its buyer has passed it on: a customer.
    sa.Column("holder_id", sa.Text, nullable=False, server_default=""),
    # Who is to sit there, where somebody said.
    sa.Column("sealed_name", sa.LargeBinary, nullable=False, server_default=""),
    # All three NULL: it lets in.
    sa.Column("voided_at_ms", sa.BigInteger),
    sa.Column("void_reason", sa.Text),
    # Its number in the performance's list of what is void.
    sa.Column("revocation", sa.BigInteger),
    sa.CheckConstraint("(order_id = '') <> (allotment_id = '')", name="source"),
    sa.CheckConstraint(
        "(voided_at_ms IS NULL) = (void_reason IS NULL) AND (voided_at_ms IS NULL) = (revocation IS NULL)",
        name="void",
    ),
)
sa.Index(
    "uq_tickets_valid_seat",
    tickets.c.house_id,
    tickets.c.performance_id,
    tickets.c.seat_id,
    unique=True,
    postgresql_where=sa.text("voided_at_ms IS NULL"),
)
sa.Index(
    "uq_tickets_foreign_code",
    tickets.c.house_id,
    tickets.c.performance_id,
    tickets.c.code,
    unique=True,
    postgresql_where=sa.text("is_foreign AND voided_at_ms IS NULL"),
)
sa.Index(
    "uq_tickets_revocation",
    tickets.c.house_id,
    tickets.c.performance_id,
    tickets.c.revocation,
    unique=True,
    postgresql_where=sa.text("revocation IS NOT NULL"),
)
sa.Index("ix_tickets_order", tickets.c.house_id, tickets.c.order_id, postgresql_where=sa.text("order_id <> ''"))
sa.Index(
    "ix_tickets_allotment",
    tickets.c.house_id,
    tickets.c.allotment_id,
    postgresql_where=sa.text("allotment_id <> ''"),
)

# Orders whose money goes back: a late request finds that there are no tickets for them any more.
ended_orders = sa.Table(
    "ended_orders",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("ended_at_ms", sa.BigInteger, nullable=False),
)

# The last number of each performance's list of void tickets; its row is locked by whoever voids.
revocation_counters = sa.Table(
    "revocation_counters",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("performance_id", sa.Text, primary_key=True),
    sa.Column("last_number", sa.BigInteger, nullable=False),
)
