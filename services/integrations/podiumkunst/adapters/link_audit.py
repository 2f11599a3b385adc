"""What the audit looks at of links: each is the house's own on both sides, and no number twice."""

from __future__ import annotations

from services.contracts.sql_checks import SqlCheck

LINK_CHECKS = (
    SqlCheck(
        "INV-9",
        "each link is of a performance of its own house",
        "SELECT count(*) FROM links",
        """SELECT format('house %s number %s is performance %s, which is not of the house', l.house_id, l.number,
                         l.performance_id)
           FROM links l LEFT JOIN shows s USING (house_id, performance_id)
           WHERE s.performance_id IS NULL
           ORDER BY l.house_id, l.number LIMIT :limit""",
    ),
    SqlCheck(
        "INV-9",
        "each link is of a number that the platform has told the house",
        "SELECT count(*) FROM links",
        """SELECT format('house %s number %s was never told', l.house_id, l.number)
           FROM links l LEFT JOIN platform_performances p USING (house_id, number)
           WHERE p.number IS NULL
           ORDER BY l.house_id, l.number LIMIT :limit""",
    ),
    SqlCheck(
        "INV-9",
        "no number and no performance is linked twice in a house",
        "SELECT count(*) FROM links",
        """SELECT format('house %s: %s is linked %s times', house_id, thing, times)
           FROM (SELECT house_id, number AS thing, count(*) AS times FROM links GROUP BY 1, 2
                 UNION ALL SELECT house_id, performance_id, count(*) FROM links GROUP BY 1, 2) twice
           WHERE times > 1
           ORDER BY house_id, thing LIMIT :limit""",
    ),
)
