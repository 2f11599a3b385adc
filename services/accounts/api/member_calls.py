"""balcon.accounts.v1.AccountsService, members and invitations."""

from __future__ import annotations

from balcon.accounts.v1 import accounts_service_pb2 as pb

from services.accounts.api.calls import calling_person
from services.accounts.api.member_messages import invitation_message, member_message
from services.accounts.api.people_messages import person_message
from services.accounts.api.requests import refused_secret
from services.accounts.domain.invitation import Invitation
from services.accounts.domain.membership import refused_roles
from services.accounts.domain.person import refused_password
from services.accounts.handlers.invitations import InvitationHandler, Newcomer
from services.accounts.handlers.members import MemberHandler
from services.contracts.access import Role
from services.contracts.bounds import MAX_NAME_CHARS
from services.contracts.changes import refused_mask, refused_unset_etag
from services.contracts.email_addresses import email_address, refused_email
from services.contracts.once import Asked
from services.contracts.pages import asked_page
from services.contracts.texts import refused_idempotency_key, refused_text
from services.contracts.wire_requests import asked_once
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept, answered
from services.runtime.rpc.interceptors import Context

_CHANGEABLE = frozenset({"roles"})


class MemberCalls:
    """Stateless; everything lives in the handlers."""

    _members: MemberHandler
    _invitations: InvitationHandler

    async def ListMembers(self, request: pb.ListMembersRequest, context: Context) -> pb.ListMembersResponse:  # noqa: N802
        house = refused_key("house_id", request.house_id)
        page = answered(asked_page(request.page_size, request.page_token, request.house_id, house))
        found = await self._members.page(request.house_id, page)
        return pb.ListMembersResponse(members=map(member_message, found.members), next_page_token=found.next_page_token)

    async def UpdateMember(self, request: pb.UpdateMemberRequest, context: Context) -> pb.UpdateMemberResponse:  # noqa: N802
        paths, roles = set(request.update_mask.paths), request.member.roles
        accept(
            refused_key("house_id", request.house_id),
            None if request.HasField("member") else FieldInvalid("member", UNSET, "the new values"),
            refused_roles(roles, "member.roles") if "roles" in paths else None,
            refused_mask(request.update_mask.paths, _CHANGEABLE),
            refused_unset_etag(request.etag),
            refused_key("person_id", request.person_id),
        )
        member = await self._members.update(
            request.house_id, request.person_id, request.etag, frozenset(map(Role, roles))
        )
        return pb.UpdateMemberResponse(member=member_message(answered(member)))

    async def RemoveMember(self, request: pb.RemoveMemberRequest, context: Context) -> pb.RemoveMemberResponse:  # noqa: N802
        accept(
            refused_key("house_id", request.house_id),
            refused_key("person_id", request.person_id),
            refused_unset_etag(request.etag),
        )
        answered(await self._members.remove(request.house_id, request.person_id, request.etag))
        return pb.RemoveMemberResponse()

    async def InviteMember(self, request: pb.InviteMemberRequest, context: Context) -> pb.InviteMemberResponse:  # noqa: N802
        accept(
            refused_key("house_id", request.house_id),
            refused_email(request.email),
            refused_roles(request.roles),
            refused_idempotency_key(request.idempotency_key),
        )
        email = answered(email_address(request.email))
        asked: Asked[Invitation] = asked_once(
            request, lambda invitation: pb.InviteMemberResponse(invitation=invitation_message(invitation))
        )
        written = await self._invitations.invite(asked, request.house_id, email, frozenset(map(Role, request.roles)))
        return pb.InviteMemberResponse.FromString(answered(written))

    async def ListInvitations(  # noqa: N802
        self, request: pb.ListInvitationsRequest, context: Context
    ) -> pb.ListInvitationsResponse:
        house = refused_key("house_id", request.house_id)
        page = answered(asked_page(request.page_size, request.page_token, request.house_id, house))
        found = await self._invitations.page(request.house_id, page)
        return pb.ListInvitationsResponse(
            invitations=map(invitation_message, found.invitations), next_page_token=found.next_page_token
        )

    async def WithdrawInvitation(  # noqa: N802
        self, request: pb.WithdrawInvitationRequest, context: Context
    ) -> pb.WithdrawInvitationResponse:
        accept(refused_key("house_id", request.house_id), refused_key("invitation_id", request.invitation_id))
        answered(await self._invitations.withdraw(request.house_id, request.invitation_id))
        return pb.WithdrawInvitationResponse()

    async def GetInvitation(self, request: pb.GetInvitationRequest, context: Context) -> pb.GetInvitationResponse:  # noqa: N802
        accept(refused_secret(request.invitation_secret, "invitation_secret"))
        opened = answered(await self._invitations.open(request.invitation_secret))
        return pb.GetInvitationResponse(
            house_name=opened.house_name,
            invitation=invitation_message(opened.invitation),
            is_known=opened.is_known,
        )

    async def AcceptInvitation(  # noqa: N802
        self, request: pb.AcceptInvitationRequest, context: Context
    ) -> pb.AcceptInvitationResponse:
        newcomer = None
        new = request.new_person
        if request.HasField("new_person"):
            newcomer = Newcomer(new.name, new.password)
        accept(
            refused_secret(request.invitation_secret, "invitation_secret"),
            None if newcomer is None else refused_text("new_person.name", new.name, at_most=MAX_NAME_CHARS),
            None if newcomer is None else refused_password(new.password, "new_person.password"),
        )
        accepted = await self._invitations.accept(
            request.invitation_secret, newcomer, "" if newcomer is not None else calling_person()
        )
        member = answered(accepted)
        return pb.AcceptInvitationResponse(member=member_message(member), person=person_message(member.person))
