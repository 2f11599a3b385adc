"""A refund of ours as a record: how much, by which way, how far. Sums are taken here. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class RefundState(Enum):
    """Where a refund stands; of a payment, where all of its refunds stand together."""

    NONE = "NONE"
    DUE = "DUE"  # owed; asked for at the provider until it says done
    STUCK = "STUCK"  # owed, but the provider has refused too often: people must act
    SUCCEEDED = "SUCCEEDED"  # it is back; of a payment: the whole amount is back, whoever gave it


class RefundRoute(Enum):
    """By which way money goes back."""

    ORIGINAL = "ORIGINAL"  # to each instrument that it came from
    VOUCHER = "VOUCHER"  # what a provider took comes back as a voucher of the house
    EXCHANGE = "EXCHANGE"  # it pays another payment, that of the order that was exchanged for


class RefundReport(Enum):
    """What was heard from the provider about a refund."""

    SUCCEEDED = "succeeded"
    ACCEPTED = "accepted"  # on its way: the provider has taken it on and will say how it ended
    PENDING = "pending"  # it waits at the provider, for the house's balance there
    FAILED = "failed"  # definitely no money back under this key
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class RefundWanted:
    """What RefundPayment was asked. No amount: all that is left.

    `seats_back`: how many tickets of a performance have ended with it. `new_vouchers`: ids for vouchers to be made: by
    the one that takes nothing any more, "" for one instead of money.
    `to_payment_id`: the payment that is paid by it. `nothing_taken`: what another payment was to give stays there.
    """

    key: str
    amount_minor: int | None = None
    currency: str = ""
    route: RefundRoute = RefundRoute.ORIGINAL
    new_vouchers: Mapping[str, str] = field(default_factory=dict)
    to_payment_id: str = ""
    nothing_taken: bool = False
    seats_back: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class VoucherShare:
    """What goes onto a voucher. `voucher_id`: the one that had paid, empty where a voucher is given instead of money.

    `new_voucher_id` is the voucher that is made for it, where there is none or the old one takes nothing any more.
    """

    voucher_id: str
    amount_minor: int
    new_voucher_id: str = ""

    @property
    def goes_to(self) -> str:
        """The voucher that has it."""
        return self.new_voucher_id or self.voucher_id


@dataclass(frozen=True, slots=True)
class Refund:
    """Money that goes back once, under the caller's key. Amounts in minor units, times in unix milliseconds.

    `provider_minor` of it is of what the provider took; the rest is in `shares`, which are given back at once.
    `provider_done_minor` is what the provider has given back; `by_hand_minor` what people of the house saw to.
    `is_whole`: all that was left was asked for. `attempt` names the key at the provider; `refusals` counts the
    provider's refusals since the refund was last asked for, `refused_for` is its last word. `accepted_at_ms`: since
    when the provider has it on its way, under this attempt.

    Of an exchange: `moved_minor` pays the payment `moved_to`, and `moved_back_minor` was given back there and is owed
    here since. On the side of that payment `passes_on_minor` is for the payment that had paid it to give back.
    """

    key: str
    amount_minor: int
    provider_minor: int
    due_at_ms: int
    is_whole: bool = False
    route: RefundRoute = RefundRoute.ORIGINAL
    shares: tuple[VoucherShare, ...] = ()
    state: RefundState = RefundState.DUE
    provider_done_minor: int = 0
    by_hand_minor: int = 0
    attempt: int = 0
    refusals: int = 0
    refused_for: str = ""
    ended_at_ms: int | None = None
    again_keys: tuple[str, ...] = ()
    note: str = ""
    reference: str = ""
    moved_to: str = ""
    moved_minor: int = 0
    moved_back_minor: int = 0
    passes_on_minor: int = 0
    is_passed_on: bool = False
    seats_back: tuple[tuple[str, int], ...] = ()
    accepted_at_ms: int | None = None

    @property
    def as_voucher_minor(self) -> int:
        """What of the provider's share was given as a voucher instead of money."""
        return sum(share.amount_minor for share in self.shares if not share.voucher_id)

    @property
    def left_minor(self) -> int:
        """What the provider has still to give back."""
        return self.provider_minor - self.provider_done_minor - self.as_voucher_minor - self.by_hand_minor

    @property
    def given_here_minor(self) -> int:
        """What has gone back without the provider: onto vouchers, by hand, or into another payment."""
        return sum(share.amount_minor for share in self.shares) + self.by_hand_minor + self.moved_minor

    @property
    def is_open(self) -> bool:
        """Whether something of it is still owed."""
        return self.state in {RefundState.DUE, RefundState.STUCK}

    def has_key(self, key: str) -> bool:
        """Whether it was asked for, or asked for again, under that key."""
        return key == self.key or key in self.again_keys
