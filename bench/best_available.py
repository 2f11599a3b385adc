"""How long the best seats take in a hall of 20,000: the decision, the owner's turn, and bringing the hall up.

Decisions are timed in the process's own CPU time, so that neighbours on the machine do not count; the rest by the wall.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import Callable, Sequence
from math import cos, pi, sin

from services.inventory.actors.performance_actor import PerformanceActor
from services.inventory.actors.store_clock import StoreClock
from services.inventory.actors.turn_log import TurnLog
from services.inventory.adapters.memory_stores import MemoryHoldStore, MemoryRecord
from services.inventory.adapters.plan_places import pack_places, unpack_layout
from services.inventory.domain.best_available import SeatGroup
from services.inventory.domain.commands import HoldBestAvailable
from services.inventory.domain.decisions import Accepted
from services.inventory.domain.dispatch import decide
from services.inventory.domain.records import Claim, HoldRules
from services.inventory.domain.restoration import restore
from services.inventory.domain.seat_layout import SeatLayout, SeatPlace
from services.inventory.domain.seat_map import SeatMap, apply
from services.inventory.domain.seat_state import SOLD
from services.inventory.ports import Performance, PerformanceRecord, SeatPlan
from services.runtime.clock import SystemClock
from services.runtime.errors import Overloaded

SECTIONS, ROWS, SEATS_A_ROW = 40, 20, 25
SEATS = SECTIONS * ROWS * SEATS_A_ROW
RULES = HoldRules(on_sale=True, seats_per_holder=100, ttl_ms=600_000, refuses_orphans=True)
ONLINE = 2
TURN_COMMANDS = 32


def arena() -> list[SeatPlace]:
    """20,000 seats in 40 sections around a field, three categories, one accessible pair a section."""
    places = []
    for section in range(SECTIONS):
        for row in range(ROWS):
            for number in range(SEATS_A_ROW):
                angle = 2 * pi * (section + (number + 1) / (SEATS_A_ROW + 4)) / SECTIONS
                radius = 6_000.0 + 80 * row
                category = f"Category {1 + row * 3 // ROWS}"
                x, y = radius * 1.4 * cos(angle), radius * sin(angle)
                accessible = row == ROWS - 1 and number < 2
                places.append(SeatPlace(f"Section {section}", str(row), category, x, y, accessible))
    return places


def hall() -> list[SeatPlace]:
    """20,000 seats in 100 straight rows of 200 with two aisles."""
    return [
        SeatPlace("Hall", str(row), "One", 25.0 * number + 75 * (number // 67), 40.0 * row)
        for row in range(100)
        for number in range(200)
    ]


def summary(seconds: Sequence[float]) -> dict[str, float]:
    """Percentiles in microseconds, nearest rank."""
    ordered = sorted(seconds)

    def rank(percent: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] * 1e6, 1)

    return {"count": len(ordered), "p50_us": rank(50), "p99_us": rank(99), "max_us": round(ordered[-1] * 1e6, 1)}


def _timed(state: SeatMap, command: HoldBestAvailable) -> tuple[float, bool]:
    started = time.process_time()
    decision = decide(state, command, 0)
    took = time.process_time() - started
    if isinstance(decision, Accepted) and decision.change is not None:
        apply(state, decision.change)
    return took, isinstance(decision, Accepted)


def _sell(layout: SeatLayout, sold: float, wish: Callable[[random.Random], SeatGroup]) -> dict[str, dict[str, float]]:
    """Sells a hall of which a part is sold here and there to the last seat, by best available."""
    dice = random.Random(1)  # noqa: S311 (the same sale in each run)
    state = SeatMap(len(layout.run_of), RULES, layout)
    state.mark(dice.sample(range(SEATS), int(SEATS * sold)), SOLD)
    times: dict[str, list[float]] = {}
    refused = 0
    number = 0
    while refused < 500:
        number += 1
        left = state.free.regular / layout.regular_seats
        took, accepted = _timed(state, HoldBestAvailable(f"h{number}", f"b{number}", (wish(dice),), ONLINE))
        part = "refused" if not accepted else "over 50 % left" if left > 0.5 else "5 to 50 % left"
        times.setdefault("under 5 % left" if accepted and left < 0.05 else part, []).append(took)
        refused += not accepted
    return {part: summary(found) for part, found in times.items()}


def _any(dice: random.Random) -> SeatGroup:
    return SeatGroup(dice.choice((1, 2, 2, 2, 3, 4, 4, 6)))


def _choosy(dice: random.Random) -> SeatGroup:
    return SeatGroup(dice.choice((2, 4)), categories=(f"Category {dice.randint(1, 3)}",))


async def _turns(layout: SeatLayout) -> dict[str, float]:
    """Whole turns of an actor on memory stores: TURN_COMMANDS best-available commands each."""
    clock = SystemClock()
    plan = SeatPlan.of(1, [f"s{number}" for number in range(SEATS)], layout)
    record, holds = MemoryRecord(), MemoryHoldStore(clock)
    epoch = await record.take("p", 0, "node", "127.0.0.1:1")
    assert epoch is not None
    opened = await holds.open("p", epoch)
    actor = PerformanceActor(
        Performance("p", "house", plan, RULES),
        epoch,
        SeatMap(SEATS, RULES, layout),
        TurnLog("p", epoch, holds, record, clock),
        StoreClock(clock, opened.store_now_ms),
        clock,
        lambda actor, cause: None,
    )
    running = asyncio.create_task(actor.run())
    started, count = time.perf_counter(), 0
    for turn in range(100):
        commands = [
            HoldBestAvailable(f"h{turn}-{n}", f"b{turn}-{n}", (SeatGroup(2),), ONLINE) for n in range(TURN_COMMANDS)
        ]
        answer = actor.submit(commands, None)
        assert not isinstance(answer, Overloaded)
        decisions = await answer
        assert not isinstance(decisions, Overloaded)
        count += sum(isinstance(decision, Accepted) for decision in decisions)
    seconds = time.perf_counter() - started
    actor.request_stop()
    await running
    return {"holds": count, "us_per_hold": round(seconds / count * 1e6, 1)}


def _bring_up(places: Sequence[SeatPlace]) -> dict[str, float]:
    """What an activation of 20,000 seats costs this process, stores apart; half of the seats are sold."""
    ids = [f"seat-{number:05}" for number in range(SEATS)]
    claims = [Claim(f"o{n}", f"b{n}", f"h{n}", (4 * n, 4 * n + 1), ONLINE, sold=True) for n in range(SEATS // 4)]
    blob = pack_places(places, None)
    steps: dict[str, float] = {}

    def step(name: str, started: float) -> float:
        now = time.process_time()
        steps[f"{name}_ms"] = round((now - started) * 1000, 1)
        return now

    at = time.process_time()
    pack_places(places, None)
    at = step("pack", at)
    layout = unpack_layout(blob)
    at = step("layout", at)
    SeatPlan.of(1, ids, layout)
    at = step("index", at)
    state, _ = restore(SEATS, RULES, PerformanceRecord(claims), [], layout)
    at = step("restore", at)
    decide(state, HoldBestAvailable("h", "b", (SeatGroup(2),), ONLINE), 0)
    step("first_search", at)
    steps["total_ms"] = round(sum(steps.values()), 1)
    steps["blob_bytes"] = len(blob)
    return steps


def measure() -> dict[str, object]:
    """Every figure, by name. Some ten seconds."""
    found: dict[str, object] = {"seats": SEATS}
    for name, places in (("arena", arena()), ("hall", hall())):
        layout = unpack_layout(pack_places(places, None))
        found[f"{name}_bring_up"] = _bring_up(places)
        found[f"{name}_from_empty"] = _sell(layout, 0.0, _any)
        found[f"{name}_from_a_third_sold_here_and_there"] = _sell(layout, 0.33, _any)
        found[f"{name}_from_80_percent_sold_here_and_there"] = _sell(layout, 0.8, _any)
        found[f"{name}_turn_of_{TURN_COMMANDS}"] = asyncio.run(_turns(layout))
    found["arena_by_category"] = _sell(unpack_layout(pack_places(arena(), None)), 0.2, _choosy)
    return found


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
