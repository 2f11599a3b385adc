"""Podiumkunst's own read model of sales, and what of it was told. Their DDL over time is in migrations."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from services.integrations.podiumkunst.adapters.metadata import metadata


def _performance() -> list[Column[str]]:
    return [Column("house_id", Text, primary_key=True), Column("performance_id", Text, primary_key=True)]


# What is known of each order at each performance; kinds, tickets and recettes are what is left of it.
figure_orders = Table(
    "figure_orders",
    metadata,
    *_performance(),
    Column("order_id", Text, primary_key=True),
    Column("seller_kind", Text, nullable=False),
    Column("seller", Text, nullable=False),
    Column("currency", Text, nullable=False),
    # The tickets as they were sold, each with its kind and parts; NULL: not sold (yet).
    Column("lines", LargeBinary),
    Column("back_minor", BigInteger, nullable=False),
    Column("is_back", Boolean, nullable=False),
    # What was taken of it line by line, as a Cut; NULL: nothing.
    Column("cut", LargeBinary),
    Column("kinds", ARRAY(Text), nullable=False),
    Column("tickets", ARRAY(Integer), nullable=False),
    Column("recettes", ARRAY(BigInteger), nullable=False),
)

# What all orders have left together.
figure_sums = Table(
    "figure_sums",
    metadata,
    *_performance(),
    Column("kind", Text, primary_key=True),
    Column("seller_kind", Text, primary_key=True),
    Column("seller", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("tickets", BigInteger, nullable=False),
    Column("recette_minor", BigInteger, nullable=False),
)

# Counts of seats as their owner told them last.
figure_seats = Table(
    "figure_seats",
    metadata,
    *_performance(),
    Column("epoch", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("reserved", Integer, nullable=False),
    Column("blocked", Integer, nullable=False),
)

# Allotments of offices (R1), as each was last.
figure_allotments = Table(
    "figure_allotments",
    metadata,
    *_performance(),
    Column("allotment_id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("office_id", Text, nullable=False),
    Column("reported_sold", Integer, nullable=False),
)

# Who tells the platform itself (R0.14).
figure_rules = Table(
    "figure_rules",
    metadata,
    Column("house_id", Text, primary_key=True),
    Column("resellers", ARRAY(Text), nullable=False),
    Column("offices", ARRAY(Text), nullable=False),
    Column("version", BigInteger, nullable=False),
)

# Every state that was put out lately for one part of a number, and those that were put or told last; the platform can
# have been told no other.
figure_states = Table(
    "figure_states",
    metadata,
    Column("house_id", Text, primary_key=True),
    Column("number", Text, primary_key=True),
    Column("part", Text, primary_key=True),
    # SHA-256 of the body.
    Column("digest", LargeBinary, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    Column("put_at_ms", BigInteger, nullable=False),
)

# Of each part of a number: what was put out last, what the platform has taken, and its last answer.
figure_told = Table(
    "figure_told",
    metadata,
    Column("house_id", Text, primary_key=True),
    Column("number", Text, primary_key=True),
    Column("part", Text, primary_key=True),
    Column("performance_id", Text, nullable=False),
    Column("put", LargeBinary, nullable=False),
    Column("put_at_ms", BigInteger, nullable=False),
    Column("told", LargeBinary),
    Column("told_at_ms", BigInteger, nullable=False),
    Column("answered_at_ms", BigInteger, nullable=False),
    Column("answer", Text, nullable=False),
    # In the words of the outbound base; '' before any answer.
    Column("outcome", Text, nullable=False),
)

# When the house's figures go out next, in house time.
figure_rounds = Table(
    "figure_rounds",
    metadata,
    Column("house_id", Text, primary_key=True),
    Column("hourly_at_ms", BigInteger, nullable=False),
    Column("nightly_at_ms", BigInteger, nullable=False),
)
