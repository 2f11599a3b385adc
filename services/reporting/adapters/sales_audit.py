"""Checks of the sales ledger against what stands on it and what it stands on, as SQL over the served generation.

Each answers rows of one text column; all of them compare what one transaction wrote, so nothing in flight differs.
"""

from __future__ import annotations

from typing import Final

from services.contracts.sql_checks import SqlCheck

_OF = "generation = :sales AND (:performance_id = '' OR performance_id = :performance_id)"

_PERFORMANCES = f"SELECT count(DISTINCT (house_id, performance_id)) FROM sales_ledger WHERE {_OF}"  # noqa: S608 (fixed parts)
_ORDERS = f"SELECT count(*) FROM sales_orders WHERE {_OF}"  # noqa: S608 (fixed parts)

_LEDGER = f"""
    ledger AS (
        SELECT house_id, performance_id, currency,
               count(*) FILTER (WHERE tickets > 0) AS tickets_sold, count(*) FILTER (WHERE tickets < 0) AS tickets_back,
               coalesce(sum(amount_minor) FILTER (WHERE tickets > 0), 0) AS sold_minor,
               coalesce(-sum(amount_minor) FILTER (WHERE tickets <= 0), 0) AS back_minor,
               sum(vat_minor) AS vat_minor, sum(discount_minor) AS discount_minor
        FROM sales_ledger WHERE {_OF} GROUP BY house_id, performance_id, currency
    )"""  # noqa: S608 (fixed parts)
_MONEY: Final = ("sold_minor", "back_minor", "vat_minor")
_FIGURES: Final = ("tickets_sold", "tickets_back", *_MONEY, "discount_minor")


def _against(table: str, figures: tuple[str, ...]) -> str:
    """What a table of sums says of a performance beside what its ledger does."""
    sums = ", ".join(f"sum({name}) AS {name}" for name in figures)
    told = " || ', ' || ".join(f"coalesce(told.{name}, 0)" for name in figures)
    right = " || ', ' || ".join(f"coalesce(ledger.{name}, 0)" for name in figures)
    differs = " OR ".join(f"coalesce(told.{name}, 0) <> coalesce(ledger.{name}, 0)" for name in figures)
    return f"""
        WITH {_LEDGER}, told AS (
            SELECT house_id, performance_id, currency, {sums} FROM {table} WHERE {_OF}
            GROUP BY house_id, performance_id, currency
        )
        SELECT house_id || ' ' || performance_id || ' ' || currency || ': told ' || {told}
               || ' ({", ".join(figures)}), its ledger says ' || {right}
        FROM told FULL JOIN ledger USING (house_id, performance_id, currency)
        WHERE {differs} ORDER BY 1 LIMIT :limit"""  # noqa: S608 (fixed parts)


# What an order's movements leave: nothing of a refunded one; else what was paid less what went back, each ticket once.
_MOVED = f"""
    SELECT o.house_id || ' ' || o.performance_id || ' ' || o.order_id || ': '
           || coalesce(l.tickets, 0) || ' tickets for ' || coalesce(l.left_minor, 0)
           || ' are left of ' || coalesce(l.lines, 0) || ' for ' || coalesce(l.paid_minor, 0)
           || CASE WHEN o.refunded_at_ms IS NULL THEN ', of which ' || o.back_minor || ' went back'
                   ELSE ', which were refunded' END
    FROM sales_orders o LEFT JOIN (
        SELECT house_id, performance_id, order_id, sum(tickets) AS tickets, sum(amount_minor) AS left_minor,
               count(*) FILTER (WHERE number = 0) AS lines,
               coalesce(sum(amount_minor) FILTER (WHERE number = 0), 0) AS paid_minor
        FROM sales_ledger WHERE {_OF} GROUP BY house_id, performance_id, order_id
    ) l USING (house_id, performance_id, order_id)
    WHERE o.generation = :sales AND (:performance_id = '' OR o.performance_id = :performance_id)
      AND (coalesce(l.tickets, 0), coalesce(l.left_minor, 0)) IS DISTINCT FROM (
          CASE WHEN o.confirmed AND o.refunded_at_ms IS NULL
               THEN coalesce(l.lines, 0) - coalesce(jsonb_array_length(o.cancelled), 0) ELSE 0 END,
          CASE WHEN o.confirmed AND o.refunded_at_ms IS NULL
               THEN coalesce(l.paid_minor, 0) - least(o.back_minor, coalesce(l.paid_minor, 0)) ELSE 0 END)
    ORDER BY 1 LIMIT :limit"""  # noqa: S608 (fixed parts)
_IN_PARTS = f"""
    SELECT house_id || ' ' || performance_id || ' ' || order_id || ' line ' || line || ': its parts come to '
           || (SELECT coalesce(sum(each), 0) FROM unnest(part_amounts) AS each) || ', its amount is ' || amount_minor
    FROM sales_ledger
    WHERE {_OF} AND (amount_minor <> (SELECT coalesce(sum(each), 0) FROM unnest(part_amounts) AS each)
                     OR vat_minor <> (SELECT coalesce(sum(each), 0) FROM unnest(part_vats) AS each))
    ORDER BY 1 LIMIT :limit"""  # noqa: S608 (fixed parts)
_ALLOTMENTS = """
    SELECT count(*) FROM allotment_facts
    WHERE generation = :contingents AND (:performance_id = '' OR performance_id = :performance_id)"""
_HANDED_OUT = """
    SELECT house_id || ' ' || performance_id || ' ' || allotment_id || ': ' || reported_sold || ' reported sold + '
           || returned || ' returned + ' || open || ' open is not ' || handed_out || ' handed out'
    FROM allotment_facts
    WHERE generation = :contingents AND (:performance_id = '' OR performance_id = :performance_id)
      AND (handed_out <> reported_sold + returned + open OR (is_closed AND open <> 0))
    ORDER BY 1 LIMIT :limit"""

# Invariant, what was compared, how much there is, which rows break it.
SALES_CHECKS: Final = (
    SqlCheck(
        "INV-7", "reporting: sums equal the ledger they stand on", _PERFORMANCES, _against("sales_sums", _FIGURES)
    ),
    SqlCheck(
        "INV-7", "reporting: minutes equal the ledger they stand on", _PERFORMANCES, _against("sales_minutes", _FIGURES)
    ),
    SqlCheck(
        "INV-7",
        "reporting: price parts equal the ledger they stand on",
        _PERFORMANCES,
        _against("sales_parts", _MONEY),
    ),
    SqlCheck("INV-7", "reporting: an order's movements leave what is left of it", _ORDERS, _MOVED),
    SqlCheck("INV-7", "reporting: every movement is the sum of its parts", _PERFORMANCES, _IN_PARTS),
    SqlCheck("INV-5", "reporting: allotments add up to what was handed out", _ALLOTMENTS, _HANDED_OUT),
)

# What is left of each performance, for the comparison with orders' own record.
LEFT: Final = f"""
    SELECT house_id, performance_id, min(currency) AS currency, sum(tickets) AS sold, sum(amount_minor) AS revenue_minor
    FROM sales_ledger WHERE {_OF} AND (performance_id, house_id) > (:after_performance, :after_house)
    GROUP BY performance_id, house_id ORDER BY performance_id, house_id LIMIT :page"""  # noqa: S608 (fixed parts)
