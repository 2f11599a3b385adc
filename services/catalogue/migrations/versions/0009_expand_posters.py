"""The images of productions' posters, a row a size."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A table of its own: lists read productions without their images."""
    op.create_table(
        "poster_images",
        sa.Column("house_id", sa.Text, nullable=False),
        sa.Column("production_id", sa.Text, nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("house_id", "production_id", "width", name="pk_poster_images"),
        sa.ForeignKeyConstraint(
            ["house_id", "production_id"],
            ["productions.house_id", "productions.production_id"],
            name="fk_poster_images_production",
        ),
    )


def downgrade() -> None:
    """Forgets the posters."""
    op.drop_table("poster_images")
