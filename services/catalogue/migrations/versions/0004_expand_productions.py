"""What is told about productions: texts per language, genre, performers; revisions, and the archive."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_EMPTY = ("subtitle", "description", "credits", "source_url", "search_text")
_ZERO = ("duration_minutes", "from_age", "to_age")


def upgrade() -> None:
    """An older version beside this one goes on writing rows: without performers, its performer is the only one."""
    op.add_column("productions", sa.Column("performers", sa.ARRAY(sa.Text)))
    op.add_column("productions", sa.Column("default_language", sa.Text, nullable=False, server_default="en"))
    for name in _EMPTY:
        op.add_column("productions", sa.Column(name, sa.Text, nullable=False, server_default=""))
    for name in _ZERO:
        op.add_column("productions", sa.Column(name, sa.Integer, nullable=False, server_default="0"))
    for name in ("translations", "external_codes"):
        op.add_column("productions", sa.Column(name, JSONB, nullable=False, server_default=sa.text("'[]'::jsonb")))
    op.add_column("productions", sa.Column("genre", sa.Text))
    op.add_column("productions", sa.Column("answer_parts", sa.Integer, nullable=False, server_default="1"))
    op.add_column("productions", sa.Column("revision", sa.BigInteger, nullable=False, server_default="1"))
    op.add_column("productions", sa.Column("archived_at_ms", sa.BigInteger))
    op.execute("UPDATE productions SET search_text = lower(concat_ws(E'\\n', title, nullif(performer, '')))")
    op.create_index("ix_productions_by_age", "productions", ["house_id", "created_at_ms", "production_id"])
    op.create_index("ix_performances_by_production", "performances", ["house_id", "production_id", "starts_at_ms"])


def downgrade() -> None:
    """Forgets everything but title and first performer."""
    op.drop_index("ix_performances_by_production", "performances")
    op.drop_index("ix_productions_by_age", "productions")
    for name in ("archived_at_ms", "revision", "answer_parts", "genre", "translations", "external_codes"):
        op.drop_column("productions", name)
    for name in (*_ZERO, *_EMPTY, "default_language", "performers"):
        op.drop_column("productions", name)
