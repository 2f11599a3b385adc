"""Seats of allotments as requests name them: a list, a block of the plan, a number of standing places, a CSV."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from balcon.inventory.v1 import allotment_service_pb2 as pb

from services.inventory.api import messages
from services.inventory.api.allotment_csv import refused_csv, seats_of_csv
from services.inventory.domain.allotment_refusals import SeatsNotPlaced
from services.inventory.domain.allotments import SEATS_A_STEP, SeatsAsked
from services.inventory.domain.seat_layout import Run, SeatLayout, bits
from services.inventory.ports import SeatPlan
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.rpc.errors import Refused, accept

NAMES_A_BLOCK = 100
_WAYS_OUT = "listed, block or places"
_WAYS_BACK = "listed, places or csv"


@dataclass(frozen=True, slots=True)
class SeatsNamed:
    """Seats as the domain has them; of a CSV the line of each seat by its id."""

    asked: SeatsAsked
    lines: Mapping[str, int] = field(default_factory=dict)


def refused_to_allot(wire: pb.SeatsToAllot) -> Sequence[FieldInvalid | None]:
    """What is wrong with seats to be handed out, whatever the plan has."""
    match wire.WhichOneof("seats"):
        case "listed":
            return messages.refused_seats(wire.listed, SEATS_A_STEP, "seats.listed")
        case "block":
            return _refused_block(wire.block)
        case "places":
            return [_refused_count(wire.places)]
        case _:
            return [FieldInvalid("seats", UNSET, _WAYS_OUT)]


def refused_of_allotment(wire: pb.SeatsOfAllotment) -> Sequence[FieldInvalid | None]:
    """What is wrong with seats of an allotment, whatever the plan has."""
    match wire.WhichOneof("seats"):
        case "listed":
            return messages.refused_seats(wire.listed, SEATS_A_STEP, "seats.listed")
        case "places":
            return [_refused_count(wire.places)]
        case "csv":
            return [refused_csv("seats.csv", wire.csv)]
        case _:
            return [FieldInvalid("seats", UNSET, _WAYS_BACK)]


def seats_to_allot(wire: pb.SeatsToAllot, plan: SeatPlan) -> SeatsNamed:
    """Raises Refused for what the plan has not; see refused_to_allot first."""
    match wire.WhichOneof("seats"):
        case "listed":
            return SeatsNamed(SeatsAsked(messages.seat_indexes(wire.listed, plan)))
        case "block":
            messages.check_plan_version(wire.block.plan_version, plan)
            return SeatsNamed(SeatsAsked(_of_block(wire.block, plan), only_fit=wire.block.only_free))
        case _:
            return SeatsNamed(_places(wire.places, plan))


def seats_of_allotment(wire: pb.SeatsOfAllotment, plan: SeatPlan) -> SeatsNamed:
    """Raises Refused for what the plan has not; see refused_of_allotment first."""
    match wire.WhichOneof("seats"):
        case "listed":
            return SeatsNamed(SeatsAsked(messages.seat_indexes(wire.listed, plan, older_too=True)))
        case "csv":
            seats, lines = seats_of_csv("seats.csv", wire.csv, plan)
            return SeatsNamed(SeatsAsked(tuple(seats)), lines)
        case _:
            return SeatsNamed(_places(wire.places, plan))


def _refused_count(places: pb.StandingPlaces) -> FieldInvalid | None:
    if 1 <= places.count <= SEATS_A_STEP:
        return None
    problem = f"is {places.count:,}" if places.count else UNSET
    return FieldInvalid("seats.places.count", problem, f"1 to {SEATS_A_STEP:,} places")


def _refused_block(block: pb.SeatBlock) -> Sequence[FieldInvalid | None]:
    names = len(block.zones) + len(block.categories) + len(block.row_names)
    too_many = FieldInvalid("seats.block", f"has {names} names", f"at most {NAMES_A_BLOCK}")
    version = messages.refused_plan_version("seats.block.plan_version", block.plan_version)
    return [version, too_many if names > NAMES_A_BLOCK else None]


def _layout(plan: SeatPlan) -> SeatLayout:
    if plan.layout is None:
        raise Refused(SeatsNotPlaced(plan.plan_version))
    return plan.layout


def _of_block(block: pb.SeatBlock, plan: SeatPlan) -> tuple[int, ...]:
    layout = _layout(plan)
    accept(*_unknown_names(block, layout))
    seats = [seat for run in layout.runs if _is_in(run, block) for seat in _of_categories(run, block.categories)]
    if not seats:
        accept(FieldInvalid("seats.block", "has no seats", "zones, categories and rows that have seats together"))
    if len(seats) > SEATS_A_STEP and not block.only_free:
        accept(FieldInvalid("seats.block", f"has {len(seats):,} seats", f"at most {SEATS_A_STEP:,} seats at once"))
    return tuple(sorted(seats))


def _unknown_names(block: pb.SeatBlock, layout: SeatLayout) -> Iterator[FieldInvalid]:
    rows = {run.row for run in layout.runs if run.row}
    for noun, names, known in (
        ("zones", block.zones, layout.zones),
        ("categories", block.categories, layout.categories),
        ("row_names", block.row_names, rows),
    ):
        for name in names:
            if name not in known:
                problem = f"names {name[: messages.NAME_CHARS]!r}"
                yield FieldInvalid(f"seats.block.{noun}", problem, f"{noun.removesuffix('_names')} of the plan")


def _is_in(run: Run, block: pb.SeatBlock) -> bool:
    in_zone = not block.zones or run.zone in block.zones
    return in_zone and (not block.row_names or run.row in block.row_names)


def _of_categories(run: Run, categories: Sequence[str]) -> Iterator[int]:
    if not categories:
        yield from run.seats
        return
    for category in categories:
        for bit in bits(run.masks.get(category, 0)):
            yield run.seats[bit]


def _places(places: pb.StandingPlaces, plan: SeatPlan) -> SeatsAsked:
    layout, zone = _layout(plan), places.zone
    runs = [run for run in layout.runs if run.standing and zone in ("", run.zone)]
    if not runs:
        problem = f"names {zone[: messages.NAME_CHARS]!r}" if zone else "has no standing area to mean"
        accept(FieldInvalid("seats.places.zone", problem, "a standing area of the plan"))
    seats = tuple(sorted(seat for run in runs for seat in run.seats))
    return SeatsAsked(seats, count=places.count)
