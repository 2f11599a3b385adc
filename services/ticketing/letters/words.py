"""The words of letters to buyers, once in each language that Balcon speaks. {} is where a value goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.ticketing.domain.delivery import DeliveryKind


@dataclass(frozen=True, slots=True)
class KindWords:
    """Of one kind of letter. `subject` and `intro` may name {title}, {house} and {number}."""

    subject: str
    heading: str
    intro: str


@dataclass(frozen=True, slots=True)
class LetterWords:
    """What all letters say."""

    greeting: str
    greeting_nobody: str
    kinds: Mapping[DeliveryKind, KindWords]
    and_more: str
    order: str
    when: str
    was: str
    doors: str
    where: str
    seats: str
    seat: str
    kind: str
    price: str
    for_name: str
    cancelled: str
    total: str
    vat: str
    no_vat: str
    tickets_attached: str
    to_google_wallet: str
    wallet_card_attached: str
    calendar_attached: str
    calendar_removed: str
    refund_until: str
    # Above the sum, below it by what was wished, and above the house's own words.
    refund_back: str
    refund_as_money: str
    refund_as_voucher: str
    refund_to_voucher: str
    # Beside its code.
    voucher: str
    refund_as_gift: str
    refund_reason: str
    is_copy: str
    automatic: str
    calendar: str
    calendar_order: str
