"""From the history of a run to the histories of its seats, with what may legally happen to a hold by itself."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from services.contracts.reasons import Reason
from tests.chaos import seat_model as model
from tests.chaos.history import OK, REFUSED, UNKNOWN, History, Record
from tests.chaos.linearizability import NEVER, Operation
from tests.chaos.seat_model import STATES, Seat, Step

SeatKey = tuple[str, int]
# When an allotment of a seat was under way.
Dealing = dict[SeatKey, list[tuple[float, float]]]
Operations = dict[SeatKey, list[Operation[Seat]]]
Seats = tuple[Seat, ...]
# One act as each of its seats sees it; all of them at one and the same moment.
Parts = list[tuple[int, Operation[Seat]]]

# Acts that rest on the record. All others rest on the cache of holds, which may lie for a moment after it lost writes.
_RECORDED = {"claim", "confirm", "cancel", "allot", "report", "give_back"}


@dataclass(frozen=True, slots=True)
class Window:
    """From the loss of holds or of a lease until every owner must have noticed. In it, maps and refusals are advice: an
    owner that does not know yet goes on. What was granted stays granted. `loses`: holds may vanish at any time.
    `splits`: there were two stores of holds, so that grants are advice too, and a claim may come from a hold that the
    other one knew nothing of. What is said of claims and sales stays true.
    """

    name: str
    start: float
    end: float
    loses: bool
    splits: bool

    def overlaps(self, record: Record) -> bool:
        """Whether the operation was under way in the window."""
        return record.first_sent <= self.end and record.returned >= self.start


def windows_of(history: History, settle_seconds: float) -> list[Window]:
    """One per fault that loses holds or misleads; owners have `settle_seconds` after it to notice."""
    return [
        Window(fault.kind, fault.started, fault.healed + settle_seconds, fault.may_lose, fault.kind == "failover")
        for fault in history.faults
        if fault.may_lose or fault.may_mislead
    ]


def acts(history: History, windows: Sequence[Window]) -> Iterator[tuple[str, Parts]]:
    """Every act by performance: what was answered or may have happened, and the ends of holds."""
    dealing = _on_their_way(history)
    for record in history.operations:
        around = [window for window in windows if window.overlaps(record)]
        is_advice = record.act not in _RECORDED and bool(around)
        is_split = any(window.splits for window in around)
        for parts in _of_record(record, is_advice, is_split, dealing):
            yield record.performance, parts
    yield from _expiries(history)


def project(history: History, windows: Sequence[Window]) -> Operations:
    """Operations by (performance, seat)."""
    found: Operations = defaultdict(list)
    for performance, parts in acts(history, windows):
        for seat, operation in parts:
            found[performance, seat].append(operation)
    for operations in found.values():
        operations += [
            Operation(window.name, window.start, window.end, model.lost, certain=False, repeats=True)
            for window in windows
            if window.loses
        ]
    return found


def pairs_of(history: History) -> set[tuple[str, int, int]]:
    """For each seat the one that it was most often wanted together with: where a hold could be seen by halves."""
    together: dict[SeatKey, Counter[int]] = defaultdict(Counter)
    for record in history.operations:
        if record.act in {"hold", "move", "claim", "allot"}:
            for one, other in combinations(sorted({*record.seats, *record.before}), 2):
                together[record.performance, one][other] += 1
                together[record.performance, other][one] += 1
    return {
        (performance, *sorted((seat, max(others, key=lambda other: (others[other], -other)))))  # type: ignore[misc]
        for (performance, seat), others in together.items()
    }


def project_jointly(
    history: History, windows: Sequence[Window], groups: set[tuple[str, int, int]]
) -> dict[tuple[str, int, int], list[Operation[Seats]]]:
    """Operations by pair of seats: what an act does to both, it does at once."""
    by_seat: dict[SeatKey, list[tuple[str, int, int]]] = defaultdict(list)
    for group in groups:
        for seat in group[1:]:
            by_seat[group[0], seat].append(group)
    found: dict[tuple[str, int, int], list[Operation[Seats]]] = {group: _losses(windows) for group in groups}
    for performance, parts in acts(history, windows):
        steps = {seat: operation.step for seat, operation in parts}
        for group in {group for seat in steps for group in by_seat[performance, seat]}:
            like = parts[0][1]
            step = _at_once(tuple(steps.get(seat) for seat in group[1:]))
            found[group].append(Operation(like.name, like.invoked, like.returned, step, like.certain))
    return found


def _at_once(steps: tuple[Step | None, ...]) -> Callable[[Seats], Seats | None]:
    def step(seats: Seats) -> Seats | None:
        after = []
        for each, seat in zip(steps, seats, strict=True):
            changed = seat if each is None else each(seat)
            if changed is None:
                return None
            after.append(changed)
        return tuple(after)

    return step


def _losses(windows: Sequence[Window]) -> list[Operation[Seats]]:
    """Each seat's hold for itself: which of several holds a store forgets is not told."""
    return [
        Operation(window.name, window.start, window.end, _at_once(steps), certain=False, repeats=True)
        for window in windows
        if window.loses
        for steps in ((model.lost, None), (None, model.lost))
    ]


def _on_their_way(history: History) -> Dealing:
    """When free seats were asked for that go to the record: until it has them they are nobody's and gone for others."""
    dealing: Dealing = defaultdict(list)
    for record in history.operations:
        if record.act == "allot":
            # Nobody knows how long the owner of an unanswered one goes on.
            until = NEVER if record.outcome == UNKNOWN or record.was_uncertain else record.returned
            for seat in record.seats:
                dealing[record.performance, seat].append((record.first_sent, until))
    return dealing


def _of_record(record: Record, is_advice: bool, is_split: bool, dealing: Dealing) -> Iterator[Parts]:
    name = (
        f"{record.act} {record.hold}{record.order}{record.allotment} #{record.number} {record.outcome} {record.reason}"
    )
    # A sending that nobody knows the end of may still arrive, whatever a later one was answered.
    if record.outcome == UNKNOWN or record.was_uncertain:
        yield [
            (seat, Operation(f"{name} (in doubt)", record.first_sent, NEVER, step, certain=False))
            for seat, step in _effects(record, is_split)
        ]
    if record.outcome == OK:
        # A yes is proven by the store's fence, whoever believes what; by the wrong store's where there are two.
        is_certain = not (is_split and is_advice)
        yield [
            (seat, Operation(name, record.sent, record.returned, step, is_certain))
            for seat, step in _effects(record, is_split)
        ]
    if record.outcome == UNKNOWN or is_advice:
        return
    yield [
        (seat, Operation(name, record.sent, record.returned, step))
        for seat, step in [*_refusals(record, dealing), *_sightings(record)]
    ]


def _effects(record: Record, is_split: bool) -> Iterator[tuple[int, Step]]:
    """What each seat sees of a success."""
    match record.act:
        case "hold":
            step = model.held(record.hold)
        case "extend":
            step = model.still_held(record.hold)
        case "release":
            step = model.left(record.hold)
        case "claim":
            in_doubt = model.claimed_in_the_record(record.order)
            step = in_doubt if is_split else model.claimed(record.order, record.hold)
        case "confirm":
            step = model.sold(record.order)
        case "cancel":
            step = model.cancelled(record.order)
        case "allot":
            step = (model.allotted_in_the_record if is_split else model.allotted)(record.allotment)
        case "report":
            step = model.reported(record.allotment)
        case "give_back":
            step = model.given_back(record.allotment)
        case "move":
            yield from ((seat, model.held(record.hold)) for seat in record.seats if seat not in record.before)
            yield from ((seat, model.still_held(record.hold)) for seat in record.seats if seat in record.before)
            yield from ((seat, model.left(record.hold)) for seat in record.before if seat not in record.seats)
            return
        case _:
            return
    yield from ((seat, step) for seat in record.seats)


def _refusals(record: Record, dealing: Dealing) -> Iterator[tuple[int, Step]]:
    """What a no tells of each seat. Limits, overload and late answers tell nothing."""
    if record.outcome != REFUSED:
        return
    match record.act, record.reason:
        case (("hold" | "move"), Reason.SEATS_TAKEN):
            for seat in record.seats:
                taken = seat in record.refused_seats
                around = dealing.get((record.performance, seat), ())
                if taken and any(sent <= record.returned and until >= record.sent for sent, until in around):
                    continue
                yield seat, (model.taken_from if taken else model.free_for)(record.hold)
        case (("hold" | "extend" | "move"), (Reason.HOLD_ENDED | Reason.HOLD_NOT_FOUND)):
            yield from ((seat, model.not_held_by(record.hold)) for seat in {*record.seats, *record.before})
        case "claim", (Reason.HOLD_ENDED | Reason.HOLD_NOT_FOUND):
            yield from ((seat, model.not_of(record.order)) for seat in record.seats)
        case "confirm", Reason.CLAIM_NOT_FOUND:
            yield from ((seat, model.not_of(record.order)) for seat in record.seats)
        case _:
            return


def _sightings(record: Record) -> Iterator[tuple[int, Step]]:
    if record.act == "look" and record.outcome == OK:
        for seat, state in zip(record.seats, record.seen, strict=True):
            yield seat, model.seen(STATES[state])


def _expiries(history: History) -> Iterator[tuple[str, Parts]]:
    """A hold may end by itself from the latest end on that anybody was told (INV-6), once."""
    ends: dict[tuple[str, str], float] = {}
    seats: dict[tuple[str, str], set[int]] = defaultdict(set)
    for record in history.operations:
        if record.act not in {"hold", "extend", "move"}:
            continue
        hold = record.performance, record.hold
        seats[hold].update(record.seats, record.before)
        told = record.hold_until
        if record.outcome == UNKNOWN and record.act == "hold":
            told = record.first_sent + record.ttl_seconds
        ends[hold] = max(ends.get(hold, 0.0), told)
    for (performance, hold_id), end in ends.items():
        if end > 0:
            ended = Operation(f"expiry {hold_id}", end, NEVER, model.left(hold_id), certain=False)
            yield performance, [(seat, ended) for seat in sorted(seats[performance, hold_id])]
