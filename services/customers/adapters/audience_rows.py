"""Audiences in PostgreSQL: one statement a page, and no row of it without a consent that is confirmed (R3.16)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.pages import Place
from services.customers.adapters.consent_tables import answers, consents
from services.customers.adapters.customer_tables import customers, purchases, shows
from services.customers.domain.answer import ConsentState
from services.customers.domain.audience import (
    AudienceFilter,
    AudienceMember,
    ConsentedCustomer,
    GrantedSight,
    as_consented,
)
from services.customers.domain.consent import ConsentMedium, ConsentScope


class AudienceRows:
    """See Audiences."""

    def __init__(self, connection: AsyncConnection, house_id: str) -> None:
        self._connection = connection
        self._house_id = house_id

    async def of_house(self, wanted: AudienceFilter, after: Place | None, limit: int) -> Sequence[AudienceMember]:
        members = self._consented()
        if wanted.consent_id:
            members = members.where(answers.c.consent_id == wanted.consent_id)
        if wanted.performance_id:
            members = members.where(self._bought(purchases.c.performance_id == wanted.performance_id))
        return await self._page(members, after, limit)

    async def of_promoter(
        self, sight: GrantedSight, wanted: AudienceFilter, after: Place | None, limit: int
    ) -> Sequence[AudienceMember]:
        granted: sa.ColumnElement[bool] = sa.true()
        if not sight.whole_house:
            granted = purchases.c.performance_id.in_(sight.performance_ids) | shows.c.production_id.in_(
                sight.production_ids
            )
        if wanted.performance_id:
            granted &= purchases.c.performance_id == wanted.performance_id
        thing, scope = consents.c.thing_id, consents.c.scope
        # What a consent is about is what was bought, and that is granted; or it is about the promoter itself.
        meant = (
            ((scope == ConsentScope.PROMOTER.value) & thing.in_(sight.grant_ids))
            | ((scope == ConsentScope.PERFORMANCE.value) & (thing == purchases.c.performance_id))
            | ((scope == ConsentScope.PRODUCTION.value) & (thing == shows.c.production_id))
        )
        return await self._page(self._consented().where(self._bought(granted & meant)), after, limit)

    async def consented(self, customer_ids: Sequence[str], consent_ids: Sequence[str]) -> Sequence[ConsentedCustomer]:
        by_id = (customers.c.house_id == answers.c.house_id) & (customers.c.customer_id == answers.c.customer_id)
        asked = (consents.c.house_id == answers.c.house_id) & (consents.c.consent_id == answers.c.consent_id)
        wanted = (
            sa.select(customers, answers.c.consent_id, answers.c.changed_at_ms)
            .select_from(answers.join(customers, by_id).join(consents, asked))
            .where(
                answers.c.house_id == self._house_id,
                answers.c.customer_id.in_(customer_ids),
                answers.c.consent_id.in_(consent_ids),
                answers.c.state == ConsentState.CONFIRMED.value,
                consents.c.medium == ConsentMedium.EMAIL.value,
            )
            .order_by(customers.c.customer_id, answers.c.consent_id)
        )
        found: dict[str, ConsentedCustomer] = {}
        for row in await self._connection.execute(wanted):
            one = found.get(row.customer_id)
            given = (*(one.consents if one else ()), (row.consent_id, row.changed_at_ms))
            found[row.customer_id] = ConsentedCustomer(row.customer_id, row.name, row.email, row.language, given)
        return list(found.values())

    def _consented(self) -> sa.Select[Any]:
        """Customers with the media of their confirmed consents; more conditions narrow both."""
        counts = (
            (answers.c.house_id == customers.c.house_id)
            & (answers.c.customer_id == customers.c.customer_id)
            & (answers.c.state == ConsentState.CONFIRMED.value)
        )
        asked = (consents.c.house_id == answers.c.house_id) & (consents.c.consent_id == answers.c.consent_id)
        columns = (
            customers.c.customer_id,
            customers.c.name,
            customers.c.email,
            customers.c.phone,
            customers.c.language,
        )
        return (
            sa.select(*columns, sa.func.array_agg(consents.c.medium.distinct()).label("media"))
            .join(answers, counts)
            .join(consents, asked)
            .where(customers.c.house_id == self._house_id)
            .group_by(*columns)
            .order_by(customers.c.customer_id)
        )

    def _bought(self, what: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
        of_show = (shows.c.house_id == purchases.c.house_id) & (shows.c.performance_id == purchases.c.performance_id)
        return (
            sa.exists()
            .select_from(purchases.outerjoin(shows, of_show))
            .where(
                purchases.c.house_id == self._house_id,
                purchases.c.customer_id == customers.c.customer_id,
                what,
            )
            .correlate(customers, answers, consents)
        )

    async def _page(self, members: sa.Select[Any], after: Place | None, limit: int) -> Sequence[AudienceMember]:
        if after is not None:
            members = members.where(customers.c.customer_id > after.item_id)
        rows = await self._connection.execute(members.limit(limit))
        return [as_consented(_member(row)) for row in rows]


def _member(row: sa.Row[Any]) -> AudienceMember:
    media = tuple(medium for medium in ConsentMedium if medium.value in row.media)
    return AudienceMember(row.customer_id, row.name, row.email, row.phone, row.language, media)
