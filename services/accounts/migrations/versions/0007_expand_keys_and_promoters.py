"""Resellers' API keys, and which house a promoter belongs to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.runtime.sql.policies import secure_rows

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Creates both, behind the second wall."""
    op.create_table(
        "api_keys",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("key_id", sa.Text, nullable=False),
        sa.Column("reseller_id", sa.Text, nullable=False),
        sa.Column("reseller_name", sa.Text, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary, nullable=False),
        sa.Column("scope", JSONB, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("last_used_at_ms", sa.BigInteger),
        sa.Column("withdrawn_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("house_id", "key_id", name="pk_api_keys"),
        sa.ForeignKeyConstraint(["house_id"], ["houses.house_id"], name="fk_api_keys_house_id"),
        sa.UniqueConstraint("key_id", name="uq_api_keys_key_id"),
    )
    op.create_index("ix_api_keys_as_made", "api_keys", ["house_id", "created_at_ms", "key_id"])
    op.create_table(
        "promoters",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "person_id", name="pk_promoters"),
        sa.ForeignKeyConstraint(["house_id"], ["houses.house_id"], name="fk_promoters_house_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name="fk_promoters_person_id"),
        sa.UniqueConstraint("person_id", name="uq_promoters_person_id"),
    )
    secure_rows("api_keys", "promoters")


def downgrade() -> None:
    """Forgets the keys; promoters stay as people who belong to no house."""
    op.drop_table("promoters")
    op.drop_table("api_keys")
