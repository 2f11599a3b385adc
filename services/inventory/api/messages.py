"""Between wire and domain: bounds first, then seat ids to indexes and back. Every refusal names its field."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.types.v1.seating_pb2 import Channel, SeatRefs

from services.contracts.bounds import MAX_REASON_CHARS, MAX_SEAT_ID_CHARS, MAX_SEATS_PER_HOLD, MAX_TICKET_TYPE_CHARS
from services.contracts.plan_changes import PlanInUse
from services.contracts.texts import refused_text
from services.inventory.domain.allotment_refusals import SeatsAllotted, SeatsNotAllotted, SeatsReportedSold
from services.inventory.domain.best_available import SeatGroup
from services.inventory.domain.records import Hold, HoldRules
from services.inventory.domain.refusals import OrphanLeft, PlanVersionMismatch, SeatsTaken, SeatUnknown
from services.inventory.ports import SeatPlan
from services.runtime.errors import UNSET, FieldInvalid, Refusal, refused_fields
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused, accept

SEATS_PER_COMMAND = MAX_SEATS_PER_HOLD
BLOCKED_SEATS_PER_COMMAND = 2_000
GROUPS_PER_COMMAND = 10
FILTERS_PER_GROUP = 50
# As much of a name as an error repeats.
NAME_CHARS = 100
MAX_TTL_SECONDS = 86_400
_OF_STAFF = frozenset({Channel.CHANNEL_BOX_OFFICE, Channel.CHANNEL_BACKEND})


def check_key(field: str, value: str) -> str:
    """The value, or Refused when it is no key."""
    accept(refused_key(field, value))
    return value


def refused_performance(key: pb.PerformanceKey) -> tuple[FieldInvalid | None, FieldInvalid | None]:
    """What is malformed of the name of a performance."""
    return refused_key("key.house_id", key.house_id), refused_key("key.performance_id", key.performance_id)


def refused_ttl(ttl_seconds: int, field: str = "ttl_seconds") -> FieldInvalid | None:
    """The refusal for a length that no hold has, else None; what a hold may live is the performance's to say."""
    if ttl_seconds <= MAX_TTL_SECONDS:
        return None
    return FieldInvalid(field, f"{ttl_seconds} is too long", f"0 to {MAX_TTL_SECONDS} seconds")


def refused_reason(reason: str) -> FieldInvalid | None:
    """The refusal for what is no reason to block seats, else None."""
    return refused_text("reason", reason, at_most=MAX_REASON_CHARS)


def refused_plan_version(field: str, asked: int) -> FieldInvalid | None:
    """The refusal for a caller that does not say which plan it has seen, else None."""
    return None if asked else FieldInvalid(field, UNSET, "the version of the plan that the caller has seen")


def refused_seats(
    refs: SeatRefs, at_most: int = SEATS_PER_COMMAND, field: str = "seats"
) -> Sequence[FieldInvalid | None]:
    """What is wrong with the seats named, whatever the plan has: none, too many, twice, of no version."""
    seat_ids = refs.seat_ids
    count = len(seat_ids)
    if refs.plan_version and 1 <= count <= at_most and len(set(seat_ids)) == count:
        return ()
    named: FieldInvalid | None = None
    if not 1 <= count <= at_most:
        named = FieldInvalid(f"{field}.seat_ids", f"names {count} seats" if count else UNSET, f"1 to {at_most} seats")
    elif len(set(seat_ids)) != count:
        named = FieldInvalid(f"{field}.seat_ids", "names a seat twice", "each seat once")
    return named, refused_plan_version(f"{field}.plan_version", refs.plan_version)


def check_plan_version(asked: int, plan: SeatPlan) -> None:
    """Refused when the caller has seen another plan."""
    if asked != plan.plan_version:
        raise Refused(PlanVersionMismatch(plan.plan_version, asked))


def seat_indexes(refs: SeatRefs, plan: SeatPlan, *, older_too: bool = False) -> tuple[int, ...]:
    """Ascending indexes of the seats named, or Refused: unknown, or of another plan. See refused_seats first.

    `older_too`: what an order held before the performance went over to another plan is the same seat in it.
    """
    if not (older_too and refs.plan_version < plan.plan_version):
        check_plan_version(refs.plan_version, plan)
    index_of = plan.index_of
    try:
        return tuple(sorted([index_of[seat_id] for seat_id in refs.seat_ids]))
    except KeyError:
        unknown = [seat_id[:MAX_SEAT_ID_CHARS] for seat_id in refs.seat_ids if seat_id not in index_of]
        raise Refused(SeatUnknown(tuple(unknown[:10]), plan.plan_version)) from None


def seats_in_the_way(refusal: PlanInUse) -> pb.SeatsInTheWay:
    """All of them, for who changes plans."""
    return pb.SeatsInTheWay(
        held=refusal.held,
        claimed=refusal.claimed,
        sold=refusal.sold,
        blocked=refusal.blocked,
        reserved=refusal.reserved,
        allotted=refusal.handed_out,
    )


def refused_ticket_types(ticket_types: Sequence[str], seats: int, field: str = "ticket_types") -> FieldInvalid | None:
    """The refusal for ticket types that are not one a seat, or no names, else None. None at all is fine."""
    if not ticket_types:
        return None
    if len(ticket_types) != seats:
        return FieldInvalid(field, f"has {len(ticket_types)} entries", f"one for each of {seats} seats, or none")
    checks = (
        refused_text(f"{field}[{at}]", name, at_most=MAX_TICKET_TYPE_CHARS) for at, name in enumerate(ticket_types)
    )
    return refused_fields(checks)


def in_seat_order(ticket_types: Sequence[str], seat_ids: Sequence[str], plan: SeatPlan) -> tuple[str, ...]:
    """Ticket types in the order of seat_indexes() instead of that in which the request names the seats."""
    index_of = plan.index_of
    by_index = sorted(zip([index_of[seat_id] for seat_id in seat_ids], ticket_types, strict=True))
    return tuple(ticket_type for _, ticket_type in by_index)


def refused_staff_channel(field: str, channel: Channel.ValueType) -> FieldInvalid | None:
    """The refusal for a channel that is not one by which the house's own people sell, else None."""
    if channel in _OF_STAFF:
        return None
    name = Channel.Name(channel).removeprefix("CHANNEL_") if channel in Channel.values() else str(channel)
    return FieldInvalid(field, f"is {name}" if channel else UNSET, "BOX_OFFICE, BACKEND")


def refused_indexes(indexes: Sequence[int], capacity: int, *, at_most: int = SEATS_PER_COMMAND) -> FieldInvalid | None:
    """Why a list of indexes from the stream cannot be taken, or None."""
    if not 1 <= len(indexes) <= at_most:
        problem = f"names {len(indexes)} seats" if indexes else UNSET
        return FieldInvalid("seat_indexes", problem, f"1 to {at_most} seats")
    if max(indexes) >= capacity:
        return FieldInvalid("seat_indexes", f"names seat {max(indexes)}", f"0 to {capacity - 1}")
    if len(set(indexes)) != len(indexes):
        return FieldInvalid("seat_indexes", "names a seat twice", "each seat once")
    return None


def with_seat_ids(refusal: Refusal, plan: SeatPlan) -> Refusal:
    """The refusal as people read it: seats by their ids."""
    if isinstance(refusal, SeatsAllotted):
        return dataclasses.replace(refusal, seats=_named(refusal.seats, plan), taken=_named(refusal.taken, plan))
    if isinstance(refusal, SeatsTaken | OrphanLeft | SeatsNotAllotted | SeatsReportedSold):
        return dataclasses.replace(refusal, seats=_named(refusal.seats, plan))
    return refusal


def _named(seats: tuple[int, ...] | tuple[str, ...], plan: SeatPlan) -> tuple[str, ...]:
    return tuple(plan.seat_ids[seat] if isinstance(seat, int) else seat for seat in seats)


def refused_groups(groups: Sequence[pb.SeatGroup]) -> Sequence[FieldInvalid | None]:
    """What is wrong with the groups, whatever the plan has: none, too many, impossible sizes."""
    if not 1 <= len(groups) <= GROUPS_PER_COMMAND:
        problem = f"holds {len(groups)} groups" if groups else UNSET
        return [FieldInvalid("groups", problem, f"1 to {GROUPS_PER_COMMAND} groups")]
    faults = [fault for position, group in enumerate(groups) for fault in _group_faults(f"groups[{position}]", group)]
    wanted = sum(group.size for group in groups)
    if not faults and wanted > SEATS_PER_COMMAND:
        faults.append(FieldInvalid("groups", f"want {wanted} seats", f"at most {SEATS_PER_COMMAND} seats"))
    return faults


def _group_faults(field: str, group: pb.SeatGroup) -> Iterator[FieldInvalid]:
    if not 1 <= group.size <= SEATS_PER_COMMAND:
        problem = f"is {group.size}" if group.size else UNSET
        yield FieldInvalid(f"{field}.size", problem, f"1 to {SEATS_PER_COMMAND} seats")
    elif group.accessible > group.size:
        yield FieldInvalid(f"{field}.accessible", f"is {group.accessible}", f"0 to {group.size}")
    filters = len(group.categories) + len(group.zones)
    if filters > FILTERS_PER_GROUP:
        yield FieldInvalid(field, f"has {filters} categories and zones", f"at most {FILTERS_PER_GROUP}")


def seat_groups(groups: Sequence[pb.SeatGroup], plan: SeatPlan) -> tuple[SeatGroup, ...]:
    """What is wanted of best available, or Refused: see refused_groups, and names that the plan does not know."""
    accept(*refused_groups(groups))
    accept(*_unknown_names(groups, plan))
    return tuple(
        SeatGroup(group.size, tuple(group.categories), tuple(group.zones), group.accessible) for group in groups
    )


def _unknown_names(groups: Sequence[pb.SeatGroup], plan: SeatPlan) -> Iterator[FieldInvalid]:
    if plan.layout is None:
        return
    for position, group in enumerate(groups):
        for noun, names, known in (
            ("categories", group.categories, plan.layout.categories),
            ("zones", group.zones, plan.layout.zones),
        ):
            unknown = next((name for name in names if name not in known), None)
            if unknown is not None:
                field = f"groups[{position}].{noun}"
                yield FieldInvalid(field, f"names {unknown[:NAME_CHARS]!r}", f"{noun} of the plan")


def write_hold(message: pb.Hold, hold: Hold, plan: SeatPlan, rules: HoldRules) -> None:
    """Writes the hold as callers see it; the grace stays hidden. In place: a message put into another is copied."""
    message.hold_id = hold.hold_id
    message.holder_id = hold.holder_id
    message.seats.plan_version = plan.plan_version
    message.seats.seat_ids.extend([plan.seat_ids[seat] for seat in hold.seats])
    message.channel = Channel.ValueType(hold.channel)
    message.hold_until_ms = hold.hold_until_ms
    message.cap_until_ms = rules.shown_cap(hold.acquired_ms)
