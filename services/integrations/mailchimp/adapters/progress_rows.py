"""How far syncs are, in PostgreSQL: counted, so that it is right after whatever happened."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.pages import Place
from services.integrations.mailchimp.adapters.account_tables import audience_syncs
from services.integrations.mailchimp.adapters.member_tables import DUE, members, standings
from services.integrations.mailchimp.domain.audience_sync import AudienceSync
from services.integrations.mailchimp.domain.membership import Problem
from services.integrations.mailchimp.ports.store import Progress, Troubled

_ITS_MEMBER = (members.c.house_id == standings.c.house_id) & (members.c.customer_id == standings.c.customer_id)
# Those whom MailChimp itself did not take; who has said no there is not asked again.
_MAY_BE_TRIED = (Problem.ADDRESS_REFUSED.value, Problem.MERGE_FIELD_REFUSED.value, Problem.OTHER.value)


class ProgressRows:
    """Of one house."""

    def __init__(self, connection: AsyncConnection, house_id: str) -> None:
        self._connection = connection
        self._house_id = house_id

    async def of(self, sync: AudienceSync) -> Progress:
        # Right after a first sync began nobody has counted its members: row by row would take minutes.
        await self._connection.execute(sa.text("SELECT set_config('enable_nestloop', 'off', true)"))
        of_list = (members.c.house_id == self._house_id) & (members.c.list_id == sync.list_id)
        count, due = sa.func.count(), sa.text(DUE)
        consented = sa.select(
            count.label("consented"),
            count.filter(members.c.generation == members.c.told_generation).label("done"),
        ).select_from(self._consented(sync))
        row = (await self._connection.execute(consented)).one()
        waiting = (await self._connection.execute(sa.select(count).where(of_list, due))).scalar_one()
        moved = (await self._connection.execute(sa.select(sa.func.max(members.c.told_ms)).where(of_list))).scalar()
        why = (
            sa.select(members.c.problem, count)
            .select_from(self._consented(sync))
            .where(members.c.problem.is_not(None))
            .group_by(members.c.problem)
        )
        problems = {Problem(name): number for name, number in await self._connection.execute(why)}
        first = sa.select(audience_syncs.c.first_done).where(
            audience_syncs.c.house_id == self._house_id, audience_syncs.c.sync_id == sync.sync_id
        )
        first_done = (await self._connection.execute(first)).scalar_one()
        return Progress(row.consented, row.done, waiting, problems, moved or 0, first_done)

    def _consented(self, sync: AudienceSync) -> sa.FromClause:
        """Those whose consent counts, each with its row of the audience."""
        given = (
            (standings.c.house_id == self._house_id)
            & (standings.c.consent_id == sync.consent_id)
            & (standings.c.state == "CONFIRMED")
        )
        return sa.join(members, standings, _ITS_MEMBER & given & (members.c.list_id == sync.list_id))

    async def troubled(self, sync: AudienceSync, after: Place | None, limit: int) -> Sequence[Troubled]:
        wanted = (
            sa.select(members.c.customer_id, members.c.problem, members.c.since_ms)
            .select_from(self._consented(sync))
            .where(members.c.problem.is_not(None))
            .order_by(members.c.customer_id)
            .limit(limit)
        )
        if after is not None:
            wanted = wanted.where(members.c.customer_id > after.item_id)
        rows = (await self._connection.execute(wanted)).all()
        return [Troubled(row.customer_id, Problem(row.problem), row.since_ms) for row in rows]

    async def due_shards(self, list_id: str) -> Sequence[int]:
        wanted = (
            sa.select(members.c.shard)
            .distinct()
            .where(members.c.house_id == self._house_id, members.c.list_id == list_id, sa.text(DUE))
        )
        return sorted((await self._connection.execute(wanted)).scalars())

    async def retry_troubled(self, list_id: str) -> None:
        again = (
            sa.update(members)
            .where(
                members.c.house_id == self._house_id,
                members.c.list_id == list_id,
                members.c.problem.in_(_MAY_BE_TRIED),
            )
            .values(generation=members.c.generation + 1, digest="")
        )
        await self._connection.execute(again)
