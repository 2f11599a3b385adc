"""The provider's books beside the payments service's: what each says of a payment, and what is still to move."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

from services.console.audit.facts import Facts
from services.runtime.testing import eventually


def provider_disagrees(ledger: Path, facts: Facts) -> list[str]:
    """Money at the provider that payments does not know of, or the other way round, payment by payment."""
    with closing(sqlite3.connect(ledger)) as connection:
        rows = connection.execute(
            "SELECT reference, amount_minor, refunded_minor FROM payments WHERE status='succeeded'"
        )
        kept: Counter[str] = Counter()
        for reference, amount, refunded in rows:
            kept[reference] += amount - refunded
    known = {
        payment.payment_id: 0 if payment.refunded or payment.state != "SUCCEEDED" else payment.amount_minor
        for payment in facts.payments
    }
    return [
        f"payment {payment}: the provider keeps {kept[payment]}, payments says {known.get(payment, 0)}"
        for payment in sorted(kept.keys() | known.keys())
        if kept[payment] != known.get(payment, 0)
    ]


def money_under_way(ledger: Path) -> list[str]:
    """Payments that the provider is going to capture or pay back by itself, even those that it has cancelled."""
    with closing(sqlite3.connect(ledger)) as connection:
        rows = connection.execute(
            "SELECT DISTINCT reference FROM agenda JOIN payments ON payments.id = agenda.payment_id "
            "WHERE act <> 'expire' ORDER BY reference"
        )
        return [reference for (reference,) in rows]


async def agree_in_time(ledger: Path, read_facts: Callable[[], Awaitable[Facts]], timeout_seconds: float) -> bool:
    """Waits until no money is to move any more and payments knows of all that did; False when that is not by then.

    Two books that are read one after the other, while money moves in between, differ without anybody's fault.
    """

    async def agree() -> bool:
        return not money_under_way(ledger) and not provider_disagrees(ledger, await read_facts())

    try:
        await eventually(agree, timeout_seconds)
    except AssertionError:
        return False
    return True
