"""Invitations: sent by mail to one address, accepted once, by somebody new or by who has that address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.accounts.domain.invitation import (
    INVITATION_MS,
    MAX_OPEN,
    Invitation,
    InvitationState,
    refused_guest,
    refused_invitation,
)
from services.accounts.domain.membership import MAX_HOUSES_OF_A_PERSON, Membership
from services.accounts.domain.person import Person
from services.accounts.domain.refusals import (
    AlreadyMember,
    EmailTaken,
    InvitationNotFound,
    PersonUnknown,
    TooManyHouses,
    TooManyInvitations,
)
from services.accounts.domain.session import hash_of
from services.accounts.handlers.mailing import Mailing
from services.accounts.handlers.members import Member
from services.accounts.handlers.once import once
from services.accounts.ports.passwords import Passwords
from services.accounts.ports.store import AccountsStore
from services.accounts.ports.transaction import AccountsTransaction
from services.contracts.access import Role
from services.contracts.acts import Act
from services.contracts.email_addresses import EmailAddress
from services.contracts.once import Asked
from services.contracts.pages import AskedPage, token_after
from services.runtime.access.refusals import HouseNotFound
from services.runtime.errors import Refusal
from services.runtime.ids import Ids


@dataclass(frozen=True, slots=True)
class InvitationPage:
    """The oldest first; `next_page_token` is empty on the last page."""

    invitations: Sequence[Invitation]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class OpenedInvitation:
    """What somebody sees who has its link. `is_known`: the address has an account."""

    invitation: Invitation
    house_name: str
    is_known: bool


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Of somebody who has no account yet, checked."""

    name: str
    password: str


class InvitationHandler:
    """The secret of an invitation is in its mail only."""

    def __init__(self, store: AccountsStore, passwords: Passwords, mailing: Mailing, ids: Ids) -> None:
        self._store = store
        self._passwords = passwords
        self._mailing = mailing
        self._ids = ids

    async def invite(
        self, asked: Asked[Invitation], house_id: str, email: EmailAddress, roles: frozenset[Role]
    ) -> bytes | Refusal:
        """Refusals: HouseNotFound, AlreadyMember, TooManyInvitations, IdempotencyKeyReused."""

        async def act(transaction: AccountsTransaction) -> Invitation | Refusal:
            house = await transaction.houses.lock(house_id)
            if house is None:
                return HouseNotFound(house_id)
            known = await transaction.people.find_by_email(email)
            members = {member.person_id for member in await transaction.members.of_house(house_id)}
            if known is not None and known.person_id in members:
                return AlreadyMember()
            if await transaction.invitations.count_open(house_id) >= MAX_OPEN:
                return TooManyInvitations(MAX_OPEN)
            secret, now_ms = self._mailing.new_secret(), transaction.now_ms
            invitation = Invitation(
                house_id, self._ids.new_id("inv"), email, roles, hash_of(secret), now_ms, now_ms + INVITATION_MS
            )
            await transaction.invitations.add(invitation)
            await self._mailing.invite(transaction, invitation, secret, house.name, house.languages[0])
            facts = {"roles": ",".join(sorted(roles))}
            done = Act("member.invited", "invitation", invitation.invitation_id, facts=facts)
            await transaction.record_act(house_id, done)
            return invitation

        return await once(self._store, house_id, asked, act, house_id=house_id)

    async def page(self, house_id: str, page: AskedPage) -> InvitationPage:
        """A house that is unknown has none."""
        async with self._store.transaction(house_id) as transaction:
            found = await transaction.invitations.open_of_house(house_id, page.after, page.size + 1)
        told = found[: page.size]
        more = token_after(house_id, told[-1].invitation_id, told[-1].created_at_ms) if len(found) > len(told) else ""
        return InvitationPage(told, more)

    async def withdraw(self, house_id: str, invitation_id: str) -> Refusal | None:
        """Again: changes nothing. Refusals: InvitationNotFound, InvitationUsed."""
        async with self._store.transaction(house_id) as transaction:
            invitation = await transaction.invitations.lock_by_id(house_id, invitation_id)
            if invitation is None:
                return InvitationNotFound()
            if invitation.state is InvitationState.WITHDRAWN:
                return None
            if invitation.state is InvitationState.ACCEPTED:
                return refused_invitation(invitation, transaction.now_ms)
            await transaction.invitations.save_state(house_id, invitation_id, InvitationState.WITHDRAWN)
            await transaction.record_act(house_id, Act("invitation.withdrawn", "invitation", invitation_id))
            await transaction.commit()
        return None

    async def open(self, secret: str) -> OpenedInvitation | Refusal:
        """Refusals: InvitationNotFound, InvitationUsed, InvitationWithdrawn, InvitationExpired."""
        async with self._store.transaction() as transaction:
            invitation = await transaction.invitations.find(hash_of(secret))
            if invitation is None:
                return InvitationNotFound()
            if refusal := refused_invitation(invitation, transaction.now_ms):
                return refusal
            house = await transaction.houses.find(invitation.house_id)
            assert house is not None, "an invitation is a house's"
            known = await transaction.people.find_by_email(invitation.email)
        return OpenedInvitation(invitation, house.name, known is not None)

    async def accept(self, secret: str, newcomer: Newcomer | None, person_id: str) -> Member | Refusal:
        """By somebody new, or ('newcomer' is None) by the person who has logged in.

        Refusals: those of open, InvitationForAnother, EmailTaken, AlreadyMember, TooManyHouses, PersonUnknown.
        """
        if isinstance(opened := await self.open(secret), Refusal):
            # Before anything is hashed: strangers cannot keep those threads busy with links that are none.
            return opened
        password_hash = "" if newcomer is None else await self._passwords.hashed(newcomer.password)
        async with self._store.transaction() as transaction:
            invitation = await transaction.invitations.lock(hash_of(secret))
            if invitation is None:
                return InvitationNotFound()
            if refusal := refused_invitation(invitation, transaction.now_ms):
                return refusal
            person = await self._guest(transaction, invitation, newcomer, password_hash, person_id)
            if isinstance(person, Refusal):
                return person
            if len(await transaction.members.of_person(person.person_id)) >= MAX_HOUSES_OF_A_PERSON:
                return TooManyHouses(MAX_HOUSES_OF_A_PERSON)
            membership = Membership(invitation.house_id, person.person_id, invitation.roles, transaction.now_ms)
            if not await transaction.members.add(membership):
                return AlreadyMember()
            await self._accepted(transaction, invitation, membership)
            await transaction.commit()
        return Member(membership, person)

    async def _guest(
        self,
        transaction: AccountsTransaction,
        invitation: Invitation,
        newcomer: Newcomer | None,
        password_hash: str,
        person_id: str,
    ) -> Person | Refusal:
        if newcomer is None:
            person = await transaction.people.lock(person_id) if person_id else None
            if person is None:
                return PersonUnknown()
            return refused_guest(invitation, person.email) or person
        house = await transaction.houses.find(invitation.house_id)
        assert house is not None, "an invitation is a house's"
        # The link came by a mail to the address: it is theirs.
        person = Person(
            self._ids.new_id("psn"),
            newcomer.name,
            invitation.email,
            password_hash,
            email_confirmed=True,
            language=house.languages[0],
        )
        return person if await transaction.people.add(person) else EmailTaken()

    @staticmethod
    async def _accepted(transaction: AccountsTransaction, invitation: Invitation, membership: Membership) -> None:
        await transaction.invitations.save_state(
            invitation.house_id, invitation.invitation_id, InvitationState.ACCEPTED
        )
        facts = {"invitation": invitation.invitation_id, "roles": ",".join(sorted(membership.roles))}
        done = Act("member.joined", "person", membership.person_id, facts=facts)
        await transaction.record_act(invitation.house_id, done, membership.person_id)
