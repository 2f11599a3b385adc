"""Ticket types are sold where and as often as the house says."""

from __future__ import annotations

from services.contracts.channels import Channel
from services.orders.domain.pricing import SeatChoice
from services.orders.domain.ticket_terms import TicketTerms, refused_by_terms

TERMS = {
    "student": TicketTerms(frozenset({Channel.BOX_OFFICE}), max_per_order=2),
    "group": TicketTerms(min_per_order=3),
}


def told(channel: Channel, *ticket_types: str) -> list[tuple[str, str]]:
    choices = [SeatChoice(f"A-{place}", ticket_type) for place, ticket_type in enumerate(ticket_types)]
    refusal = refused_by_terms(choices, TERMS, channel)
    return [] if refusal is None else [(one.field, one.limit) for one in (refusal, *refusal.others)]


def test_what_is_within_its_terms_is_sold() -> None:
    assert told(Channel.BOX_OFFICE, "student", "student", "normal", "group", "group", "group") == []
    assert told(Channel.ONLINE, "normal") == []


def test_a_type_of_another_channel_too_few_and_too_many_are_told_together() -> None:
    assert told(Channel.ONLINE, "normal", "student", "student", "group", "student") == [
        ("seats[1].ticket_type", "BOX_OFFICE"),
        ("seats[1].ticket_type", "at most 2"),
        ("seats[3].ticket_type", "3 or more"),
    ]
