"""Carries what is due to MailChimp: a Carrier of the outbound base. What it is, is looked up when its turn comes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.integrations.mailchimp.domain.audience_sync import AudienceSync
from services.integrations.mailchimp.domain.membership import Member
from services.integrations.mailchimp.domain.profile import Profile, profile_of
from services.integrations.mailchimp.domain.shards import SHARDS
from services.integrations.mailchimp.handlers.comparing import Comparing
from services.integrations.mailchimp.handlers.dispatching import COMPARE, MEMBERS, members_due
from services.integrations.mailchimp.handlers.hooking import Hooking
from services.integrations.mailchimp.handlers.telling import Chunk, Telling
from services.integrations.mailchimp.ports.mailchimp import MAX_MEMBERS, Access, Mailchimp
from services.integrations.mailchimp.ports.people import CustomersSilent, People
from services.integrations.mailchimp.ports.store import MailchimpStore
from services.runtime.clock import Clock
from services.runtime.outbound.port import (
    Carried,
    CarrierLimits,
    Dispatch,
    Done,
    Exchange,
    Later,
    Locked,
    Outcome,
    Settled,
    Target,
)

# One call carries on for so long, and then lets others of its house have their turn.
_CARRY_SECONDS: Final = 40.0
_SILENT = Later("customers does not say who may be written to", is_targets_fault=False)


class Courier:
    """See Carrier. A house's account has SHARDS questions under way at most, in all processes together."""

    limits = CarrierLimits(batch=1, at_once=SHARDS)

    def __init__(
        self, store: MailchimpStore, mailchimp: Mailchimp, people: People, hooking: Hooking, clock: Clock
    ) -> None:
        self._store = store
        self._people = people
        self._telling = Telling(store, mailchimp)
        self._comparing = Comparing(store, mailchimp)
        self._hooking = hooking
        self._clock = clock

    async def carry(self, target: Target, dispatches: Sequence[Dispatch]) -> Carried:
        outcomes: list[Outcome] = []
        exchanges: list[Exchange] = []
        access = await self._access(target)
        for dispatch in dispatches:
            if access is None:
                outcomes.append(Locked("the house has no account at MailChimp here"))
                continue
            outcome, asked = await self._carry(access, dispatch)
            outcomes.append(outcome)
            exchanges += asked
        return Carried(outcomes, exchanges)

    async def _access(self, target: Target) -> Access | None:
        async with self._store.transaction(target.house_id) as transaction:
            account = await transaction.account()
            return None if account is None else Access(target, account.data_centre, await transaction.key())

    async def _carry(self, access: Access, dispatch: Dispatch) -> tuple[Outcome, Sequence[Exchange]]:
        body: Mapping[str, Any] = json.loads(dispatch.body)
        list_id = str(body["list_id"])
        if dispatch.kind == MEMBERS:
            return await self._members(access, list_id, int(body["shard"]))
        if dispatch.kind == COMPARE:
            return await self._comparing.page(
                access,
                list_id,
                since_ms=int(body["since_ms"]),
                began_ms=int(body["began_ms"]),
                offset=int(body["offset"]),
            )
        return await self._hooking.hook_up(access, list_id)

    async def _members(self, access: Access, list_id: str, shard: int) -> tuple[Outcome, Sequence[Exchange]]:
        house_id, exchanges, later = access.target.house_id, list[Exchange](), set[str]()
        until = self._clock.monotonic() + _CARRY_SECONDS
        while self._clock.monotonic() < until:
            async with self._store.transaction(house_id) as transaction:
                syncs = await transaction.syncs(list_id)
                due = await transaction.members.due(list_id, shard, MAX_MEMBERS + len(later))
            members = [one for one in due if one.customer_id not in later][:MAX_MEMBERS]
            if not members:
                await self._all_told(house_id, list_id)
                return _done(exchanges), exchanges
            try:
                profiles = await self._profiles(house_id, syncs, members)
            except CustomersSilent:
                return _SILENT, exchanges
            # Members that are there already are asked about one by one: 500 of them may take minutes.
            chunk = Chunk(house_id, list_id, access, members, profiles)
            told = await self._telling.tell(chunk, lambda: self._clock.monotonic() >= until)
            exchanges += told.exchanges
            later |= told.later
            if told.stop is not None:
                return told.stop, exchanges
        # The rest follows: what is put while it is carried waits anew.
        async with self._store.transaction(house_id) as transaction:
            await transaction.put(members_due(house_id, list_id, [shard], transaction.now_ms))
            await transaction.commit()
        return _done(exchanges), exchanges

    async def _profiles(
        self, house_id: str, syncs: Sequence[AudienceSync], members: Sequence[Member]
    ) -> Mapping[str, Profile]:
        """What they are to be there, by what customers says now. Raises CustomersSilent."""
        consent_ids = sorted({sync.consent_id for sync in syncs})
        asked = [one.customer_id for one in members if not one.erased]
        people = await self._people.consented(house_id, asked, consent_ids) if asked and consent_ids else {}
        found = {customer_id: profile_of(people.get(customer_id), syncs) for customer_id in asked}
        return {customer_id: profile for customer_id, profile in found.items() if profile is not None}

    async def _all_told(self, house_id: str, list_id: str) -> None:
        async with self._store.transaction(house_id) as transaction:
            await transaction.finish_first(list_id)
            await transaction.commit()


def _done(exchanges: Sequence[Exchange]) -> Done:
    return Done(Settled.DELIVERED) if exchanges else Done(Settled.DROPPED, "nobody was to be told of")
