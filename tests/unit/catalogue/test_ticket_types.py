"""Ticket types of a house and price lists: what may be wrong with them, and what a performance takes of them."""

from __future__ import annotations

import dataclasses

from services.catalogue.domain.price import Price, TicketKind, refused_prices
from services.catalogue.domain.price_book import PriceBook
from services.catalogue.domain.price_list import (
    PriceList,
    WantedPrices,
    refused_price_list,
    refused_wanted,
    taken,
)
from services.catalogue.domain.ticket_type import LocalName, TicketType, refused_ticket_type
from services.contracts.channels import Channel

STUDENT = TicketType("Student", (LocalName("nl", "Student"),), TicketKind.DISCOUNT, (Channel.BOX_OFFICE,), 0, 4)
NORMAL = TicketType("Normal", (), TicketKind.NORMAL)


def price(category: str = "Stalls", ticket_type: str = "normal", amount: int = 2_500) -> Price:
    kind = TicketKind.NORMAL if ticket_type == "normal" else TicketKind.DISCOUNT
    return Price(category, ticket_type, kind, amount, "EUR")


def test_all_that_is_wrong_with_a_ticket_type_is_told_at_once() -> None:
    names = (LocalName("xx-!", ""), LocalName("nl", "A"), LocalName("nl", "B"))
    wrong = TicketType("", names, None, (Channel.ONLINE, None), 101, 2)
    refusal = refused_ticket_type("a b", wrong)
    assert refusal is not None
    assert [violation.field for violation in refusal.violations()] == [
        "ticket_type.ticket_type_id",
        "ticket_type.name",
        "ticket_type.translations[0].language",
        "ticket_type.translations[0].name",
        "ticket_type.translations[2].language",
        "ticket_type.kind",
        "ticket_type.channels",
        "ticket_type.min_per_order",
        "ticket_type.min_per_order",
    ]
    assert refused_ticket_type("student", STUDENT) is None


def test_a_channel_is_named_once() -> None:
    twice = dataclasses.replace(STUDENT, channels=(Channel.ONLINE, Channel.ONLINE))
    refusal = refused_ticket_type("student", twice)
    assert refusal is not None
    assert refusal.field == "ticket_type.channels"


def test_a_price_is_of_the_kind_that_its_ticket_type_has_in_the_house() -> None:
    book = PriceBook(ticket_types={"student": STUDENT, "old": STUDENT}, retired_types=frozenset({"old"}))
    wrong = [
        price(),
        dataclasses.replace(price(ticket_type="student"), kind=TicketKind.OTHER),
        price(ticket_type="old"),
        price(ticket_type="any other"),
    ]
    refusal = refused_prices(wrong, ["Stalls"], "EUR", (), book.kinds)
    assert refusal is not None
    assert [violation.field for violation in refusal.violations()] == ["prices[1].kind", "prices[2].ticket_type"]


def test_only_ticket_types_with_conditions_are_told_with_a_performance() -> None:
    book = PriceBook(ticket_types={"student": STUDENT, "normal": NORMAL, "elsewhere": STUDENT})
    assert book.terms([price(), price(ticket_type="student")]) == {"student": STUDENT}


def test_a_price_list_has_faults_of_its_own_and_of_its_prices() -> None:
    refusal = refused_price_list("prl_1", PriceList("", (price(amount=-1),)))
    assert refusal is not None
    assert [violation.field for violation in refusal.violations()] == [
        "price_list.name",
        "price_list.prices[0].amount.amount_minor",
    ]


def test_a_performance_takes_a_lists_prices_with_its_own_in_their_places() -> None:
    season = PriceList("Season", (price("Stalls"), price("Balcony", amount=1_500)))
    other = (price("Balcony", amount=1_200), price("Stalls", "student", 900))
    assert taken(season, other) == (price("Stalls"), other[0], other[1])
    assert taken(season, ()) == season.prices


def test_prices_are_demanded_where_no_list_is_named() -> None:
    assert refused_wanted(WantedPrices((), "prl_1")) is None
    refusal = refused_wanted(WantedPrices(()))
    assert refusal is not None
    assert refusal.field == "prices"
    both = refused_wanted(WantedPrices((price(amount=-1),), "a b"))
    assert both is not None
    assert [violation.field for violation in both.violations()] == ["price_list_id", "prices[0].amount.amount_minor"]
