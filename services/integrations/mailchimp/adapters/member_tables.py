"""Tables of who stands how: here by consents, there by what MailChimp was told and has said. No address is in them."""

from __future__ import annotations

import sqlalchemy as sa

from services.integrations.mailchimp.adapters.metadata import metadata

# A copy of what customers' events tell. `shard`: see members.
standings = sa.Table(
    "standings",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("customer_id", sa.Text, primary_key=True),
    sa.Column("consent_id", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("shard", sa.SmallInteger, nullable=False),
    sa.Column("changed_at_ms", sa.BigInteger, nullable=False),
)
sa.Index("ix_standings_consent_id", standings.c.house_id, standings.c.consent_id, standings.c.customer_id)

# Whose ids lead to another customer: an erasure of the one is of all.
merged_customers = sa.Table(
    "merged_customers",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("merged_customer_id", sa.Text, primary_key=True),
    sa.Column("customer_id", sa.Text, nullable=False),
)
sa.Index("ix_merged_customers_customer_id", merged_customers.c.house_id, merged_customers.c.customer_id)

# `subscriber`: what MailChimp calls the address, its MD5. `generation` grows with whatever is heard, `told_generation`
# follows it once MailChimp was told: a member is due where they differ. One shard's members are told one after another.
members = sa.Table(
    "members",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("list_id", sa.Text, primary_key=True),
    sa.Column("customer_id", sa.Text, primary_key=True),
    sa.Column("shard", sa.SmallInteger, nullable=False),
    sa.Column("generation", sa.BigInteger, nullable=False, server_default="1"),
    sa.Column("told_generation", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("subscriber", sa.Text, nullable=False, server_default=""),
    sa.Column("former", sa.ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("there", sa.Text, nullable=False, server_default=""),
    sa.Column("since_ms", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("digest", sa.Text, nullable=False, server_default=""),
    sa.Column("tags", sa.ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("problem", sa.Text),
    sa.Column("erased", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("told_ms", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("seen_ms", sa.BigInteger, nullable=False, server_default="0"),
    # A no said there that customers is still to be told.
    sa.Column("opt_out_at_ms", sa.BigInteger),
)
DUE = "generation <> told_generation"
sa.Index("ix_members_due", members.c.house_id, members.c.list_id, members.c.shard, postgresql_where=sa.text(DUE))
sa.Index("ix_members_subscriber", members.c.house_id, members.c.list_id, members.c.subscriber)
sa.Index("ix_members_customer_id", members.c.house_id, members.c.customer_id)
sa.Index("ix_members_opt_out", members.c.house_id, postgresql_where=sa.text("opt_out_at_ms IS NOT NULL"))

# What MailChimp has told by itself: kept first, worked off after that. `digest` makes one of what is told twice.
news = sa.Table(
    "news",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("list_id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subscriber", sa.Text, nullable=False),
    sa.Column("became", sa.Text, nullable=False),
    sa.Column("is_removal", sa.Boolean, nullable=False),
    sa.Column("said_at_ms", sa.BigInteger, nullable=False),
    sa.Column("received_at_ms", sa.BigInteger, nullable=False),
    sa.Column("done_at_ms", sa.BigInteger),
)
sa.Index("ix_news_waiting", news.c.house_id, news.c.said_at_ms, postgresql_where=sa.text("done_at_ms IS NULL"))
sa.Index("ix_news_done_at_ms", news.c.done_at_ms)
