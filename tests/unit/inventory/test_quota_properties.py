"""All commands in all orders on halls with quotas: caps are never exceeded by what is new, and counters are true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.quotas import SalePhase
from services.inventory.domain import commands as c
from services.inventory.domain.decisions import Accepted
from services.inventory.domain.quotas import CHANNELS, SeatQuotas
from services.inventory.domain.records import QuotaTerms
from services.inventory.domain.restoration import restore
from services.inventory.domain.seat_layout import lay_out
from services.inventory.domain.seat_map import SeatMap
from services.inventory.domain.seat_state import SOLD
from tests.unit.inventory.builders import RULES, obey, recorded
from tests.unit.inventory.generated_commands import CAPACITY, COMMANDS
from tests.unit.inventory.halls import row, standing
from tests.unit.inventory.quota_terms import quota

LAYOUT = lay_out([*row("aaabb"), *standing(CAPACITY - 5)])
PERCENT = st.one_of(st.none(), st.integers(0, 100))
TYPES = ("normal", "child")
ASSIGNMENTS = st.frozensets(
    st.tuples(st.sampled_from(TYPES), st.sampled_from([*CHANNELS]), st.sampled_from(SalePhase)), max_size=3
)

# Names, categories, zones.
Parts = tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]
PARTS: Sequence[Parts] = (
    (),
    (("All", (), ()),),
    (("Stalls", ("a",), ()), ("Pit", (), ("Pit",))),
    (("A", ("a",), ()), ("B", ("b",), ()), ("Pit", (), ("Pit",))),
)


@st.composite
def terms(draw: st.DrawFn) -> tuple[QuotaTerms, ...]:
    """None to three quotas that share no place."""
    parts = draw(st.sampled_from(PARTS))
    made = []
    for name, categories, zones in parts:
        percentages: dict[str, Any] = {
            f"{channel.value}_{phase.value}".lower(): percent
            for channel in CHANNELS.values()
            for phase in SalePhase
            if (percent := draw(PERCENT)) is not None
        }
        made.append(
            quota(
                draw(st.integers(0, CAPACITY)),
                name=name,
                categories=categories,
                zones=zones,
                day_sale_from_ms=draw(st.sampled_from([0, 50_000, 10**15])),
                assignments=draw(ASSIGNMENTS),
                **percentages,
            )
        )
    return tuple(made)


RULED = terms().map(lambda quotas: msgspec.structs.replace(RULES, quotas=quotas))


def with_types(command: c.Command, types: Sequence[str]) -> c.Command:
    if isinstance(command, c.HoldSeats | c.ClaimSeats) and types:
        return msgspec.structs.replace(command, ticket_types=tuple(types[: len(command.seats)]))
    return command


ANY = st.one_of(
    st.builds(c.ChangeSaleTerms, RULED),
    st.builds(with_types, COMMANDS, st.one_of(st.just([]), st.lists(st.sampled_from(TYPES), min_size=8, max_size=8))),
)
STEPS = st.lists(st.tuples(ANY, st.integers(0, 40_000)), max_size=40)


def used_of(quotas: SeatQuotas | None) -> list[int]:
    return [] if quotas is None else list(quotas.used)


def over(quotas: SeatQuotas, channel: int, now_ms: int) -> set[int]:
    caps = quotas.limits.caps(channel, now_ms)
    return {number for number in range(1, len(quotas.used)) if quotas.used[number] > caps[number]}


def channel_of(command: c.Command, state: SeatMap) -> int:
    """Through which the command, which was obeyed, has taken seats."""
    if isinstance(command, c.MoveHold):
        return state.holds[command.hold_id].channel
    assert isinstance(command, c.HoldSeats | c.HoldBestAvailable | c.ClaimSeats | c.ReserveSeats), command
    return command.channel


@given(RULED.map(lambda rules: SeatMap(CAPACITY, rules, LAYOUT)), STEPS)
@settings(max_examples=300)
def test_caps_are_never_exceeded_by_what_is_new_and_nothing_sold_breaks(
    state: SeatMap, steps: list[tuple[c.Command, int]]
) -> None:
    now = 0
    for command, passed in steps:
        now += passed
        before, sold = used_of(state.quotas), [seat for seat in range(CAPACITY) if state.status(seat) == SOLD]
        decision = obey(state, command, now)
        if state.quotas is None:
            continue
        assert state.quotas.used == state.quotas.limits.counted(state.statuses)
        if isinstance(decision, Accepted) and not isinstance(command, c.ChangeSaleTerms):
            more = {at for at, used in enumerate(state.quotas.used) if used > before[at]}
            may_be_over = isinstance(command, c.HoldSeats) and command.overbook
            assert may_be_over or not more or not more & over(state.quotas, channel_of(command, state), now)
        if not isinstance(command, c.CancelSale):
            assert all(state.status(seat) == SOLD for seat in sold)


@given(RULED.map(lambda rules: SeatMap(CAPACITY, rules, LAYOUT)), STEPS)
def test_counters_of_a_restored_map_are_those_of_the_one_that_was(
    state: SeatMap, steps: list[tuple[c.Command, int]]
) -> None:
    for command, passed in steps:
        obey(state, command, passed)
    restored, _ = restore(CAPACITY, state.rules, recorded(state), state.holds.values(), LAYOUT)
    assert used_of(restored.quotas) == used_of(state.quotas)
