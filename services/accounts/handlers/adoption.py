"""Adopts houses from before houses were kept here: each keeps its id; its first owner is invited by the operator."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from services.accounts.domain.house import House
from services.accounts.domain.invitation import Invitation
from services.accounts.domain.refusals import LabelTaken
from services.accounts.handlers.invitations import InvitationHandler
from services.accounts.ports.store import AccountsStore
from services.contracts.access import Role
from services.contracts.acts import Act
from services.contracts.email_addresses import EmailAddress
from services.contracts.once import Asked
from services.runtime.errors import Refusal


@dataclass(frozen=True, slots=True)
class Adopted:
    """A house as it is now, and what became of it by this call."""

    house: House
    is_new: bool
    has_members: bool
    is_invited: bool


class AdoptionHandler:
    """Everything here may be repeated: what is there stays, and an owner is sent one letter."""

    def __init__(self, store: AccountsStore, invitations: InvitationHandler) -> None:
        self._store = store
        self._invitations = invitations

    async def adopt(self, house: House, owner: EmailAddress | None) -> Adopted | Refusal:
        """A house that is known stays as it is, whatever is told of it. Refusals: LabelTaken, TooManyInvitations."""
        async with self._store.transaction(house.house_id) as transaction:
            known = await transaction.houses.lock(house.house_id)
            if known is None:
                if not await transaction.houses.add(house):
                    return LabelTaken(house.label)
                transaction.tell_house(house)
                facts = {"label": house.label}
                await transaction.record_act(house.house_id, Act("house.adopted", "house", house.house_id, facts=facts))
            has_members = bool(await transaction.members.of_house(house.house_id))
            await transaction.commit()
        is_invited = owner is not None and not has_members
        if owner is not None and is_invited:
            # The key is the owner's: who calls again with the same one has sent that letter already.
            key = f"adopted.{hashlib.sha256(owner.key.encode()).hexdigest()[:32]}"
            asked: Asked[Invitation] = Asked(key, "adopt", owner.key.encode(), lambda _: b"")
            invited = await self._invitations.invite(asked, house.house_id, owner, frozenset({Role.OWNER}))
            if isinstance(invited, Refusal):
                return invited
        return Adopted(known or house, known is None, has_members, is_invited)
