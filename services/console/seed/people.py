"""People of what is seeded: owners sign up, the others come by invitation, a promoter by its houses' grants."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
from balcon.accounts.v1 import accounts_service_pb2 as pb

from services.console.seed.season import CURRENCY, PROMOTER, PROMOTER_NAME, ROLES, SeededHouse
from services.console.stack.credentials import password_for
from services.console.stack.letters import newest_link
from services.runtime.call_context import act_as
from services.runtime.clock import Clock
from services.runtime.rpc.errors import refusal_of

if TYPE_CHECKING:  # the generated stubs have an async face for type checkers only
    from balcon.accounts.v1.accounts_service_pb2_grpc import AccountsServiceAsyncStub

_CALL_SECONDS = 60.0
Work = Callable[[], Awaitable[None]]


def address_of(house: SeededHouse, role: str) -> str:
    """Of whoever has a role in the house."""
    return f"{role.replace('_', '-')}@{house.label}.example"


class People:
    """Each step may be repeated: what is there already is left as it is."""

    def __init__(self, accounts: AccountsServiceAsyncStub, data: Path, clock: Clock) -> None:
        self._accounts = accounts
        self._data = data
        self._clock = clock

    async def sign_up(self, house: SeededHouse) -> str:
        """The house, with its owner; its id."""
        email = address_of(house, "owner")
        request = pb.SignUpRequest(
            idempotency_key=f"seed-{house.label}",
            label=house.label,
            house_name=house.name,
            time_zone=house.time_zone,
            currency=CURRENCY,
            languages=house.languages,
            person_name=f"Owner of {house.name}",
            email=email,
            password=password_for(email),
        )
        return (await self._accounts.SignUp(request, timeout=_CALL_SECONDS)).house.house_id

    async def log_in(self, email: str) -> None:
        """This task calls as that person, for the minutes that seeding takes."""
        request = pb.LogInRequest(email=email, password=password_for(email), device="balcon seed")
        session = await self._accounts.LogIn(request, timeout=_CALL_SECONDS)
        issued = await self._accounts.IssueToken(pb.IssueTokenRequest(session_secret=session.session_secret))
        act_as(lambda: f"Bearer {issued.token}")

    async def fill(self, house: SeededHouse, house_id: str) -> None:
        """Somebody in every role. To be called as the owner."""
        page = await self._accounts.ListMembers(pb.ListMembersRequest(house_id=house_id))
        there = {member.email for member in page.members}
        for role in ROLES:
            email = address_of(house, role.value)
            if email in there:
                continue
            invite = pb.InviteMemberRequest(
                idempotency_key=f"seed-{house.label}-{role.value}", house_id=house_id, email=email, roles=[role.value]
            )
            await self._accounts.InviteMember(invite, timeout=_CALL_SECONDS)
            newcomer = pb.NewPerson(name=f"{role.value.replace('_', ' ').capitalize()}", password=password_for(email))
            await self._accounts.AcceptInvitation(
                pb.AcceptInvitationRequest(invitation_secret=await self._secret(email), new_person=newcomer),
                timeout=_CALL_SECONDS,
            )

    async def make_promoter(self, house: SeededHouse, house_id: str) -> None:
        """A promoter of the house's own, with a password. To be called as the owner."""
        request = pb.CreatePromoterRequest(
            idempotency_key=f"seed-{house.label}-promoter", house_id=house_id, name=PROMOTER_NAME, email=PROMOTER
        )
        await self._accounts.CreatePromoter(request, timeout=_CALL_SECONDS)
        reset = pb.ResetPasswordRequest(link_secret=await self._secret(PROMOTER), new_password=password_for(PROMOTER))
        try:
            await self._accounts.ResetPassword(reset, timeout=_CALL_SECONDS)
        except grpc.aio.AioRpcError as error:
            # The link works once: a seeding before this one has used it.
            if refusal_of(error) is None:
                raise

    async def grant(self, house: SeededHouse, house_id: str, production_ids: list[str]) -> None:
        """The promoter may see these productions. To be called as the owner."""
        request = pb.GrantAccessRequest(
            idempotency_key=f"seed-{house.label}-grant",
            house_id=house_id,
            email=PROMOTER,
            production_ids=production_ids,
        )
        await self._accounts.GrantAccess(request, timeout=_CALL_SECONDS)

    async def _secret(self, email: str) -> str:
        return (await newest_link(self._data, email, self._clock)).rpartition("/")[2]
