"""What the catalogue looks at in its own record (architecture section 7)."""

from __future__ import annotations

from services.contracts.sql_checks import DENSE_OUTBOX, SqlCheck

# Each query is limited by :performance_id, '' being all of them.
CHECKS = (
    SqlCheck(
        "INV-5",
        "each performance's plan version exists and has its capacity",
        "SELECT count(*) FROM performances WHERE (:performance_id = '' OR performance_id = :performance_id)",
        """SELECT format('performance %s house %s: hall %s plan %s has %s seats, capacity is %s', p.performance_id,
                         p.house_id, p.hall_id, p.plan_version, coalesce(s.seat_count::text, 'no'), p.capacity)
           FROM performances p LEFT JOIN seating_plans s USING (house_id, hall_id, plan_version)
           WHERE s.seat_count IS DISTINCT FROM p.capacity AND (:performance_id = '' OR performance_id = :performance_id)
           ORDER BY p.performance_id LIMIT :limit""",
    ),
    SqlCheck(
        "INV-5",
        "plan versions of a hall are dense and end at its latest",
        "SELECT count(*) FROM halls",
        """SELECT format('hall %s house %s: latest version %s, plans %s up to %s', h.hall_id, h.house_id,
                         h.latest_plan_version, count(s.plan_version), coalesce(max(s.plan_version), 0))
           FROM halls h LEFT JOIN seating_plans s USING (house_id, hall_id)
           GROUP BY h.house_id, h.hall_id, h.latest_plan_version
           HAVING count(s.plan_version) <> h.latest_plan_version
               OR coalesce(max(s.plan_version), 0) <> h.latest_plan_version
           ORDER BY h.hall_id LIMIT :limit""",
    ),
    SqlCheck(
        "catalogue",
        "each category of a performance's plan has a normal price, all in the house's currency",
        "SELECT count(*) FROM performances WHERE (:performance_id = '' OR performance_id = :performance_id)",
        """SELECT * FROM (
               SELECT format('performance %s house %s: category %s has no normal price', p.performance_id, p.house_id,
                             c.category)
               FROM performances p JOIN seating_plans s USING (house_id, hall_id, plan_version)
               CROSS JOIN LATERAL unnest(s.categories) AS c (category)
               LEFT JOIN prices n ON n.house_id = p.house_id AND n.performance_id = p.performance_id
                   AND n.category = c.category AND n.ticket_type = 'normal'
               WHERE n.category IS NULL AND (:performance_id = '' OR p.performance_id = :performance_id)
               UNION ALL
               SELECT format('performance %s house %s: price of %s %s is in %s', n.performance_id, n.house_id,
                             n.category, n.ticket_type, n.currency)
               FROM prices n JOIN houses h USING (house_id)
               WHERE n.currency <> h.currency AND (:performance_id = '' OR n.performance_id = :performance_id)
           ) found ORDER BY 1 LIMIT :limit""",
    ),
    SqlCheck(
        "catalogue",
        "each performance has the title of its production",
        "SELECT count(*) FROM performances WHERE (:performance_id = '' OR performance_id = :performance_id)",
        """SELECT format('performance %s house %s: title %s, that of production %s is %s', p.performance_id, p.house_id,
                         p.title, p.production_id, s.title)
           FROM performances p JOIN productions s USING (house_id, production_id)
           WHERE p.title <> s.title AND (:performance_id = '' OR p.performance_id = :performance_id)
           ORDER BY p.performance_id LIMIT :limit""",
    ),
    SqlCheck(
        "catalogue",
        "the images of a poster are of one version",
        "SELECT count(*) FROM poster_images",
        """SELECT format('production %s house %s: images of the versions %s', production_id, house_id,
                         string_agg(DISTINCT version, ', '))
           FROM poster_images GROUP BY house_id, production_id HAVING count(DISTINCT version) > 1
           ORDER BY production_id LIMIT :limit""",
    ),
    DENSE_OUTBOX,
    SqlCheck(
        "INV-7",
        "the last event about each performance's sale tells its state",
        "SELECT count(*) FROM performances WHERE (:performance_id = '' OR performance_id = :performance_id)",
        """SELECT format('performance %s house %s: state %s, last event %s', p.performance_id, p.house_id, p.sale_state,
                         e.type)
           FROM performances p
           JOIN LATERAL (SELECT type FROM outbox WHERE key = p.performance_id AND type IN (
                   'balcon.catalogue.v1.PerformanceCreated', 'balcon.catalogue.v1.PerformanceOpenedForSale',
                   'balcon.catalogue.v1.PerformanceSaleClosed', 'balcon.catalogue.v1.PerformanceCancelled'
               ) ORDER BY id DESC LIMIT 1) e ON true
           WHERE (:performance_id = '' OR p.performance_id = :performance_id)
             AND p.sale_state <> CASE e.type
                 WHEN 'balcon.catalogue.v1.PerformanceCreated' THEN 'draft'
                 WHEN 'balcon.catalogue.v1.PerformanceOpenedForSale' THEN 'on_sale'
                 WHEN 'balcon.catalogue.v1.PerformanceSaleClosed' THEN 'closed'
                 WHEN 'balcon.catalogue.v1.PerformanceCancelled' THEN 'cancelled'
                 ELSE '' END
           ORDER BY p.performance_id LIMIT :limit""",
    ),
)
