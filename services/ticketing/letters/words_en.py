"""Letters to buyers in English."""

from __future__ import annotations

from typing import Final

from services.ticketing.domain.delivery import DeliveryKind
from services.ticketing.letters.words import KindWords, LetterWords

LETTER: Final = LetterWords(
    greeting="Dear {},",
    greeting_nobody="Hello,",
    kinds={
        DeliveryKind.CONFIRMATION: KindWords(
            "Your tickets for {title}",
            "Your tickets",
            "Thank you for your order at {house}. Here is what you have bought.",
        ),
        DeliveryKind.AGAIN: KindWords(
            "Your tickets for {title}, sent again", "Your tickets", "Here are your tickets from {house} once more."
        ),
        DeliveryKind.CHANGED: KindWords(
            "Changed: your tickets for {title}",
            "Your tickets have changed",
            "Something about your tickets at {house} has changed. Please use the attached ones from now on.",
        ),
        DeliveryKind.RECEIVED: KindWords(
            "Tickets for {title} are yours now",
            "These tickets are yours now",
            "Somebody has passed tickets for {house} on to you. They are in your name from now on.",
        ),
        DeliveryKind.PASSED_ON: KindWords(
            "Passed on: tickets for {title}",
            "Tickets passed on",
            "These tickets for {house} belong to somebody else now. Their former codes let nobody in any more.",
        ),
        DeliveryKind.MOVED: KindWords(
            "New date: {title}",
            "A new date",
            "{house} has moved a performance that you have tickets for. Your tickets stay good for the new date.",
        ),
        DeliveryKind.CANCELLED: KindWords(
            "Cancelled: {title}",
            "Cancelled",
            "Unfortunately {house} has had to cancel a performance that you have tickets for. "
            "The house will let you know about your money; you need not do anything now.",
        ),
        DeliveryKind.REFUND_ASKED: KindWords(
            "Your request: {title}",
            "We have your request",
            "You have asked {house} to take these tickets back. They stay good until the house has decided, "
            "and you will hear from us then.",
        ),
        DeliveryKind.REFUND_GRANTED: KindWords(
            "Given back: {title}",
            "Your tickets are given back",
            "{house} has taken these tickets back. They let nobody in any more.",
        ),
        DeliveryKind.REFUND_DECLINED: KindWords(
            "About your request: {title}",
            "Your request is declined",
            "You have asked {house} to take these tickets back. Unfortunately that is not possible: "
            "they stay yours and stay good.",
        ),
    },
    and_more="{title} and {count} more",
    order="Order",
    when="When",
    was="Was",
    doors="Doors",
    where="Where",
    seats="Seats",
    seat="Seat",
    kind="Ticket",
    price="Price",
    for_name="for {}",
    cancelled="Cancelled",
    total="Total",
    vat="of which VAT {rate}",
    no_vat="All prices include VAT.",
    tickets_attached="Your tickets are attached as a PDF. Show them on your phone or print them: "
    "each code lets one person in once.",
    to_google_wallet="Add to Google Wallet",
    wallet_card_attached="A pass for Apple Wallet is attached.",
    calendar_attached="The calendar file that is attached puts the date into your calendar.",
    calendar_removed="The calendar file that is attached takes the date out of your calendar.",
    refund_until="Cannot come on the new date? You can ask {house} for your money until {until}.",
    refund_back="You get back",
    refund_as_money="The money is on its way back to how you paid. With a bank or card that takes up to ten days.",
    refund_as_voucher="You get it as a voucher of {house}. Its code is money: whoever knows it can spend it, "
    "so keep this mail.",
    refund_to_voucher="What you had paid with a voucher is back on that voucher.",
    voucher="Voucher, {}",
    refund_as_gift="You wished for nothing in return: thank you for your gift to {house}.",
    refund_reason="{house} writes:",
    is_copy="This mail may have reached you before. It is the same order and these are the same tickets.",
    automatic="This mail was sent automatically by {house}.",
    calendar="Calendar",
    calendar_order="Order {}",
)
