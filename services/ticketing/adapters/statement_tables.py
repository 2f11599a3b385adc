"""Tables of what statements tell besides allotments: contingent discounts' sales, and whose allotments there are."""

from __future__ import annotations

import sqlalchemy as sa

from services.ticketing.adapters.metadata import metadata

# R1.10: sales of our own, at a discount that is an office's. Gone with their order's money.
discount_sales = sa.Table(
    "discount_sales",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("performance_id", sa.Text, primary_key=True),
    sa.Column("seat_id", sa.Text, primary_key=True),
    sa.Column("office_id", sa.Text, nullable=False),
    sa.Column("discount_id", sa.Text, nullable=False),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
)
sa.Index(
    "ix_discount_sales_office", discount_sales.c.house_id, discount_sales.c.office_id, discount_sales.c.performance_id
)

# As events have told; what each of them has is asked of its owner.
office_allotments = sa.Table(
    "office_allotments",
    metadata,
    sa.Column("house_id", sa.Text, primary_key=True),
    sa.Column("performance_id", sa.Text, primary_key=True),
    sa.Column("allotment_id", sa.Text, primary_key=True),
    sa.Column("office_id", sa.Text, nullable=False),
)
sa.Index("ix_office_allotments_office", office_allotments.c.house_id, office_allotments.c.office_id)
