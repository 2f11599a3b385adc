"""Payments that providers have and we do not know, in PostgreSQL; and whether a provider's payment is ours."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from services.contracts.pages import AskedPage
from services.payments.adapters.tables import PAYMENTS
from services.payments.adapters.tables import UNKNOWN_PAYMENTS as TABLE
from services.payments.ports import PaymentProvider, ProviderPayment
from services.payments.ports.unknown_payments import UnknownPayment
from services.runtime.clock import Clock
from services.runtime.sql.connections import connected, for_single_statements
from services.runtime.sql.scopes import AllHouses, HouseScope
from services.runtime.telemetry.logging import get_logger
from services.runtime.telemetry.metrics import PAYMENTS_UNKNOWN

_OWN = AllHouses("the deployment's own account has payments of every house")
_PLACE = sa.tuple_(TABLE.c.first_seen_at_ms, TABLE.c.payment_ref)

_log = get_logger("payments")


class PostgresUnknownPayments:
    """See UnknownPayments and KnowsPayments."""

    def __init__(self, engine: AsyncEngine, clock: Clock) -> None:
        self._single = for_single_statements(engine)
        self._clock = clock

    async def knows(self, provider: PaymentProvider, payment_ref: str) -> bool:
        scope = HouseScope(provider.house_id) if provider.house_id else _OWN
        found = sa.select(sa.literal(1)).where(
            PAYMENTS.c.provider == provider.name,
            PAYMENTS.c.provider_ref == payment_ref,
            PAYMENTS.c.provider_account_id == (provider.account if provider.house_id else ""),
        )
        async with connected(self._single, scope) as connection:
            return (await connection.execute(found)).first() is not None

    async def add(self, provider: PaymentProvider, told: ProviderPayment) -> None:
        names_us = bool(told.payment_id)
        PAYMENTS_UNKNOWN.labels("ours" if names_us else "foreign").inc()
        log = _log.error if names_us else _log.info
        log("provider_payment_unknown", account=provider.account, ref=told.ref, payment_id=told.payment_id[:64])
        if not provider.house_id:
            return
        now_ms = self._clock.now_ms()
        values = {
            "house_id": provider.house_id,
            "account_id": provider.account,
            "payment_ref": told.ref,
            "named_payment_id": told.payment_id[:64],
            "status": told.status.value,
            "amount_minor": told.amount_minor,
            "currency": told.currency,
            "first_seen_at_ms": now_ms,
            "last_seen_at_ms": now_ms,
        }
        again = {name: values[name] for name in ("status", "last_seen_at_ms")}
        statement = insert(TABLE).values(values)
        statement = statement.on_conflict_do_update(index_elements=["account_id", "payment_ref"], set_=again)
        async with connected(self._single, HouseScope(provider.house_id)) as connection:
            await connection.execute(statement)

    async def page(self, house_id: str, asked: AskedPage, account_id: str) -> Sequence[UnknownPayment]:
        wanted = sa.select(TABLE).where(TABLE.c.house_id == house_id).order_by(_PLACE).limit(asked.size + 1)
        if account_id:
            wanted = wanted.where(TABLE.c.account_id == account_id)
        if asked.after is not None:
            wanted = wanted.where(sa.tuple_(sa.literal(asked.after.time_ms), sa.literal(asked.after.item_id)) < _PLACE)
        async with connected(self._single, HouseScope(house_id)) as connection:
            return [
                UnknownPayment(
                    account_id=row.account_id,
                    payment_ref=row.payment_ref,
                    named_payment_id=row.named_payment_id,
                    status=row.status,
                    amount_minor=row.amount_minor,
                    currency=row.currency,
                    first_seen_at_ms=row.first_seen_at_ms,
                    last_seen_at_ms=row.last_seen_at_ms,
                )
                for row in await connection.execute(wanted)
            ]
