"""Tables of customers: the only place where names and addresses of buyers are."""

from __future__ import annotations

import sqlalchemy as sa

from services.contracts.answer_rows import answer_table
from services.customers.adapters.metadata import metadata

customers = sa.Table(
    "customers",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("customer_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    # Two addresses with the same key are one person's.
    sa.Column("email_key", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("phone", sa.Text, nullable=False),
    sa.Column("email_confirmed", sa.Boolean, nullable=False),
    sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("house_id", "email_key"),
)
sa.Index("ix_customers_made", customers.c.house_id, customers.c.created_at_ms, customers.c.customer_id)

# Ids that lead to another customer: orders and events go on naming them.
merged_customers = sa.Table(
    "merged_customers",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("merged_customer_id", sa.Text, primary_key=True),
    sa.Column("customer_id", sa.Text, nullable=False),
    sa.Column("merged_at_ms", sa.BigInteger, nullable=False),
)
sa.Index("ix_merged_customers_customer_id", merged_customers.c.house_id, merged_customers.c.customer_id)

purchases = sa.Table(
    "purchases",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("performance_id", sa.Text, primary_key=True),
    sa.Column("customer_id", sa.Text, nullable=False),
    sa.Column("bought_at_ms", sa.BigInteger, nullable=False),
)
sa.Index("ix_purchases_customer_id", purchases.c.house_id, purchases.c.customer_id)
sa.Index("ix_purchases_performance_id", purchases.c.house_id, purchases.c.performance_id)

# Which production a performance is of, as the catalogue's events tell it.
shows = sa.Table(
    "shows",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("performance_id", sa.Text, primary_key=True),
    sa.Column("production_id", sa.Text, nullable=False),
)

# `sealed`: name, address and orders, opened with the deployment's sealing secret only; NULL: nothing stays.
erasures = sa.Table(
    "erasures",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("customer_id", sa.Text, primary_key=True),
    sa.Column("erased_at_ms", sa.BigInteger, nullable=False),
    sa.Column("locked_until_ms", sa.BigInteger),
    sa.Column("sealed", sa.LargeBinary),
    sa.CheckConstraint("(sealed IS NULL) = (locked_until_ms IS NULL)", name="locked"),
)
sa.Index("ix_erasures_locked", erasures.c.locked_until_ms, postgresql_where=erasures.c.locked_until_ms.is_not(None))

# The orders for which something stays. `payment`: under_way or paid.
locked_orders = sa.Table(
    "locked_orders",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("customer_id", sa.Text, nullable=False),
    sa.Column("payment", sa.Text, nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.CheckConstraint("payment IN ('under_way', 'paid')", name="payment"),
)
sa.Index("ix_locked_orders_customer_id", locked_orders.c.house_id, locked_orders.c.customer_id)

# What was answered in a house's form, as sealed JSON. It goes some time after `keep_until_ms`.
form_answers = sa.Table(
    "form_answers",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("customer_id", sa.Text, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("keep_until_ms", sa.BigInteger, nullable=False),
)
sa.Index("ix_form_answers_customer_id", form_answers.c.house_id, form_answers.c.customer_id)
sa.Index("ix_form_answers_keep_until_ms", form_answers.c.keep_until_ms)

# `double_opt_in` NULL: as it is usual in the house's country. `revision` 0: accounts has not told yet.
houses = sa.Table(
    "houses",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("time_zone", sa.Text, nullable=False),
    sa.Column("languages", sa.ARRAY(sa.Text), nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column("double_opt_in", sa.Boolean),
)

idempotency_keys = answer_table(metadata)
