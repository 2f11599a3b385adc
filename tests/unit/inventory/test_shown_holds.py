"""What a buyer is shown of a hold: the end without the grace, on both ways, and a cap that no end passes."""

from __future__ import annotations

from balcon.inventory.v1 import inventory_service_pb2 as pb

from services.inventory.api.command_stream import _response
from services.inventory.api.messages import write_hold
from services.inventory.domain import commands as c
from services.inventory.domain.best_available import SeatGroup
from services.inventory.domain.decisions import Accepted
from services.inventory.domain.records import Hold
from services.inventory.domain.seat_map import SeatMap
from services.inventory.domain.seat_state import FREE, HELD
from services.inventory.ports import SeatPlan
from tests.unit.inventory.builders import ONLINE, RULES, done, hold, obey, seat_map

PLAN = SeatPlan.of(1, [f"s{number}" for number in range(10)])


def shown(state: SeatMap) -> pb.Hold:
    message = pb.Hold()
    write_hold(message, state.holds["h1"], PLAN, state.rules)
    return message


def test_the_end_that_is_shown_is_the_ttl_and_the_seats_stay_for_a_grace_that_is_not() -> None:
    state = done(seat_map(), hold("h1", 1), now_ms=1_000)
    assert shown(state).hold_until_ms == 1_000 + RULES.ttl_ms
    done(state, c.ExpireHold("h1"), now_ms=1_000 + RULES.ttl_ms + RULES.grace_ms - 1)
    assert state.status(1) == HELD
    done(state, c.ExpireHold("h1"), now_ms=1_000 + RULES.ttl_ms + RULES.grace_ms)
    assert state.status(1) == FREE


def test_the_cap_that_is_shown_is_what_the_last_extension_reaches() -> None:
    state = done(seat_map(), hold("h1", 1), now_ms=1_000)
    assert shown(state).cap_until_ms == 1_000 + RULES.cap_ms - RULES.grace_ms
    for now_ms in range(1_000, 1_000 + RULES.cap_ms - RULES.grace_ms, 50_000):
        assert isinstance(obey(state, c.ExtendHold("h1", "anna"), now_ms), Accepted)
    assert shown(state).hold_until_ms == shown(state).cap_until_ms


def test_a_hold_is_shown_as_it_is_and_by_the_seats_names() -> None:
    message = pb.Hold()
    write_hold(message, Hold("h1", "anna", (1, 3), 2, 5_000, 65_000), PLAN, RULES)
    assert message == pb.Hold(
        hold_id="h1",
        holder_id="anna",
        seats={"plan_version": 1, "seat_ids": ["s1", "s3"]},  # type: ignore[arg-type]
        channel=2,  # type: ignore[arg-type]
        hold_until_ms=65_000,
        cap_until_ms=5_000 + RULES.cap_ms - RULES.grace_ms,
    )


def test_the_stream_tells_the_same_end() -> None:
    state = done(seat_map(), hold("h1", 1), c.HoldBestAvailable("h2", "anna", (SeatGroup(2),), ONLINE))
    request = pb.ExecuteCommandsRequest(
        holds=pb.HoldColumns(hold_ids=["h1"]),
        commands=[pb.Command(best_available=pb.BestAvailableCommand(hold_id="h2"))],
    )
    response = _response(request, 1, [Accepted(hold=state.holds[hold_id]) for hold_id in ("h1", "h2")])
    assert list(response.hold_until_ms) == [RULES.ttl_ms]
    assert [found.hold_until_ms for found in response.found] == [RULES.ttl_ms]
