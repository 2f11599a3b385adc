"""Parts and refunds of orders as rows of their own; those of orders that are there come out of their columns."""

# Processes of the release before go on reading and writing the columns. What they write, triggers carry over; what the
# release from here on writes, it writes to both. The contract phase, a release later, drops the triggers and functions,
# uq_orders_hold_in_use, ix_orders_performance_newest and, of `orders`, performance_id, hold_id, plan_version, lines,
# seat_names, hold_until_ms, seats, uses_hold, refund_reason and refunded_minor.

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"

# Of [seat, category, ticket type, minor units] and [zone, row, seat name], the kind and VAT being unknown.
_LINES = """
CREATE FUNCTION lines_of_part(lines jsonb, seat_names jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_agg(
        line.value || coalesce(seat_names -> (line.place::int - 1), '["", "", ""]'::jsonb) || '["", "", 0, 0]'::jsonb
        ORDER BY line.place
    )
    FROM jsonb_array_elements(lines) WITH ORDINALITY AS line(value, place)
$$
"""
_COPY_PARTS = """
INSERT INTO order_parts (order_id, place, house_id, performance_id, hold_id, plan_version, lines, total_minor,
                         created_at_ms, hold_until_ms, seats, uses_hold)
SELECT order_id, 0, house_id, performance_id, hold_id, plan_version, lines_of_part(lines, seat_names), total_minor,
       created_at_ms, hold_until_ms, seats, uses_hold
FROM orders
"""
# Who made it was not kept: the note says it of a whole refund, and nobody but the provider gave parts.
_COPY_REFUNDS = """
INSERT INTO refunds (order_id, refund_id, house_id, place, amount_minor, made_by, state, reason, lines, changed_at_ms)
SELECT order_id,
       order_id || CASE WHEN by_house THEN '-refund' ELSE '-provider-1' END,
       house_id, 0, refunded_minor, CASE WHEN by_house THEN 'HOUSE' ELSE 'PROVIDER' END, 'DONE',
       CASE WHEN state = 'REFUNDED' THEN refund_reason ELSE '' END, '[]'::jsonb, state_since_ms
FROM (SELECT *, state = 'REFUNDED' AND refund_reason <> 'refunded at the provider' AS by_house FROM orders) AS known
WHERE refunded_minor > 0 OR state = 'REFUNDED'
UNION ALL
SELECT order_id, order_id || '-refund', house_id, CASE WHEN refunded_minor > 0 THEN 1 ELSE 0 END,
       total_minor - refunded_minor, 'HOUSE', 'DUE', refund_reason, '[]'::jsonb, state_since_ms
FROM orders
WHERE state = 'REFUND_DUE'
"""
_MIRROR_ADDED = """
CREATE FUNCTION mirror_added_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM order_parts WHERE order_id = NEW.order_id) THEN
        INSERT INTO order_parts (order_id, place, house_id, performance_id, hold_id, plan_version, lines, total_minor,
                                 created_at_ms, hold_until_ms, seats, uses_hold)
        VALUES (NEW.order_id, 0, NEW.house_id, NEW.performance_id, NEW.hold_id, NEW.plan_version,
                lines_of_part(NEW.lines, NEW.seat_names), NEW.total_minor, NEW.created_at_ms, NEW.hold_until_ms,
                NEW.seats, NEW.uses_hold);
    END IF;
    RETURN NULL;
END $$
"""
_MIRROR_MOVED = """
CREATE FUNCTION mirror_moved_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE order_parts SET hold_until_ms = NEW.hold_until_ms, seats = NEW.seats, uses_hold = NEW.uses_hold
    WHERE order_id = NEW.order_id AND place = 0
      AND (hold_until_ms, seats, uses_hold) IS DISTINCT FROM (NEW.hold_until_ms, NEW.seats, NEW.uses_hold);
    RETURN NULL;
END $$
"""
_MIRROR_REFUNDED = """
CREATE FUNCTION mirror_refunded_order() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    more bigint;
    known int;
    by_house boolean := NEW.state = 'REFUNDED' AND NEW.refund_reason <> 'refunded at the provider';
BEGIN
    IF NEW.state = 'REFUNDED' THEN
        UPDATE refunds SET state = 'DONE', changed_at_ms = NEW.state_since_ms
        WHERE order_id = NEW.order_id AND state = 'DUE';
    END IF;
    SELECT NEW.refunded_minor - coalesce(sum(amount_minor) FILTER (WHERE state = 'DONE'), 0), count(*)
    INTO more, known FROM refunds WHERE order_id = NEW.order_id;
    IF more > 0 THEN
        UPDATE refunds SET amount_minor = NEW.total_minor - NEW.refunded_minor
        WHERE order_id = NEW.order_id AND state = 'DUE';
        INSERT INTO refunds (order_id, refund_id, house_id, place, amount_minor, made_by, state, reason, lines,
                             changed_at_ms)
        VALUES (NEW.order_id, NEW.order_id || CASE WHEN by_house THEN '-refund' ELSE '-provider-' || known + 1 END,
                NEW.house_id, known, more, CASE WHEN by_house THEN 'HOUSE' ELSE 'PROVIDER' END, 'DONE',
                CASE WHEN NEW.state = 'REFUNDED' THEN NEW.refund_reason ELSE '' END, '[]'::jsonb, NEW.state_since_ms);
    END IF;
    RETURN NULL;
END $$
"""
_TRIGGERS = (
    "CREATE TRIGGER mirror_added AFTER INSERT ON orders FOR EACH ROW EXECUTE FUNCTION mirror_added_order()",
    """CREATE TRIGGER mirror_moved AFTER UPDATE ON orders FOR EACH ROW
    WHEN ((OLD.hold_until_ms, OLD.seats, OLD.uses_hold) IS DISTINCT FROM (NEW.hold_until_ms, NEW.seats, NEW.uses_hold))
    EXECUTE FUNCTION mirror_moved_order()""",
    """CREATE TRIGGER mirror_refunded AFTER UPDATE ON orders FOR EACH ROW
    WHEN (OLD.refunded_minor IS DISTINCT FROM NEW.refunded_minor) EXECUTE FUNCTION mirror_refunded_order()""",
)


def upgrade() -> None:
    """Adds the tables, fills them, and keeps them true while the release before still writes."""
    _create_parts()
    _create_refunds()
    # Nothing is written between the copy and the triggers.
    op.execute("LOCK TABLE orders IN SHARE ROW EXCLUSIVE MODE")
    for statement in (_LINES, _COPY_PARTS, _COPY_REFUNDS, _MIRROR_ADDED, _MIRROR_MOVED, _MIRROR_REFUNDED, *_TRIGGERS):
        op.execute(statement)


def downgrade() -> None:
    """Undoes upgrade; further parts, who gave which refund, kinds and VAT are forgotten."""
    for name in ("mirror_added", "mirror_moved", "mirror_refunded"):
        op.execute(f"DROP TRIGGER {name} ON orders")
        op.execute(f"DROP FUNCTION {name}_order()")
    op.execute("DROP FUNCTION lines_of_part(jsonb, jsonb)")
    op.drop_table("refunds")
    op.drop_table("order_parts")


def _create_parts() -> None:
    op.create_table(
        "order_parts",
        *(_text(name) for name in ("order_id", "performance_id")),
        sa.Column("place", sa.Integer, nullable=False),
        *(_text(name) for name in ("house_id", "hold_id")),
        sa.Column("plan_version", sa.Integer, nullable=False),
        sa.Column("lines", JSONB, nullable=False),
        *(_number(name) for name in ("total_minor", "created_at_ms", "hold_until_ms")),
        _text("seats"),
        sa.Column("uses_hold", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("order_id", "performance_id", name="pk_order_parts"),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.order_id"], name="fk_order_parts_order_id", deferrable=True, initially="DEFERRED"
        ),
        sa.CheckConstraint("total_minor >= 0", name="ck_order_parts_total_not_negative"),
    )
    op.create_index(
        "uq_order_parts_hold_in_use",
        "order_parts",
        ["house_id", "performance_id", "hold_id"],
        unique=True,
        postgresql_where=sa.text("uses_hold"),
    )
    op.create_index(
        "ix_order_parts_performance_newest", "order_parts", ["house_id", "performance_id", "created_at_ms", "order_id"]
    )


def _create_refunds() -> None:
    op.create_table(
        "refunds",
        *(_text(name) for name in ("order_id", "refund_id", "house_id")),
        sa.Column("place", sa.Integer, nullable=False),
        _number("amount_minor"),
        *(_text(name) for name in ("made_by", "state", "reason")),
        sa.Column("lines", JSONB, nullable=False),
        _number("changed_at_ms"),
        sa.PrimaryKeyConstraint("order_id", "refund_id", name="pk_refunds"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.order_id"], name="fk_refunds_order_id"),
        sa.CheckConstraint("amount_minor >= 0", name="ck_refunds_amount_not_negative"),
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)
