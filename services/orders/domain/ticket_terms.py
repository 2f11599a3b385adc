"""Under which conditions ticket types are sold: where, and how many in an order. The house says so; orders obey."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.contracts.channels import Channel
from services.orders.domain.pricing import SeatChoice
from services.orders.domain.uses import CountedUse
from services.runtime.errors import UNSET, FieldInvalid, refused_fields


@dataclass(frozen=True, slots=True)
class TicketTerms:
    """No channels are all of them; 0 is no bound."""

    channels: frozenset[Channel] = frozenset()
    min_per_order: int = 0
    max_per_order: int = 0
    pass_kind_id: str = ""


def refused_by_terms(
    choices: Sequence[SeatChoice], terms: Mapping[str, TicketTerms], channel: Channel
) -> FieldInvalid | None:
    """All that the choices break, None if nothing. `terms`: of the ticket types that have any."""
    return refused_fields(_broken(choices, terms, channel)) if terms else None


@dataclass(frozen=True, slots=True)
class CheckedPasses:
    """Of each number what stands for it where uses are counted, "" where it is wrong; and its uses a performance."""

    keys: tuple[str, ...]
    max_uses: int


def passes_asked(choices: Sequence[SeatChoice], terms: Mapping[str, TicketTerms]) -> Mapping[str, tuple[int, ...]]:
    """By kind of pass, the places of the choices whose ticket types ask for one."""
    asked: defaultdict[str, list[int]] = defaultdict(list)
    for place, choice in enumerate(choices):
        of_type = terms.get(choice.ticket_type)
        if of_type is not None and of_type.pass_kind_id:
            asked[of_type.pass_kind_id].append(place)
    return {kind: tuple(places) for kind, places in asked.items()}


def refused_without_pass(choices: Sequence[SeatChoice], places: Iterable[int]) -> FieldInvalid | None:
    """The refusal for tickets that ask for a pass and have none, else None."""
    return refused_fields(
        FieldInvalid(f"seats[{place}].pass_number", UNSET, "the number of the pass that the ticket type asks for")
        for place in places
        if not choices[place].pass_number.strip()
    )


def pass_uses(
    kind: str, performance_id: str, places: Sequence[int], checked: CheckedPasses
) -> tuple[CountedUse, ...] | FieldInvalid:
    """What an order takes of passes: a use for each ticket, counted for the performance."""
    wrong = refused_fields(
        FieldInvalid(f"seats[{place}].pass_number", "is not valid", "a number of a pass that is")
        for place, key in zip(places, checked.keys, strict=True)
        if not key
    )
    if wrong is not None:
        return wrong
    return tuple(
        CountedUse(f"pass:{kind}:{performance_id}:{key}", count, checked.max_uses)
        for key, count in Counter(checked.keys).items()
    )


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
