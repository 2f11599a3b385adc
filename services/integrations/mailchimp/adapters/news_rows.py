"""What MailChimp has told by itself, and the noes that customers is still to be told, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.integrations.mailchimp.adapters.account_tables import audience_syncs
from services.integrations.mailchimp.adapters.member_tables import members, news
from services.integrations.mailchimp.domain.news import News, NewsKind
from services.integrations.mailchimp.ports.store import OptOut


class NewsRows:
    """Of one house."""

    def __init__(self, connection: AsyncConnection, house_id: str, now_ms: int) -> None:
        self._connection = connection
        self._house_id = house_id
        self._now_ms = now_ms

    async def store(self, told: News) -> bool:
        values = {
            "house_id": self._house_id,
            "digest": told.digest,
            "list_id": told.list_id,
            "kind": told.kind.value,
            "subscriber": told.subscriber,
            "became": told.became,
            "is_removal": told.is_removal,
            "said_at_ms": told.said_at_ms,
            "received_at_ms": self._now_ms,
        }
        add = insert(news).on_conflict_do_nothing().returning(news.c.digest)
        return (await self._connection.execute(add, values)).first() is not None

    async def waiting(self, limit: int) -> Sequence[News]:
        wanted = (
            sa.select(news)
            .where(news.c.house_id == self._house_id, news.c.done_at_ms.is_(None))
            .order_by(news.c.said_at_ms, news.c.received_at_ms, news.c.digest)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return [
            News(
                list_id=row.list_id,
                kind=NewsKind(row.kind),
                subscriber=row.subscriber,
                said_at_ms=row.said_at_ms,
                digest=row.digest,
                became=row.became,
                is_removal=row.is_removal,
            )
            for row in await self._connection.execute(wanted)
        ]

    async def done(self, told: Sequence[News]) -> None:
        digests = [one.digest for one in told]
        mine = (news.c.house_id == self._house_id) & news.c.digest.in_(digests)
        await self._connection.execute(sa.update(news).where(mine).values(done_at_ms=self._now_ms))

    async def opt_outs(self, limit: int) -> Sequence[OptOut]:
        wanted = (
            sa.select(members.c.list_id, members.c.customer_id, members.c.opt_out_at_ms)
            .where(members.c.house_id == self._house_id, members.c.opt_out_at_ms.is_not(None))
            .order_by(members.c.list_id, members.c.customer_id)
            .limit(limit)
        )
        rows = (await self._connection.execute(wanted)).all()
        synced = (
            sa.select(audience_syncs.c.list_id, audience_syncs.c.consent_id)
            .distinct()
            .where(audience_syncs.c.house_id == self._house_id)
        )
        consents: dict[str, tuple[str, ...]] = {}
        for list_id, consent_id in await self._connection.execute(synced):
            consents[list_id] = (*consents.get(list_id, ()), consent_id)
        return [
            OptOut(self._house_id, row.list_id, row.customer_id, consents.get(row.list_id, ()), row.opt_out_at_ms)
            for row in rows
        ]

    async def opt_out_done(self, done: OptOut) -> None:
        mine = (
            (members.c.house_id == self._house_id)
            & (members.c.list_id == done.list_id)
            & (members.c.customer_id == done.customer_id)
            & (members.c.opt_out_at_ms == done.said_at_ms)
        )
        await self._connection.execute(sa.update(members).where(mine).values(opt_out_at_ms=None))
