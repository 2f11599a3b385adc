"""Checks of final settlements, as SQL: they are what was signed, add up, and have numbers without gaps."""

from __future__ import annotations

from typing import Final

from services.contracts.sql_checks import SqlCheck

_OF = "(:performance_id = '' OR performance_id = :performance_id)"
_SETTLEMENTS: Final = f"SELECT count(*) FROM settlements WHERE {_OF}"  # noqa: S608 (fixed parts)
_CHANGED: Final = f"""
    SELECT house_id || ' ' || number || ': is not what was signed' FROM settlements
    WHERE {_OF} AND encode(sha256(content), 'hex') <> sha256
    ORDER BY 1 LIMIT :limit"""  # noqa: S608 (fixed parts)
_SUMS: Final = f"""
    SELECT house_id || ' ' || number || ': ' || (s->>'gross_minor') || ' is not ' || (s->>'vat_minor') || ' + '
           || (s->>'producer_minor') || ' + ' || (s->>'house_minor') || ' + ' || (s->>'others_minor')
    FROM settlements, LATERAL (SELECT convert_from(content, 'UTF8')::jsonb->'settlement' AS s) told
    WHERE {_OF} AND ((s->>'gross_minor')::bigint <> (s->>'vat_minor')::bigint + (s->>'producer_minor')::bigint
                     + (s->>'house_minor')::bigint + (s->>'others_minor')::bigint
                     OR (s->>'gross_minor')::bigint <> gross_minor)
    ORDER BY 1 LIMIT :limit"""  # noqa: S608 (fixed parts)
# Of a house's year as a whole, whichever performance is asked about.
_YEARS: Final = "SELECT count(*) FROM settlement_numbers"
_NUMBERS: Final = """
    SELECT coalesce(n.house_id, s.house_id) || ' ' || coalesce(n.year, s.year) || ': ' || coalesce(s.count, 0)
           || ' settlements up to ' || coalesce(s.last, 0) || ', counted ' || coalesce(n.last_number, 0)
    FROM settlement_numbers n FULL JOIN (
        SELECT house_id, year, count(*) AS count, max(ordinal) AS last FROM settlements GROUP BY house_id, year
    ) s ON (s.house_id, s.year) = (n.house_id, n.year)
    WHERE (s.count, s.last) IS DISTINCT FROM (n.last_number, n.last_number)
    ORDER BY 1 LIMIT :limit"""

SETTLEMENT_CHECKS: Final = (
    SqlCheck("R3.21", "reporting: settlements are what was signed", _SETTLEMENTS, _CHANGED),
    SqlCheck("R3.21", "reporting: everybody's parts of a settlement are the gross", _SETTLEMENTS, _SUMS),
    SqlCheck("R3.21", "reporting: numbers of settlements have no gaps", _YEARS, _NUMBERS),
)
