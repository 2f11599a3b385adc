"""Members and invitations between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from balcon.accounts.v1 import accounts_service_pb2 as pb

from services.accounts.domain.invitation import Invitation
from services.accounts.handlers.members import Member
from services.contracts.changes import etag_of
from services.contracts.wire_types import wire_instant


def member_message(member: Member) -> pb.Member:
    """The member on the wire, for the people of the house."""
    return pb.Member(
        house_id=member.membership.house_id,
        person_id=member.person.person_id,
        name=member.person.name,
        email=member.person.email.written,
        roles=sorted(member.membership.roles),
        joined_at=wire_instant(member.membership.joined_at_ms),
        etag=etag_of(member.membership.revision),
    )


def invitation_message(invitation: Invitation) -> pb.Invitation:
    """The invitation on the wire; its secret is in the mail only."""
    return pb.Invitation(
        house_id=invitation.house_id,
        invitation_id=invitation.invitation_id,
        email=invitation.email.written,
        roles=sorted(invitation.roles),
        created_at=wire_instant(invitation.created_at_ms),
        expires_at=wire_instant(invitation.expires_at_ms),
    )
