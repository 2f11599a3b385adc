"""The catalogue's tables. Every row of a house has its id first in the key, and references stay inside the house."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from services.contracts.answer_rows import answer_table
from services.runtime.outbox.tables import outbox_tables, pause_table
from services.runtime.sql.engine import new_metadata

metadata = new_metadata()

# Copies of what accounts tells; it alone makes and changes houses.
houses = sa.Table(
    "houses",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("label", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("time_zone", sa.Text, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.Column("languages", sa.ARRAY(sa.Text), nullable=False, server_default="{}"),
    # Of accounts; 0: from before it knew the house.
    sa.Column("revision", sa.BigInteger, nullable=False, server_default="0"),
)

halls = sa.Table(
    "halls",
    metadata,
    sa.Column("house_id", sa.Text, sa.ForeignKey("houses.house_id"), primary_key=True),
    sa.Column("hall_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    # Its row lock is what makes versions dense.
    sa.Column("latest_plan_version", sa.Integer, nullable=False, server_default="0"),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.Column("address", sa.Text, nullable=False, server_default=""),
    sa.Column("city", sa.Text, nullable=False, server_default=""),
    sa.Column("description", sa.Text, nullable=False, server_default=""),
    # NULL: it is in use.
    sa.Column("archived_at_ms", sa.BigInteger),
    sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
)
sa.Index("ix_halls_by_creation", halls.c.house_id, halls.c.created_at_ms, halls.c.hall_id)

seating_plans = sa.Table(
    "seating_plans",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("hall_id", sa.Text, primary_key=True),
    sa.Column("plan_version", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("seat_count", sa.Integer, nullable=False),
    sa.Column("categories", sa.ARRAY(sa.Text), nullable=False),
    # The plan as Balcon reads it: MessagePack, zlib. plan_blob.py knows the shape.
    sa.Column("plan", sa.LargeBinary, nullable=False),
    # The document as it was imported, zlib: it also has what is only drawn.
    sa.Column("source", sa.LargeBinary, nullable=False),
    # Its sidecar, zlib; NULL: there was none.
    sa.Column("sidecar", sa.LargeBinary),
    sa.Column("imported_at_ms", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(["house_id", "hall_id"], ["halls.house_id", "halls.hall_id"]),
    sa.CheckConstraint("plan_version >= 1", name="plan_version"),
    sa.CheckConstraint("seat_count >= 1", name="seat_count"),
)

productions = sa.Table(
    "productions",
    metadata,
    sa.Column("house_id", sa.Text, sa.ForeignKey("houses.house_id"), primary_key=True),
    sa.Column("production_id", sa.Text, primary_key=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("performer", sa.Text, nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    # NULL: `performer` is the only one, or nobody.
    sa.Column("performers", sa.ARRAY(sa.Text)),
    sa.Column("default_language", sa.Text, nullable=False, server_default="en"),
    sa.Column("subtitle", sa.Text, nullable=False, server_default=""),
    sa.Column("description", sa.Text, nullable=False, server_default=""),
    sa.Column("translations", JSONB, nullable=False, server_default=sa.text("'[]'::jsonb")),
    sa.Column("genre", sa.Text),
    sa.Column("duration_minutes", sa.Integer, nullable=False, server_default="0"),
    sa.Column("from_age", sa.Integer, nullable=False, server_default="0"),
    sa.Column("to_age", sa.Integer, nullable=False, server_default="0"),
    sa.Column("credits", sa.Text, nullable=False, server_default=""),
    sa.Column("source_url", sa.Text, nullable=False, server_default=""),
    sa.Column("external_codes", JSONB, nullable=False, server_default=sa.text("'[]'::jsonb")),
    # Made of the above, for lists: what their text is looked for in, and how much of a page the row takes.
    sa.Column("search_text", sa.Text, nullable=False, server_default=""),
    sa.Column("answer_parts", sa.Integer, nullable=False, server_default="1"),
    sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
    sa.Column("archived_at_ms", sa.BigInteger),
)
sa.Index("ix_productions_by_age", productions.c.house_id, productions.c.created_at_ms, productions.c.production_id)

# A row a size, all of one version.
poster_images = sa.Table(
    "poster_images",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("production_id", sa.Text, primary_key=True),
    sa.Column("width", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("height", sa.Integer, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.ForeignKeyConstraint(
        ["house_id", "production_id"],
        ["productions.house_id", "productions.production_id"],
        name="fk_poster_images_production",
    ),
)

# Of a performance; 0: it has not come, or is not said.
INSTANTS = (
    "doors_at_ms",
    "ends_at_ms",
    "opens_at_ms",
    "closes_at_ms",
    "published_at_ms",
    "refund_until_ms",
    "cancelled_at_ms",
    "archived_at_ms",
)

performances = sa.Table(
    "performances",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("performance_id", sa.Text, primary_key=True),
    sa.Column("hall_id", sa.Text, nullable=False),
    sa.Column("plan_version", sa.Integer, nullable=False),
    sa.Column("production_id", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("starts_at_ms", sa.BigInteger, nullable=False),
    sa.Column("sale_state", sa.Text, nullable=False),
    sa.Column("seats_per_holder", sa.Integer, nullable=False),
    sa.Column("seats_per_customer", sa.Integer, nullable=False, server_default="0"),
    sa.Column("seats_per_instrument", sa.Integer, nullable=False, server_default="0"),
    sa.Column("hold_ttl_seconds", sa.Integer, nullable=False),
    sa.Column("capacity", sa.Integer, nullable=False),
    sa.Column("refuses_orphans", sa.Boolean, nullable=False),
    # The plan that it is on its way to; NULL: none. Kept while the owner of its seats is asked.
    sa.Column("wanted_plan_version", sa.Integer),
    # NULL: the start.
    sa.Column("sale_ends_at_ms", sa.BigInteger),
    sa.Column("prices_revision", sa.BigInteger, nullable=False, server_default="1"),
    *(sa.Column(name, sa.BigInteger, nullable=False, server_default="0") for name in INSTANTS),
    sa.Column("admission", sa.Text, nullable=False, server_default="at_start"),
    # [{channel, opens_at_ms, closes_at_ms}]: few, and only ever read with their performance.
    sa.Column("sales_windows", JSONB, nullable=False, server_default="[]"),
    sa.Column("code", sa.Text, nullable=False, server_default=""),
    # [{language, title, subtitle, description}], in place of the production's.
    sa.Column("texts", JSONB, nullable=False, server_default="[]"),
    # Of its names, for lists that look for one.
    sa.Column("search_text", sa.Text, nullable=False, server_default=""),
    sa.Column("publication", sa.Text, nullable=False, server_default="draft"),
    sa.Column("move_number", sa.Integer, nullable=False, server_default="0"),
    sa.Column("series_id", sa.Text, nullable=False, server_default=""),
    sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(
        ["house_id", "hall_id", "plan_version"],
        ["seating_plans.house_id", "seating_plans.hall_id", "seating_plans.plan_version"],
        name="fk_performances_plan",
    ),
    sa.ForeignKeyConstraint(
        ["house_id", "production_id"],
        ["productions.house_id", "productions.production_id"],
        name="fk_performances_production",
    ),
    # Other services name a performance without its house in keys of their own.
    sa.UniqueConstraint("performance_id"),
    sa.CheckConstraint("sale_state IN ('draft', 'on_sale', 'closed', 'cancelled')", name="sale_state"),
)
sa.Index(
    "ix_performances_wanting_a_plan",
    performances.c.performance_id,
    postgresql_where=performances.c.wanted_plan_version.is_not(None),
)
sa.Index(
    "ix_performances_by_start", performances.c.house_id, performances.c.starts_at_ms, performances.c.performance_id
)
sa.Index(
    "ix_performances_by_production", performances.c.house_id, performances.c.production_id, performances.c.starts_at_ms
)
# R0.9: a house's own code is one performance's.
sa.Index(
    "uq_performances_code",
    performances.c.house_id,
    performances.c.code,
    unique=True,
    postgresql_where=sa.text("code <> ''"),
)
sa.Index(
    "ix_performances_series",
    performances.c.house_id,
    performances.c.series_id,
    postgresql_where=sa.text("series_id <> ''"),
)

prices = sa.Table(
    "prices",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("performance_id", sa.Text, primary_key=True),
    sa.Column("category", sa.Text, primary_key=True),
    sa.Column("ticket_type", sa.Text, primary_key=True),
    # The order the house gave them in.
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    # [{kind, amount_minor, currency, vat_class, avoidable}, ...]. NULL: the amount is the base.
    sa.Column("components", JSONB(none_as_null=True)),
    sa.ForeignKeyConstraint(
        ["house_id", "performance_id"],
        ["performances.house_id", "performances.performance_id"],
        name="fk_prices_performance",
    ),
    sa.CheckConstraint("amount_minor >= 0", name="amount_minor"),
    sa.CheckConstraint("kind IN ('normal', 'discount', 'free', 'other')", name="kind"),
)

# What a house keeps about its prices: one table for all sorts, each thing's own part as JSON: hardly any is searched.
price_things = sa.Table(
    "price_things",
    metadata,
    sa.Column("house_id", sa.Text, sa.ForeignKey("houses.house_id"), primary_key=True),
    # services.catalogue.ports.price_things.Sort.
    sa.Column("sort", sa.Text, primary_key=True),
    sa.Column("thing_id", sa.Text, primary_key=True),
    sa.Column("body", JSONB, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
    sa.Column("archived_at_ms", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
)
sa.Index(
    "ix_price_things_as_made",
    price_things.c.house_id,
    price_things.c.sort,
    price_things.c.created_at_ms,
    price_things.c.thing_id,
)

# Ceilings per channel and phase (R4): what a house says of each, as domain/quota.py has it.
quotas = sa.Table(
    "quotas",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("quota_id", sa.Text, primary_key=True),
    sa.Column("production_id", sa.Text, nullable=False),
    # Of every performance of the production; else of those in quota_performances.
    sa.Column("is_for_all", sa.Boolean, nullable=False),
    sa.Column("body", JSONB, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"),
    sa.Column("archived_at_ms", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(
        ["house_id", "production_id"],
        ["productions.house_id", "productions.production_id"],
        name="fk_quotas_production",
    ),
)
sa.Index("ix_quotas_by_production", quotas.c.house_id, quotas.c.production_id, quotas.c.created_at_ms)

quota_performances = sa.Table(
    "quota_performances",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("quota_id", sa.Text, primary_key=True),
    sa.Column("performance_id", sa.Text, primary_key=True),
    sa.ForeignKeyConstraint(
        ["house_id", "quota_id"], ["quotas.house_id", "quotas.quota_id"], name="fk_quota_performances_quota"
    ),
    sa.ForeignKeyConstraint(
        ["house_id", "performance_id"],
        ["performances.house_id", "performances.performance_id"],
        name="fk_quota_performances_performance",
    ),
)
sa.Index("ix_quota_performances", quota_performances.c.house_id, quota_performances.c.performance_id)

# Plans to pick from. `house_id` is the house that offers it, or "operator".
shared_plans = sa.Table(
    "shared_plans",
    metadata,
    sa.Column("shared_plan_id", sa.Text, primary_key=True),
    sa.Column("house_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("city", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("seat_count", sa.Integer, nullable=False),
    sa.Column("categories", sa.ARRAY(sa.Text), nullable=False),
    # The files that it is read from, zlib; NULL: there is no sidecar.
    sa.Column("source", sa.LargeBinary, nullable=False),
    sa.Column("sidecar", sa.LargeBinary),
    sa.Column("published_at_ms", sa.BigInteger, nullable=False),
    # NULL: it is offered.
    sa.Column("withdrawn_at_ms", sa.BigInteger),
)
sa.Index("ix_shared_plans_by_publication", shared_plans.c.published_at_ms, shared_plans.c.shared_plan_id)

# Requests to the operator to draw a plan (R2.13).
plan_drawings = sa.Table(
    "plan_drawings",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("drawing_id", sa.Text, primary_key=True),
    sa.Column("hall_id", sa.Text, nullable=False),
    sa.Column("notes", sa.Text, nullable=False),
    # NULL: nothing is attached.
    sa.Column("attachment", sa.LargeBinary),
    sa.Column("attachment_type", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    # NULL: none was delivered.
    sa.Column("plan_version", sa.Integer),
    sa.Column("requested_at_ms", sa.BigInteger, nullable=False),
    sa.Column("changed_at_ms", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(["house_id", "hall_id"], ["halls.house_id", "halls.hall_id"]),
    sa.CheckConstraint("state IN ('requested', 'in_work', 'delivered', 'declined')", name="state"),
)
sa.Index(
    "ix_plan_drawings_by_request",
    plan_drawings.c.requested_at_ms,
    plan_drawings.c.drawing_id,
)

# The numbers of passes that a house has listed: a hash of each, for they are people's (R2.12).
pass_numbers = sa.Table(
    "pass_numbers",
    metadata,
    sa.Column("house_id", sa.Text, sa.ForeignKey("houses.house_id"), primary_key=True),
    sa.Column("pass_kind_id", sa.Text, primary_key=True),
    sa.Column("pass_key", sa.Text, primary_key=True),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
)

# First answers of writes (RULE 27). The house "" was the scope of sign-ups, before accounts did those.
idempotency_keys = answer_table(
    metadata,
    # False: written by a version that kept hashes and answers of its own classes.
    sa.Column("in_wire_form", sa.Boolean, nullable=False, server_default=sa.text("false")),
)

outbox, outbox_sequence = outbox_tables(metadata)
pause_table(metadata)
