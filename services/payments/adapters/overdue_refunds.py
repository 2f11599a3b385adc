"""Which refunds are overdue: nobody has taken them on, or they are on their way for longer than a provider takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from services.payments.adapters.tables import HAS_OPEN_REFUNDS
from services.runtime.clock import Clock
from services.runtime.sql.connections import connected, for_single_statements
from services.runtime.sql.scopes import AllHouses
from services.runtime.telemetry.metrics import REFUNDS_OVERDUE

LOOK_SECONDS: Final = 30.0
_DAY_MS: Final = 86_400_000
_COUNTS: Final = AllHouses("a gauge counts every house's overdue refunds")

# Rows of payments with `owed`, one of their refunds. A provider is asked for one of a payment after the other: of those
# that are due only the first can be late, and its time begins when the one before has ended. What the provider has
# taken on has that provider's days.
OVERDUE: Final = f"""payments CROSS JOIN LATERAL (
        SELECT each.refund ->> 'state' AS state,
               each.refund ->> 'accepted_at_ms' IS NOT NULL AS is_on_its_way,
               (each.refund ->> 'due_at_ms')::bigint AS due_at_ms,
               greatest((each.refund ->> 'due_at_ms')::bigint,
                        max((each.refund ->> 'ended_at_ms')::bigint) OVER ()) AS asked_since_ms,
               each.place = min(each.place) FILTER (WHERE each.refund ->> 'state' = 'DUE') OVER () AS is_asked_for
        FROM jsonb_array_elements(refunds) WITH ORDINALITY AS each (refund, place)) AS owed
    WHERE {HAS_OPEN_REFUNDS} AND (
        (owed.state = 'STUCK' AND owed.due_at_ms < :due_before_ms)
        OR (owed.state = 'DUE' AND owed.is_asked_for AND owed.asked_since_ms < CASE
            WHEN owed.is_on_its_way AND provider = 'mollie' THEN CAST(:mollie_before_ms AS bigint)
            WHEN owed.is_on_its_way AND provider = 'stripe' THEN CAST(:stripe_before_ms AS bigint)
            ELSE CAST(:due_before_ms AS bigint) END))"""  # noqa: S608
_COUNT: Final = text(f"SELECT count(*) FROM {OVERDUE}")  # noqa: S608


@dataclass(frozen=True, slots=True)
class RefundPatience:
    """How long a refund may be owed that nobody has taken on, and how long one may be on its way."""

    seconds: float
    mollie_days: float
    stripe_days: float

    def before(self, now_ms: int) -> Mapping[str, int]:
        """The parameters of OVERDUE."""
        return {
            "due_before_ms": now_ms - int(self.seconds * 1000),
            "mollie_before_ms": now_ms - int(self.mollie_days * _DAY_MS),
            "stripe_before_ms": now_ms - int(self.stripe_days * _DAY_MS),
        }


class OverdueRefunds:
    """Counts them for the alert."""

    def __init__(self, engine: AsyncEngine, clock: Clock, patience: RefundPatience) -> None:
        self._single = for_single_statements(engine)
        self._clock = clock
        self._patience = patience

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            REFUNDS_OVERDUE.set(await self.count())
            await self._clock.sleep(LOOK_SECONDS)

    async def count(self) -> int:
        """Of all houses."""
        async with connected(self._single, _COUNTS) as connection:
            return int(await connection.scalar(_COUNT, dict(self._patience.before(self._clock.now_ms()))) or 0)
