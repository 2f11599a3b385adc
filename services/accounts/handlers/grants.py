"""Grants: given and withdrawn by houses, to an address; merged over houses for the person who has it (R3.3, R3.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.accounts.domain.grant import MAX_GRANTS, Grant, Granted, Thing
from services.accounts.domain.refusals import GrantNotFound, TooManyGrants
from services.accounts.handlers.once import once
from services.accounts.ports.store import AccountsStore
from services.accounts.ports.transaction import AccountsTransaction
from services.contracts.acts import Act
from services.contracts.email_addresses import EmailAddress
from services.contracts.once import Asked
from services.contracts.pages import AskedPage, token_after
from services.runtime.access.refusals import HouseNotFound
from services.runtime.errors import Refusal
from services.runtime.ids import Ids

_NOTHING = Granted((), 0)


@dataclass(frozen=True, slots=True)
class GrantPage:
    """In the order in which they were made; `next_page_token` is empty on the last page."""

    grants: Sequence[Grant]
    next_page_token: str


class GrantHandler:
    """A house's side names addresses, and learns nothing of who has one or what other houses grant it (INV-8)."""

    def __init__(self, store: AccountsStore, ids: Ids) -> None:
        self._store = store
        self._ids = ids

    async def grant(
        self, asked: Asked[Sequence[Grant]], house_id: str, email: EmailAddress, wanted: Sequence[Thing]
    ) -> bytes | Refusal:
        """What is granted already stays as it is. Refusals: HouseNotFound, TooManyGrants, IdempotencyKeyReused."""

        async def act(transaction: AccountsTransaction) -> Sequence[Grant] | Refusal:
            if await transaction.houses.find(house_id) is None:
                return HouseNotFound(house_id)
            # Before the look at what stands: two grants of the same thing to the same address take turns.
            await transaction.grants.raise_version(email)
            standing = {one.thing: one for one in await transaction.grants.standing(house_id, email)}
            new = [self._new(house_id, email, thing, transaction.now_ms) for thing in wanted if thing not in standing]
            if len(standing) + len(new) > MAX_GRANTS:
                return TooManyGrants(MAX_GRANTS)
            await transaction.grants.add(new)
            for one in new:
                await transaction.record_act(house_id, _act("grant.made", one))
            found = standing | {one.thing: one for one in new}
            return [found[thing] for thing in wanted]

        return await once(self._store, house_id, asked, act, house_id=house_id)

    def _new(self, house_id: str, email: EmailAddress, thing: Thing, now_ms: int) -> Grant:
        return Grant(house_id, self._ids.new_id("grt"), email, thing, now_ms)

    async def withdraw(self, house_id: str, grant_id: str) -> Grant | Refusal:
        """Withdrawing twice is fine. Refusals: GrantNotFound."""
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.grants.find(house_id, grant_id)
            if found is None:
                return GrantNotFound(grant_id)
            await transaction.grants.raise_version(found.email)
            # Somebody may have been faster.
            found = await transaction.grants.find(house_id, grant_id)
            assert found is not None, "grants are withdrawn, never removed"
            if found.withdrawn_at_ms is not None:
                return found
            await transaction.grants.withdraw(house_id, grant_id, transaction.now_ms)
            await transaction.record_act(house_id, _act("grant.withdrawn", found))
            await transaction.commit()
            return Grant(house_id, grant_id, found.email, found.thing, found.granted_at_ms, transaction.now_ms)

    async def page(
        self, house_id: str, email: EmailAddress | None, asked: AskedPage, *, include_withdrawn: bool
    ) -> GrantPage:
        """The house's own; a house that is unknown has none."""
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.grants.page(
                house_id, email, asked.after, asked.size + 1, withdrawn=include_withdrawn
            )
        page = found[: asked.size]
        if len(found) == len(page):
            return GrantPage(page, "")
        return GrantPage(page, token_after(house_id, page[-1].grant_id, page[-1].granted_at_ms))

    async def granted(self, person_id: str) -> Granted:
        """To a person, at this moment. Nothing while nobody has shown to read mails at the person's address."""
        async with self._store.transaction() as transaction:
            person = await transaction.people.find(person_id)
            if person is None or not person.email_confirmed:
                return _NOTHING
            # The version first: whatever changes after it makes it too low, never too high.
            version = await transaction.grants.version(person.email)
            houses = tuple(await transaction.grants.of_address(person.email))
            return Granted(houses, version, await transaction.promoters.made_by(person_id))


def _act(done: str, grant: Grant) -> Act:
    """Without the address, which is somebody's."""
    facts = {"scope": grant.thing.scope.value, "granted_thing": grant.thing.thing_id}
    return Act(done, "grant", grant.grant_id, facts={name: value for name, value in facts.items() if value})
