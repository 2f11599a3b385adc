"""The DIP platform as podiumkunst reads it, and how a house is let in there. No answer is an outcome too."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from services.integrations.podiumkunst.domain.platform import PlatformList, ProductionSales
from services.runtime.outbound.port import Exchange


@dataclass(frozen=True, slots=True)
class PlatformAccount:
    """A house's account on the platform. The secret is in no text of it."""

    house_id: str
    client_id: str
    client_secret: str = field(repr=False)


class Untold(StrEnum):
    """Why the platform has not told what was asked. Values are what stores keep."""

    # It does not let the house in: the account is refused.
    LOCKED = "locked"
    # It says no to this very question; asking again will not help.
    REFUSED = "refused"
    # Nothing came, or it says that it cannot now (429, 5xx).
    SILENT = "silent"
    # What came is not what such an answer looks like.
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class NotTold:
    """`note`: in words for staff, without secrets. `status` 0: no answer came. `after_ms`: as it asked, or 0."""

    why: Untold
    note: str
    status: int = 0
    after_ms: int = 0


@dataclass(frozen=True, slots=True)
class Granted:
    """What the platform said: a token or why none, and the exchange if one was needed."""

    token: str | NotTold
    exchange: Exchange | None = None


class PlatformTokens(Protocol):
    """Tokens by client credentials, renewed before they end."""

    async def granted(self, account: PlatformAccount) -> Granted:
        """One that lives; asked for once, however many wait: one of those is told the exchange, for the ledger."""
        ...

    def forget(self, account: PlatformAccount) -> None:
        """The platform has refused it before its time: the next granted() asks for a new one."""
        ...


class PlatformReader(Protocol):
    """What the platform tells a house."""

    async def performances(self, account: PlatformAccount) -> PlatformList | NotTold:
        """All of the account's theatres (R0.8)."""
        ...

    async def sales(self, account: PlatformAccount, production_id: str) -> ProductionSales | NotTold:
        """What a production has sold everywhere (R0.4). One that the platform does not know is REFUSED."""
        ...
