"""Members of houses: listed, changed, taken out. A house keeps an owner, whoever acts at the same moment."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from services.accounts.domain.membership import Membership, leaves_no_owner
from services.accounts.domain.person import Person
from services.accounts.domain.refusals import LastOwner, MemberNotFound
from services.accounts.handlers.revocations import void_what_was_signed_meanwhile
from services.accounts.ports.store import AccountsStore
from services.accounts.ports.transaction import AccountsTransaction
from services.contracts.access import Role
from services.contracts.acts import Act
from services.contracts.changes import refused_etag
from services.contracts.pages import AskedPage, token_after
from services.runtime.access.refusals import HouseNotFound
from services.runtime.errors import Refusal


@dataclass(frozen=True, slots=True)
class Member:
    """A membership and whose it is."""

    membership: Membership
    person: Person


@dataclass(frozen=True, slots=True)
class MemberPage:
    """Who came first first; `next_page_token` is empty on the last page."""

    members: Sequence[Member]
    next_page_token: str


class MemberHandler:
    """Changes of a house's members take turns: its row is locked."""

    def __init__(self, store: AccountsStore) -> None:
        self._store = store

    async def page(self, house_id: str, page: AskedPage) -> MemberPage:
        """A house that is unknown has none."""
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.members.page_of_house(house_id, page.after, page.size + 1)
            people = await transaction.people.find_many([one.person_id for one in found])
        told = found[: page.size]
        more = token_after(house_id, told[-1].person_id, told[-1].joined_at_ms) if len(found) > len(told) else ""
        return MemberPage([Member(one, people[one.person_id]) for one in told], more)

    async def update(self, house_id: str, person_id: str, etag: str, roles: frozenset[Role]) -> Member | Refusal:
        """Refusals: HouseNotFound, MemberNotFound, EtagStale, LastOwner."""
        async with self._store.transaction(house_id) as transaction:
            found = await self._changeable(transaction, house_id, person_id, etag, roles)
            if isinstance(found, Refusal):
                return found
            changed = dataclasses.replace(found, roles=roles, revision=found.revision + 1)
            await transaction.members.save(changed)
            facts = {"from": _text(found.roles), "to": _text(roles)}
            await transaction.record_act(house_id, Act("member.changed", "person", person_id, facts=facts))
            person = await self._void_tokens(transaction, person_id)
            await transaction.commit()
        await void_what_was_signed_meanwhile(self._store, person_id)
        return Member(changed, person)

    async def remove(self, house_id: str, person_id: str, etag: str) -> Refusal | None:
        """Refusals: HouseNotFound, MemberNotFound, EtagStale, LastOwner."""
        async with self._store.transaction(house_id) as transaction:
            found = await self._changeable(transaction, house_id, person_id, etag, frozenset())
            if isinstance(found, Refusal):
                return found
            person = await transaction.people.find(person_id)
            assert person is not None, "a member is somebody"
            # Whoever was sent two has one left, which would let them in again. First, as who accepts locks it first.
            await transaction.invitations.withdraw_open(house_id, person.email)
            await transaction.members.remove(house_id, person_id)
            facts = {"roles": _text(found.roles)}
            await transaction.record_act(house_id, Act("member.removed", "person", person_id, facts=facts))
            await self._void_tokens(transaction, person_id)
            await transaction.commit()
        await void_what_was_signed_meanwhile(self._store, person_id)
        return None

    @staticmethod
    async def _changeable(
        transaction: AccountsTransaction, house_id: str, person_id: str, etag: str, roles: frozenset[Role]
    ) -> Membership | Refusal:
        if await transaction.houses.lock(house_id) is None:
            return HouseNotFound(house_id)
        members = await transaction.members.of_house(house_id)
        found = next((member for member in members if member.person_id == person_id), None)
        if found is None:
            return MemberNotFound(person_id)
        if refusal := refused_etag("the member", etag, found.revision):
            return refusal
        return LastOwner() if leaves_no_owner(members, person_id, roles) else found

    @staticmethod
    async def _void_tokens(transaction: AccountsTransaction, person_id: str) -> Person:
        """Those that carry the roles from before."""
        person = await transaction.people.lock(person_id)
        assert person is not None, "a member is somebody"
        await transaction.people.save(dataclasses.replace(person, tokens_void_until_ms=transaction.now_ms))
        transaction.revoke(person_id)
        return person


def _text(roles: frozenset[Role]) -> str:
    return ",".join(sorted(roles))
