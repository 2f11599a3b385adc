"""What a house lets its buyers do by themselves (docs/decisions/0055). Every change is a new version. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from services.contracts.prices import ComponentKind
from services.runtime.principal import PrincipalRef

# A year: hardly anybody sells earlier.
MOST_HOURS_BEFORE: Final = 8_760
MOST_CANCELLED_DAYS: Final = 730
MOST_TRANSFERS: Final = 20
MOST_LETTERS_A_DAY: Final = 20
MOST_EXCHANGES: Final = 100
WHOLE_BASIS_POINTS: Final = 10_000
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS


class RequestRule(Enum):
    """What becomes of what a buyer asks for; names as in balcon.orders.v1.RequestRule."""

    NEVER = "NEVER"
    ASKED = "ASKED"  # people of the house decide
    GRANTED = "GRANTED"  # at once


class RefundWish(Enum):
    """What a buyer wishes for tickets given back; names as in balcon.orders.v1.RefundWish."""

    MONEY = "MONEY"
    VOUCHER = "VOUCHER"
    NOTHING = "NOTHING"


@dataclass(frozen=True, slots=True)
class RefundRules:
    """Money back by request. `keep`, the fee of each ticket and the share stay with the house."""

    rule: RequestRule = RequestRule.NEVER
    until_hours_before: int = 0
    wishes: tuple[RefundWish, ...] = ()
    keep: frozenset[ComponentKind] = frozenset()
    fee_minor: int = 0
    keep_basis_points: int = 0
    cancelled_days: int = 0
    release_seats: bool = False

    @property
    def offered(self) -> tuple[RefundWish, ...]:
        """What may be wished: where nobody has said, money."""
        return self.wishes or (RefundWish.MONEY,)


@dataclass(frozen=True, slots=True)
class ExchangeRules:
    """Another performance or seat by request."""

    rule: RequestRule = RequestRule.NEVER
    until_hours_before: int = 0
    fee_minor: int = 0
    most_times: int = 0

    @property
    def most(self) -> int:
        """How often an order may be exchanged."""
        return self.most_times or 1


@dataclass(frozen=True, slots=True)
class TicketRules:
    """What whoever holds a ticket may do with it."""

    may_transfer: bool = False
    may_rename: bool = False
    until_hours_before: int = 0
    most_transfers: int = 0
    most_letters_a_day: int = 0


@dataclass(frozen=True, slots=True)
class BuyerPolicy:
    """One version. `performance_id` '': the house's. Version 0 holds where nobody has said anything: nothing is let."""

    refunds: RefundRules = field(default_factory=RefundRules)
    exchanges: ExchangeRules = field(default_factory=ExchangeRules)
    tickets: TicketRules = field(default_factory=TicketRules)
    performance_id: str = ""
    version: int = 0
    since_ms: int = 0
    changed_by: PrincipalRef | None = None
    archived: bool = False

    @property
    def etag(self) -> str:
        """Tells whose version it is: a performance's first one is not the house's."""
        return f'"{"p" if self.performance_id else ""}{self.version}"'


NOTHING_SAID: Final = BuyerPolicy()


def asked_until_ms(starts_at_ms: int, hours_before: int) -> int:
    """Until when something may be asked of a performance that begins then; 0: nobody knows."""
    return max(0, starts_at_ms - hours_before * HOUR_MS) if starts_at_ms else 0
