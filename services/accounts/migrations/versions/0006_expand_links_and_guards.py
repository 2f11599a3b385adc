"""Invitations, one-time links, letters and their jobs; tries to log in, second factors."""

import sqlalchemy as sa
from alembic import op

from services.runtime.jobs.migration import create_job_tables, drop_job_tables
from services.runtime.sql.policies import secure_rows

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the tables."""
    op.create_table(
        "invitations",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("invitation_id", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_key", sa.Text, nullable=False),
        sa.Column("roles", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "invitation_id", name="pk_invitations"),
        sa.ForeignKeyConstraint(["house_id"], ["houses.house_id"], name="fk_invitations_house_id"),
        sa.UniqueConstraint("secret_hash", name="uq_invitations_secret_hash"),
        sa.CheckConstraint("state IN ('open', 'accepted', 'withdrawn')", name=op.f("ck_invitations_state")),
        sa.CheckConstraint("cardinality(roles) >= 1", name=op.f("ck_invitations_roles")),
    )
    op.create_index(
        "ix_invitations_open",
        "invitations",
        ["house_id", "created_at_ms", "invitation_id"],
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "one_time_links",
        sa.Column("secret_hash", sa.LargeBinary, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("email_key", sa.Text, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
        sa.Column("used_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("secret_hash", name="pk_one_time_links"),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name="fk_one_time_links_person_id"),
        sa.CheckConstraint("purpose IN ('reset', 'confirm_email')", name=op.f("ck_one_time_links_purpose")),
    )
    op.create_index("ix_one_time_links_person_id", "one_time_links", ["person_id"])
    op.create_index("ix_one_time_links_expires_at_ms", "one_time_links", ["expires_at_ms"])
    op.create_table(
        "letters",
        sa.Column("letter_id", sa.Text, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("letter_id", name="pk_letters"),
    )
    _create_guards()
    create_job_tables()
    secure_rows("invitations")


def _create_guards() -> None:
    op.create_table(
        "log_in_attempts",
        sa.Column("name_hash", sa.LargeBinary, nullable=False),
        sa.Column("tries", sa.BigInteger, nullable=False),
        sa.Column("last_at_ms", sa.BigInteger, nullable=False),
        sa.Column("blocked_until_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name_hash", name="pk_log_in_attempts"),
    )
    op.create_index("ix_log_in_attempts_last_at_ms", "log_in_attempts", ["last_at_ms"])
    op.create_table(
        "second_factors",
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary, nullable=False),
        sa.Column("is_confirmed", sa.Boolean, nullable=False),
        sa.Column("last_step", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_second_factors"),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name="fk_second_factors_person_id"),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("person_id", sa.Text, nullable=False),
        sa.Column("code_hash", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("person_id", "code_hash", name="pk_recovery_codes"),
        sa.ForeignKeyConstraint(["person_id"], ["people.person_id"], name="fk_recovery_codes_person_id"),
    )


def downgrade() -> None:
    """Drops the tables; letters that wait are gone with them."""
    drop_job_tables()
    for table in (
        "recovery_codes",
        "second_factors",
        "log_in_attempts",
        "letters",
        "one_time_links",
        "invitations",
    ):
        op.drop_table(table)
