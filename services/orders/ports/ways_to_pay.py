"""Where and how buyers can pay at a house."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class WayToPay:
    """One way to pay at an account, as its provider offers it for an amount; limits of 0 are none."""

    method: str
    name: str
    least_minor: int = 0
    most_minor: int = 0


class PayingState(Enum):
    """Whether buyers can pay at an account now."""

    OPEN = "OPEN"
    LOCKED = "LOCKED"
    SILENT = "SILENT"


@dataclass(frozen=True, slots=True)
class PayingAccount:
    """An account of the house with what can be paid there. `ways` None: its provider did not answer."""

    account_id: str
    provider: str
    name: str
    is_default: bool = True
    state: PayingState = PayingState.OPEN
    ways: tuple[WayToPay, ...] | None = None

    @property
    def is_locked(self) -> bool:
        """Its provider refuses its key."""
        return self.state is PayingState.LOCKED

    @property
    def is_silent(self) -> bool:
        """Its provider has not answered for a while."""
        return self.state is PayingState.SILENT


class WaysToPay(Protocol):
    """Where and how an amount can be paid at a house."""

    async def accounts(
        self, house_id: str, currency: str, amount_minor: int, language: str
    ) -> tuple[PayingAccount, ...]:
        """The default first; none where the house has no account. Raises Unanswered."""
        ...
