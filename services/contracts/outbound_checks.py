"""What must hold of the outbound base in every integration, for its audit."""

from __future__ import annotations

from typing import Final

from services.contracts.sql_checks import SqlCheck

# A sweep settles what is over every few seconds, and a call that is under way may end first.
_GRACE_MS: Final = 300_000
_NOW_MS: Final = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint"

OUTBOUND_CHECKS: Final = (
    SqlCheck(
        "INV-7",
        "what was delivered has its line in the ledger",
        "SELECT count(*) FROM outbound_dispatch WHERE settled = 'delivered'",
        """SELECT format('dispatch %s of target %s: delivered by exchange %s, which is not in the ledger',
                         d.dispatch_id, d.target_id, coalesce(d.exchange_id, 'none'))
           FROM outbound_dispatch d LEFT JOIN outbound_exchange e USING (exchange_id)
           WHERE d.settled = 'delivered' AND e.exchange_id IS NULL
           ORDER BY d.dispatch_id LIMIT :limit""",
    ),
    SqlCheck(
        "INV-7",
        "what is settled says when, and what waits still says what is to be told",
        "SELECT count(*) FROM outbound_dispatch",
        """SELECT format('dispatch %s of target %s: %s at %s, its body is %s', dispatch_id, target_id,
                         coalesce(settled, 'waiting'), coalesce(settled_at_ms::text, 'no time'),
                         CASE WHEN body IS NULL THEN 'gone' ELSE 'there' END)
           FROM outbound_dispatch
           WHERE (settled IS NULL) <> (settled_at_ms IS NULL) OR (settled IS NULL AND body IS NULL)
           ORDER BY dispatch_id LIMIT :limit""",
    ),
    SqlCheck(
        "INV-7",
        "nothing waits past its time",
        "SELECT count(*) FROM outbound_dispatch WHERE settled IS NULL AND expires_at_ms > 0",
        f"""SELECT format('dispatch %s of target %s was over at %s and waits', dispatch_id, target_id, expires_at_ms)
            FROM outbound_dispatch
            WHERE settled IS NULL AND expires_at_ms > 0 AND expires_at_ms < {_NOW_MS} - {_GRACE_MS}
            ORDER BY dispatch_id LIMIT :limit""",  # noqa: S608 (constants)
    ),
    SqlCheck(
        "INV-7",
        "whatever waits is for a target that is known",
        "SELECT count(*) FROM outbound_dispatch WHERE settled IS NULL",
        """SELECT format('dispatch %s waits for target %s, which nobody carries to', d.dispatch_id, d.target_id)
           FROM outbound_dispatch d LEFT JOIN outbound_target t USING (house_id, target_id)
           WHERE d.settled IS NULL AND t.target_id IS NULL
           ORDER BY d.dispatch_id LIMIT :limit""",
    ),
)
