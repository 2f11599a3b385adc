"""Rows of invitations, inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.accounts.domain.invitation import Invitation, InvitationState
from services.contracts.email_addresses import EmailAddress
from services.contracts.pages import Place


class Invitations(Protocol):
    """Any call may raise StoreUnavailable."""

    async def add(self, invitation: Invitation) -> None: ...

    async def find(self, secret_hash: bytes) -> Invitation | None:
        """Whatever has become of it."""
        ...

    async def lock(self, secret_hash: bytes) -> Invitation | None:
        """The same, locked until the transaction ends: two who accept at the same moment take turns."""
        ...

    async def lock_by_id(self, house_id: str, invitation_id: str) -> Invitation | None: ...

    async def open_of_house(self, house_id: str, after: Place | None, limit: int) -> Sequence[Invitation]:
        """By the time they were made, then id."""
        ...

    async def count_open(self, house_id: str) -> int: ...

    async def save_state(self, house_id: str, invitation_id: str, state: InvitationState) -> None: ...

    async def withdraw_open(self, house_id: str, email: EmailAddress) -> None:
        """All of the house's to that address that nobody has accepted."""
        ...
