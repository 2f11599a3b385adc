"""Invitations: how a house lets people in. Each is for one address, and good once."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from services.accounts.domain.refusals import (
    InvitationExpired,
    InvitationForAnother,
    InvitationUsed,
    InvitationWithdrawn,
)
from services.contracts.access import Role
from services.contracts.email_addresses import EmailAddress

INVITATION_MS = 7 * 24 * 3_600_000
# That have not been answered, of one house.
MAX_OPEN = 500


class InvitationState(Enum):
    """What became of it; whether it has expired is told by its time."""

    OPEN = "open"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Invitation:
    """`secret_hash` is all that is kept of the secret in its link."""

    house_id: str
    invitation_id: str
    email: EmailAddress
    roles: frozenset[Role]
    secret_hash: bytes
    created_at_ms: int
    expires_at_ms: int
    state: InvitationState = InvitationState.OPEN


def refused_invitation(
    invitation: Invitation, now_ms: int
) -> InvitationUsed | InvitationWithdrawn | InvitationExpired | None:
    """The refusal for an invitation that is good no more, each with its own reason, else None."""
    if invitation.state is InvitationState.ACCEPTED:
        return InvitationUsed()
    if invitation.state is InvitationState.WITHDRAWN:
        return InvitationWithdrawn()
    return InvitationExpired() if now_ms >= invitation.expires_at_ms else None


def refused_guest(invitation: Invitation, email: EmailAddress) -> InvitationForAnother | None:
    """The refusal for somebody with another address than the one that was invited, else None."""
    return None if email.key == invitation.email.key else InvitationForAnother()
