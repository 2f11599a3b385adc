"""Checks of the read model of sales and of what was told of it: for the audit of podiumkunst."""

from __future__ import annotations

from typing import Final

from services.contracts.sql_checks import SqlCheck

FIGURE_CHECKS: Final = (
    SqlCheck(
        "INV-5",
        "the figures of a performance are the sum of what its orders have left",
        "SELECT count(*) FROM figure_sums WHERE (:performance_id = '' OR performance_id = :performance_id)",
        """WITH left_over AS (
               SELECT o.house_id, o.performance_id, u.kind, o.seller_kind, o.seller, o.currency,
                      sum(u.tickets) AS tickets, sum(u.recette_minor) AS recette_minor
               FROM figure_orders o, unnest(o.kinds, o.tickets, o.recettes) AS u (kind, tickets, recette_minor)
               WHERE (:performance_id = '' OR o.performance_id = :performance_id) GROUP BY 1, 2, 3, 4, 5, 6),
           kept AS (SELECT * FROM figure_sums WHERE (:performance_id = '' OR performance_id = :performance_id))
           SELECT format('performance %s %s %s: orders have %s for %s, figures say %s for %s', performance_id, kind,
                         seller, coalesce(l.tickets, 0), coalesce(l.recette_minor, 0), coalesce(k.tickets, 0),
                         coalesce(k.recette_minor, 0))
           FROM left_over l FULL JOIN kept k USING (house_id, performance_id, kind, seller_kind, seller, currency)
           WHERE (coalesce(l.tickets, 0), coalesce(l.recette_minor, 0))
               <> (coalesce(k.tickets, 0), coalesce(k.recette_minor, 0))
           ORDER BY 1 LIMIT :limit""",
    ),
    SqlCheck(
        "INV-5",
        "an order that nothing went back of has its tickets and their recette left, one that all went back of nothing",
        "SELECT count(*) FROM figure_orders WHERE (:performance_id = '' OR performance_id = :performance_id)",
        """WITH meant AS (
               SELECT o.*, CASE WHEN o.is_back OR o.lines IS NULL THEN '[]'
                                ELSE convert_from(o.lines, 'UTF8')::jsonb END AS sold
               FROM figure_orders o WHERE (:performance_id = '' OR performance_id = :performance_id)),
           found AS (
               SELECT m.*,
                      jsonb_array_length(m.sold) - CASE WHEN m.is_back OR m.lines IS NULL OR m.cut IS NULL THEN 0
                          ELSE jsonb_array_length(convert_from(m.cut, 'UTF8')::jsonb -> 0) END AS tickets_meant,
                      (SELECT coalesce(sum((part ->> 1)::bigint), 0)
                       FROM jsonb_array_elements(m.sold) line, jsonb_array_elements(line -> 1) part
                       WHERE part ->> 0 IN ('base', 'theatre_surcharge')) AS recette_meant,
                      (SELECT coalesce(sum(n), 0) FROM unnest(m.tickets) n) AS tickets_left,
                      (SELECT coalesce(sum(n), 0) FROM unnest(m.recettes) n) AS recette_left
               FROM meant m)
           SELECT format('order %s at %s has %s for %s left of %s for %s', order_id, performance_id, tickets_left,
                         recette_left, tickets_meant, recette_meant)
           FROM found
           WHERE tickets_left <> tickets_meant OR recette_left > recette_meant OR recette_left < 0
               OR (back_minor = 0 AND recette_left <> recette_meant)
           ORDER BY 1 LIMIT :limit""",
    ),
    SqlCheck(
        "INV-5",
        "what the platform was told last is a state that was put out",
        "SELECT count(*) FROM figure_told WHERE (:performance_id = '' OR performance_id = :performance_id)",
        """SELECT format('%s of %s was told what never was', t.part, t.number)
           FROM figure_told t
           WHERE (:performance_id = '' OR t.performance_id = :performance_id) AND t.told IS NOT NULL
             AND NOT EXISTS (
                 SELECT 1 FROM figure_states s
                 WHERE (s.house_id, s.number, s.part) = (t.house_id, t.number, t.part) AND s.body = t.told)
           ORDER BY 1 LIMIT :limit""",
    ),
)
