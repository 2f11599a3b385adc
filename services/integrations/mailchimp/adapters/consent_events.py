"""Takes balcon.consents.v1: how everybody stands to each question, by ids alone, and who is due because of it.

A BatchHandler: one statement a table for many events, in the transaction of their inbox rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from balcon.customers.v1 import customers_events_pb2 as wire
from google.protobuf.message import DecodeError
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.contracts.wire_types import instant_ms
from services.integrations.mailchimp.adapters.account_tables import audience_syncs
from services.integrations.mailchimp.adapters.member_tables import members, merged_customers, standings
from services.integrations.mailchimp.domain.shards import shard_of
from services.runtime.errors import Fatal
from services.runtime.outbox.application import EventFailed
from services.runtime.outbox.event import IncomingEvent

GROUP = "mailchimp"
_CHANGED = wire.ConsentChanged.DESCRIPTOR.full_name
_ERASED = wire.CustomerErased.DESCRIPTOR.full_name
_MERGED = wire.CustomersMerged.DESCRIPTOR.full_name
_MORE = members.c.generation + 1


class ConsentEventUnreadable(Fatal):
    """An event of customers has bytes that are not the message that its type names."""


async def learn_consents(connection: AsyncConnection, events: Sequence[IncomingEvent]) -> None:
    """Applies them in order. An unknown type is a newer publisher's."""
    changed: list[wire.ConsentChanged] = []
    for index, event in enumerate(events):
        try:
            if event.type == _CHANGED:
                changed.append(wire.ConsentChanged.FromString(event.payload))
            elif event.type in {_ERASED, _MERGED}:
                # What came before it must be there before it.
                await _learn(connection, changed)
                changed = []
                await _apply(connection, event)
        except DecodeError as error:
            fault = ConsentEventUnreadable(type=event.type, event_id=event.id)
            fault.__cause__ = error
            raise EventFailed(index, fault) from error
    await _learn(connection, changed)


async def _apply(connection: AsyncConnection, event: IncomingEvent) -> None:
    if event.type == _ERASED:
        gone = wire.CustomerErased.FromString(event.payload)
        await _erase(connection, event.house_id, gone.customer_id)
    else:
        merged = wire.CustomersMerged.FromString(event.payload)
        await _merge(connection, event.house_id, merged.merged_customer_id, merged.customer_id)


async def _learn(connection: AsyncConnection, changed: Sequence[wire.ConsentChanged]) -> None:
    latest = {(one.house_id, one.customer_id, one.consent_id): one for one in changed}
    if not latest:
        return
    add = insert(standings)
    keep = add.on_conflict_do_update(
        index_elements=["house_id", "customer_id", "consent_id"],
        set_={name: add.excluded[name] for name in ("state", "changed_at_ms")},
    )
    await connection.execute(keep, [_row(one) for one in latest.values()])
    # After the standings are written: a sync that is made meanwhile waits for them, or is found here.
    consent_ids = {consent_id for _, _, consent_id in latest}
    synced = sa.select(audience_syncs.c.house_id, audience_syncs.c.consent_id, audience_syncs.c.list_id).where(
        audience_syncs.c.consent_id.in_(consent_ids)
    )
    lists: dict[tuple[str, str], set[str]] = {}
    for house_id, consent_id, list_id in await connection.execute(synced):
        lists.setdefault((house_id, consent_id), set()).add(list_id)
    given: dict[tuple[str, str, str], bool] = {}
    for (house_id, customer_id, consent_id), one in latest.items():
        for list_id in lists.get((house_id, consent_id), ()):
            key = (house_id, list_id, customer_id)
            given[key] = given.get(key, False) or one.state == wire.CONSENT_STATE_CONFIRMED
    await _make_due(connection, given)


async def _make_due(connection: AsyncConnection, given: dict[tuple[str, str, str], bool]) -> None:
    """Who has given a consent is a member to be; who has not is due only where it is one."""
    rows = [
        {"house_id": house_id, "list_id": list_id, "customer_id": customer_id, "shard": shard_of(customer_id)}
        for (house_id, list_id, customer_id), is_given in sorted(given.items())
        if is_given
    ]
    if rows:
        key = ["house_id", "list_id", "customer_id"]
        await connection.execute(
            insert(members).on_conflict_do_update(index_elements=key, set_={"generation": _MORE}), rows
        )
    others = sorted(key for key, is_given in given.items() if not is_given)
    if others:
        of_them = sa.tuple_(members.c.house_id, members.c.list_id, members.c.customer_id).in_(others)
        await connection.execute(sa.update(members).where(of_them).values(generation=_MORE))


async def _erase(connection: AsyncConnection, house_id: str, customer_id: str) -> None:
    """Of all records that were this person's."""
    of_house = merged_customers.c.house_id == house_id
    led = sa.select(merged_customers.c.merged_customer_id).where(
        of_house, merged_customers.c.customer_id == customer_id
    )
    ids = [customer_id, *(await connection.execute(led)).scalars()]
    mine = (members.c.house_id == house_id) & members.c.customer_id.in_(ids)
    await connection.execute(sa.update(members).where(mine).values(erased=True, opt_out_at_ms=None, generation=_MORE))
    stood = (standings.c.house_id == house_id) & standings.c.customer_id.in_(ids)
    await connection.execute(sa.delete(standings).where(stood))
    await connection.execute(sa.delete(merged_customers).where(of_house, merged_customers.c.customer_id == customer_id))


async def _merge(connection: AsyncConnection, house_id: str, merged_id: str, customer_id: str) -> None:
    """The former record's address is nobody's any more: it leaves."""
    of_house = merged_customers.c.house_id == house_id
    await connection.execute(
        sa.update(merged_customers)
        .where(of_house, merged_customers.c.customer_id == merged_id)
        .values(customer_id=customer_id)
    )
    lead: dict[str, Any] = {"house_id": house_id, "merged_customer_id": merged_id, "customer_id": customer_id}
    await connection.execute(insert(merged_customers).on_conflict_do_nothing(), lead)
    stood = (standings.c.house_id == house_id) & (standings.c.customer_id == merged_id)
    await connection.execute(sa.delete(standings).where(stood))
    both = (members.c.house_id == house_id) & members.c.customer_id.in_([merged_id, customer_id])
    await connection.execute(sa.update(members).where(both).values(generation=_MORE))


def _row(one: wire.ConsentChanged) -> dict[str, Any]:
    return {
        "house_id": one.house_id,
        "customer_id": one.customer_id,
        "consent_id": one.consent_id,
        "state": wire.ConsentState.Name(one.state).removeprefix("CONSENT_STATE_"),
        "shard": shard_of(one.customer_id),
        "changed_at_ms": instant_ms(one.changed_at),
    }
