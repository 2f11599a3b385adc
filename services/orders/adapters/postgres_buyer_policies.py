"""The BuyerPolicies in Postgres."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.contracts.acts import Act, act_event
from services.contracts.changes import EtagStale
from services.contracts.pages import Place
from services.contracts.prices import ComponentKind
from services.orders.adapters.tables import buyer_policies
from services.orders.domain.buyer_policy import (
    NOTHING_SAID,
    BuyerPolicy,
    ExchangeRules,
    RefundRules,
    RefundWish,
    RequestRule,
    TicketRules,
)
from services.runtime.call_context import current_principal
from services.runtime.clock import Clock
from services.runtime.ids import Ids
from services.runtime.outbox.writer import enqueue
from services.runtime.principal import PrincipalKind, PrincipalRef
from services.runtime.sql.connections import after_commit, connected, for_single_statements
from services.runtime.sql.scopes import HouseScope

_CHANGED, _ARCHIVED = "buyer_policy.changed", "buyer_policy.archived"
THING: Final = "buyer policy"
_table = buyer_policies.c


class PostgresBuyerPolicies:
    """See BuyerPolicies. `committed` is called after each transaction that enqueued events."""

    def __init__(self, engine: AsyncEngine, clock: Clock, ids: Ids, committed: Callable[[], None]) -> None:
        self._engine = engine
        self._single = for_single_statements(engine)
        self._clock = clock
        self._ids = ids
        self._committed = committed

    async def in_force(
        self, house_id: str, performance_ids: Collection[str], at_ms: int | None = None
    ) -> Mapping[str, BuyerPolicy]:
        """See BuyerPolicies.in_force."""
        async with connected(self._single, HouseScope(house_id)) as connection:
            return await in_force_within(connection, house_id, performance_ids, at_ms)

    async def add(self, house_id: str, policy: BuyerPolicy, etag: str) -> BuyerPolicy | EtagStale:
        """See BuyerPolicies.add. Who adds the same version at the same time is waited for."""
        of = policy.performance_id
        async with connected(self._engine, HouseScope(house_id)) as connection:
            last = await connection.scalar(
                sa.select(sa.func.max(_table.version)).where(_table.house_id == house_id, _table.performance_id == of)
            )
            now_ms, who = self._clock.now_ms(), current_principal()
            new = replace(policy, version=(last or 0) + 1, since_ms=now_ms, changed_by=who)
            added = insert(buyer_policies).values(_values(house_id, new)).on_conflict_do_nothing()
            is_added = (await connection.execute(added)).rowcount
            in_force = (await in_force_within(connection, house_id, [of], now_ms, before=new))[of]
            if not is_added or in_force.etag != etag:
                await connection.rollback()
                return EtagStale(THING, in_force.etag)
            facts = {"version": str(new.version), "refunds": new.refunds.rule.value.lower()}
            name = _ARCHIVED if new.archived else _CHANGED
            act = Act(name, "performance" if of else "house", of or house_id, facts=facts)
            event = act_event(house_id, act, now_ms=now_ms, ids=self._ids)
            await enqueue(connection, [event], now_ms=now_ms, ids=self._ids)
            after_commit(connection, self._committed)
        return new

    async def page(self, house_id: str, performance_id: str, after: Place | None, limit: int) -> Sequence[BuyerPolicy]:
        """See BuyerPolicies.page."""
        name = sa.func.concat(_table.performance_id, "-", _table.version)
        query = sa.select(buyer_policies).where(_table.house_id == house_id)
        if performance_id:
            query = query.where(_table.performance_id == performance_id)
        if after is not None:
            query = query.where(sa.tuple_(_table.since_ms, name) < sa.tuple_(*after))
        query = query.order_by(_table.since_ms.desc(), name.desc()).limit(limit)
        async with connected(self._single, HouseScope(house_id)) as connection:
            return [_policy(row) for row in await connection.execute(query)]


async def in_force_within(
    connection: AsyncConnection,
    house_id: str,
    performance_ids: Collection[str],
    at_ms: int | None,
    before: BuyerPolicy | None = None,
) -> Mapping[str, BuyerPolicy]:
    """As BuyerPolicies.in_force, in the caller's transaction. `before`: as if that version was not there."""
    query = (
        sa.select(buyer_policies)
        .ext(distinct_on(_table.performance_id))
        .where(_table.house_id == house_id, _table.performance_id.in_({"", *performance_ids}))
        .order_by(_table.performance_id, _table.version.desc())
    )
    if at_ms is not None:
        query = query.where(_table.since_ms <= at_ms)
    if before is not None:
        query = query.where(sa.or_(_table.performance_id != before.performance_id, _table.version < before.version))
    newest = {row.performance_id: _policy(row) for row in await connection.execute(query)}
    of_house = newest.get("", NOTHING_SAID)
    own = {one: newest[one] for one in performance_ids if one in newest and not newest[one].archived}
    return {one: own.get(one, of_house) for one in performance_ids}


def _values(house_id: str, policy: BuyerPolicy) -> dict[str, Any]:
    who, refunds = policy.changed_by, policy.refunds
    return {
        "house_id": house_id,
        "performance_id": policy.performance_id,
        "version": policy.version,
        "since_ms": policy.since_ms,
        "changed_by_kind": who.kind.value if who else "",
        "changed_by": who.subject if who else "",
        "archived": policy.archived,
        "refunds": asdict(refunds)
        | {
            "rule": refunds.rule.value,
            "wishes": [wish.value for wish in refunds.wishes],
            "keep": sorted(kind.value for kind in refunds.keep),
        },
        "exchanges": asdict(policy.exchanges) | {"rule": policy.exchanges.rule.value},
        "tickets": asdict(policy.tickets),
    }


def _policy(row: sa.Row[Any]) -> BuyerPolicy:
    refunds = row.refunds | {
        "rule": RequestRule(row.refunds["rule"]),
        "wishes": tuple(RefundWish(one) for one in row.refunds["wishes"]),
        "keep": frozenset(ComponentKind(one) for one in row.refunds["keep"]),
    }
    exchanges = row.exchanges | {"rule": RequestRule(row.exchanges["rule"])}
    return BuyerPolicy(
        RefundRules(**refunds),
        ExchangeRules(**exchanges),
        TicketRules(**row.tickets),
        row.performance_id,
        row.version,
        row.since_ms,
        PrincipalRef(PrincipalKind(row.changed_by_kind), row.changed_by) if row.changed_by else None,
        row.archived,
    )
