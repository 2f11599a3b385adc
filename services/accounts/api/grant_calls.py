"""balcon.accounts.v1.AccountsService, grants."""

from __future__ import annotations

from collections.abc import Sequence

from balcon.accounts.v1 import accounts_service_pb2 as pb

from services.accounts.api.calls import calling_person
from services.accounts.api.grant_messages import grant_message, house_grants_message, making_house_message
from services.accounts.domain.grant import Grant, refused_things, things
from services.accounts.handlers.grants import GrantHandler
from services.contracts.email_addresses import EmailAddress, email_address
from services.contracts.pages import asked_page
from services.contracts.texts import refused_idempotency_key
from services.contracts.wire_requests import asked_once
from services.runtime.errors import FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused, accept, answered
from services.runtime.rpc.interceptors import Context


class GrantCalls:
    """Stateless; everything lives in the handler."""

    _grants: GrantHandler

    async def GrantAccess(self, request: pb.GrantAccessRequest, context: Context) -> pb.GrantAccessResponse:  # noqa: N802
        email = email_address(request.email)
        whole, productions, performances = request.whole_house, request.production_ids, request.performance_ids
        accept(
            refused_key("house_id", request.house_id),
            email if isinstance(email, FieldInvalid) else None,
            refused_things(whole_house=whole, production_ids=productions, performance_ids=performances),
            refused_idempotency_key(request.idempotency_key),
        )
        assert isinstance(email, EmailAddress), "what is no address is refused"

        def response(grants: Sequence[Grant]) -> pb.GrantAccessResponse:
            return pb.GrantAccessResponse(grants=[grant_message(grant) for grant in grants])

        wanted = things(whole_house=whole, production_ids=productions, performance_ids=performances)
        written = await self._grants.grant(asked_once(request, response), request.house_id, email, wanted)
        return pb.GrantAccessResponse.FromString(answered(written))

    async def WithdrawGrant(self, request: pb.WithdrawGrantRequest, context: Context) -> pb.WithdrawGrantResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id), refused_key("grant_id", request.grant_id))
        grant = answered(await self._grants.withdraw(request.house_id, request.grant_id))
        return pb.WithdrawGrantResponse(grant=grant_message(grant))

    async def ListGrants(self, request: pb.ListGrantsRequest, context: Context) -> pb.ListGrantsResponse:  # noqa: N802
        email = email_address(request.email) if request.email else None
        asked = asked_page(
            request.page_size,
            request.page_token,
            request.house_id,
            refused_key("house_id", request.house_id),
            email if isinstance(email, FieldInvalid) else None,
        )
        if isinstance(asked, FieldInvalid):
            raise Refused(asked)
        assert not isinstance(email, FieldInvalid), "what is no address is refused"
        page = await self._grants.page(request.house_id, email, asked, include_withdrawn=request.include_withdrawn)
        return pb.ListGrantsResponse(
            grants=[grant_message(grant) for grant in page.grants], next_page_token=page.next_page_token
        )

    async def ListMyGrants(self, request: pb.ListMyGrantsRequest, context: Context) -> pb.ListMyGrantsResponse:  # noqa: N802
        granted = await self._grants.granted(calling_person())
        return pb.ListMyGrantsResponse(
            houses=[house_grants_message(one) for one in granted.houses], version=granted.version
        )

    async def CheckGrants(self, request: pb.CheckGrantsRequest, context: Context) -> pb.CheckGrantsResponse:  # noqa: N802
        accept(refused_key("subject", request.subject))
        granted = await self._grants.granted(request.subject)
        return pb.CheckGrantsResponse(
            houses=[house_grants_message(one) for one in granted.houses],
            version=granted.version,
            made_by=None if granted.made_by is None else making_house_message(granted.made_by),
        )
