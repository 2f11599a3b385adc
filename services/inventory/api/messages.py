"""Between wire and domain: bounds first, then seat ids to indexes and back. Every refusal names its field."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from balcon.inventory.v1 import inventory_service_pb2 as pb
from balcon.types.v1.seating_pb2 import Channel, SeatRefs

from services.contracts.bounds import MAX_REASON_CHARS, MAX_SEAT_ID_CHARS, MAX_SEATS_PER_HOLD
from services.contracts.texts import refused_text
from services.contracts.wire_types import refused_channel
from services.inventory.domain.best_available import SeatGroup
from services.inventory.domain.records import Hold, HoldRules
from services.inventory.domain.refusals import OrphanLeft, PlanVersionMismatch, SeatsTaken, SeatUnknown
from services.inventory.ports import SeatPlan
from services.runtime.errors import UNSET, FieldInvalid, Refusal
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused

SEATS_PER_COMMAND = MAX_SEATS_PER_HOLD
BLOCKED_SEATS_PER_COMMAND = 2_000
GROUPS_PER_COMMAND = 10
FILTERS_PER_GROUP = 50
# As much of a name as an error repeats.
NAME_CHARS = 100
MAX_TTL_SECONDS = 86_400


def check_key(field: str, value: str) -> str:
    """The value, or Refused when it is no key."""
    refused = refused_key(field, value)
    if refused is not None:
        raise Refused(refused)
    return value


def check_performance_key(key: pb.PerformanceKey) -> pb.PerformanceKey:
    """The key, or Refused naming the part that is malformed."""
    check_key("key.house_id", key.house_id)
    check_key("key.performance_id", key.performance_id)
    return key


def check_channel(channel: Channel.ValueType) -> int:
    """The channel's number, or Refused."""
    refused = refused_channel("channel", channel)
    if refused is not None:
        raise Refused(refused)
    return int(channel)


def check_ttl(ttl_seconds: int) -> int:
    """The wanted length of a hold in milliseconds, 0 for the default, or Refused."""
    if ttl_seconds > MAX_TTL_SECONDS:
        raise Refused(FieldInvalid("ttl_seconds", f"{ttl_seconds} is too long", f"0 to {MAX_TTL_SECONDS} seconds"))
    return ttl_seconds * 1000


def check_reason(reason: str) -> str:
    """Why seats are blocked, or Refused."""
    refused = refused_text("reason", reason, at_most=MAX_REASON_CHARS)
    if refused is not None:
        raise Refused(refused)
    return reason


def check_plan_version(field: str, asked: int, plan: SeatPlan) -> None:
    """Refused when the caller has seen another plan."""
    if not asked:
        raise Refused(FieldInvalid(field, UNSET, "the version of the plan that the caller has seen"))
    if asked != plan.plan_version:
        raise Refused(PlanVersionMismatch(plan.plan_version, asked))


def seat_indexes(refs: SeatRefs, plan: SeatPlan, *, at_most: int = SEATS_PER_COMMAND) -> tuple[int, ...]:
    """Ascending indexes of the seats named, or Refused: none, too many, twice, unknown, or of another plan version."""
    seat_ids = refs.seat_ids
    count = len(seat_ids)
    if not 1 <= count <= at_most:
        problem = f"names {count} seats" if count else UNSET
        raise Refused(FieldInvalid("seats.seat_ids", problem, f"1 to {at_most} seats"))
    check_plan_version("seats.plan_version", refs.plan_version, plan)
    index_of = plan.index_of
    try:
        indexes = {index_of[seat_id] for seat_id in seat_ids}
    except KeyError:
        unknown = [seat_id[:MAX_SEAT_ID_CHARS] for seat_id in seat_ids if seat_id not in index_of]
        raise Refused(SeatUnknown(tuple(unknown[:10]), plan.plan_version)) from None
    if len(indexes) != count:
        raise Refused(FieldInvalid("seats.seat_ids", "names a seat twice", "each seat once"))
    return tuple(sorted(indexes))


def refused_indexes(indexes: Sequence[int], capacity: int, *, at_most: int = SEATS_PER_COMMAND) -> Refusal | None:
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
    if isinstance(refusal, SeatsTaken | OrphanLeft):
        named = tuple(plan.seat_ids[seat] if isinstance(seat, int) else seat for seat in refusal.seats)
        return dataclasses.replace(refusal, seats=named)
    return refusal


def seat_groups(groups: Sequence[pb.SeatGroup], plan: SeatPlan) -> tuple[SeatGroup, ...]:
    """What is wanted of best available, or Refused: no group, too many, an impossible size, unknown names."""
    if not 1 <= len(groups) <= GROUPS_PER_COMMAND:
        problem = f"holds {len(groups)} groups" if groups else UNSET
        raise Refused(FieldInvalid("groups", problem, f"1 to {GROUPS_PER_COMMAND} groups"))
    for position, group in enumerate(groups):
        refused = _refused_group(f"groups[{position}]", group, plan)
        if refused is not None:
            raise Refused(refused)
    wanted = sum(group.size for group in groups)
    if wanted > SEATS_PER_COMMAND:
        raise Refused(FieldInvalid("groups", f"want {wanted} seats", f"at most {SEATS_PER_COMMAND} seats"))
    return tuple(
        SeatGroup(group.size, tuple(group.categories), tuple(group.zones), group.accessible) for group in groups
    )


def _refused_group(field: str, group: pb.SeatGroup, plan: SeatPlan) -> FieldInvalid | None:
    if not 1 <= group.size <= SEATS_PER_COMMAND:
        return FieldInvalid(
            f"{field}.size", f"is {group.size}" if group.size else UNSET, f"1 to {SEATS_PER_COMMAND} seats"
        )
    if group.accessible > group.size:
        return FieldInvalid(f"{field}.accessible", f"is {group.accessible}", f"0 to {group.size}")
    if len(group.categories) + len(group.zones) > FILTERS_PER_GROUP:
        problem = f"has {len(group.categories) + len(group.zones)} categories and zones"
        return FieldInvalid(field, problem, f"at most {FILTERS_PER_GROUP}")
    if plan.layout is None:
        return None
    for noun, names, known in (
        ("categories", group.categories, plan.layout.categories),
        ("zones", group.zones, plan.layout.zones),
    ):
        unknown = next((name for name in names if name not in known), None)
        if unknown is not None:
            return FieldInvalid(f"{field}.{noun}", f"names {unknown[:NAME_CHARS]!r}", f"{noun} of the plan")
    return None


def write_hold(message: pb.Hold, hold: Hold, plan: SeatPlan, rules: HoldRules) -> None:
    """Writes the hold as callers see it; the grace stays hidden. In place: a message put into another is copied."""
    message.hold_id = hold.hold_id
    message.holder_id = hold.holder_id
    message.seats.plan_version = plan.plan_version
    message.seats.seat_ids.extend([plan.seat_ids[seat] for seat in hold.seats])
    message.channel = Channel.ValueType(hold.channel)
    message.hold_until_ms = hold.hold_until_ms
    message.cap_until_ms = rules.shown_cap(hold.acquired_ms)


def counts_message(counts: Sequence[int]) -> pb.SeatCounts:
    """Counts by seat state, FREE first."""
    free, held, claimed, sold, blocked = counts
    return pb.SeatCounts(free=free, held=held, claimed=claimed, sold=sold, blocked=blocked, capacity=sum(counts))
