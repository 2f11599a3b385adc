"""Under which conditions ticket types are sold: where, and how many in an order. The house says so; orders obey."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.contracts.channels import Channel
from services.orders.domain.pricing import SeatChoice
from services.runtime.errors import FieldInvalid, refused_fields


@dataclass(frozen=True, slots=True)
class TicketTerms:
    """No channels are all of them; 0 is no bound."""

    channels: frozenset[Channel] = frozenset()
    min_per_order: int = 0
    max_per_order: int = 0


def refused_by_terms(
    choices: Sequence[SeatChoice], terms: Mapping[str, TicketTerms], channel: Channel
) -> FieldInvalid | None:
    """All that the choices break, None if nothing. `terms`: of the ticket types that have any."""
    return refused_fields(_broken(choices, terms, channel)) if terms else None


def _broken(
    choices: Sequence[SeatChoice], terms: Mapping[str, TicketTerms], channel: Channel
) -> Iterator[FieldInvalid]:
    counts = Counter(choice.ticket_type for choice in choices)
    told: set[str] = set()
    for place, choice in enumerate(choices):
        name = choice.ticket_type
        of_type = terms.get(name)
        if of_type is None or name in told:
            continue
        told.add(name)
        field = f"seats[{place}].ticket_type"
        if of_type.channels and channel not in of_type.channels:
            where = ", ".join(sorted(one.value for one in of_type.channels))
            yield FieldInvalid(field, f"{name!r} is not sold by {channel.value}", where)
        if counts[name] < of_type.min_per_order:
            yield FieldInvalid(field, f"{name!r} is there {counts[name]} times", f"{of_type.min_per_order} or more")
        if of_type.max_per_order and counts[name] > of_type.max_per_order:
            yield FieldInvalid(field, f"{name!r} is there {counts[name]} times", f"at most {of_type.max_per_order}")
