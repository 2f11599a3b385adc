"""The account that a house is let in with on the platform."""

from __future__ import annotations

from typing import Protocol

from services.integrations.podiumkunst.ports.platform import PlatformAccount


class Accounts(Protocol):
    """Opens what is sealed, for those who speak to the platform."""

    async def account(self, house_id: str) -> PlatformAccount | None:
        """None: the connection is off, or it has no account."""
        ...
