"""The keys of refunds as rows: behind the wall between houses no index into JSON is used, and each look read all."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.runtime.sql.policies import free_rows, secure_rows

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_KNOWN = """
INSERT INTO refund_keys (house_id, refund_key, payment_id)
SELECT p.house_id, k.refund_key, p.payment_id
FROM payments p CROSS JOIN LATERAL (
    SELECT p.refund_key
    UNION ALL SELECT r ->> 'key' FROM jsonb_array_elements(p.refunds) AS r
    UNION ALL SELECT a.again FROM jsonb_array_elements(p.refunds) AS r
        CROSS JOIN jsonb_array_elements_text(coalesce(r -> 'again_keys', '[]')) AS a (again)
) AS k
WHERE k.refund_key IS NOT NULL
ON CONFLICT DO NOTHING
"""


def upgrade() -> None:
    """Adds the table with what is known. Processes of the release before go on as they did."""
    op.create_table(
        "refund_keys",
        sa.Column("house_id", sa.String(64), nullable=False),
        sa.Column("refund_key", sa.String(128), nullable=False),
        sa.Column("payment_id", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("house_id", "refund_key", name="pk_refund_keys"),
    )
    op.execute(_KNOWN)
    secure_rows("refund_keys")
    op.drop_index("ix_payments_refunds", "payments")


def downgrade() -> None:
    """Drops the table."""
    op.create_index(
        "ix_payments_refunds",
        "payments",
        ["refunds"],
        postgresql_using="gin",
        postgresql_ops={"refunds": "jsonb_path_ops"},
        postgresql_where=sa.text("refunds <> '[]'"),
    )
    free_rows("refund_keys")
    op.drop_table("refund_keys")
