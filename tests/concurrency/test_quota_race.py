"""R4: channels that race for the last places of a quota, on real stores, get no more than it allows, whoever owns."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from services.contracts.quotas import QuotaPercentages
from services.inventory.domain import commands as c
from services.inventory.domain.decisions import Accepted
from services.inventory.domain.quotas import SeatQuotas
from services.inventory.domain.records import HoldRules, QuotaTerms
from services.inventory.domain.refusals import QuotaReached
from services.inventory.domain.seat_state import FREE
from tests.concurrency.rig import Guards, Rig, running_rig

BOX_OFFICE, ONLINE, BACKEND = 1, 2, 3
SEATS, CAP = 60, 30
HALF = QuotaPercentages(box_office_presale=50, online_presale=50, backend_presale=50)
QUOTA = QuotaTerms("quo_1", "All", SEATS, (), (), 2**52, 2, HALF)
RULES = HoldRules(True, SEATS, 600_000, quotas=(QUOTA,))


def wish(number: int) -> c.Command:
    """A hold in the shop, a promise of the backend, a payment that came late at the till: a seat each."""
    match number % 3:
        case 0:
            return c.HoldSeats(f"h{number}", "anna", (number,), ONLINE)
        case 1:
            return c.ReserveSeats(f"r{number}", "bert", (number,), BACKEND)
        case _:
            return c.ClaimSeats(f"o{number}", "cleo", "", (number,), BOX_OFFICE)


async def used_after_the_race(rig: Rig, nodes: int) -> int:
    """Everybody asks at once, of `nodes` nodes in turn; what the stores have in the end."""

    async def ask(number: int) -> None:
        answer = await rig.decide(rig.nodes[number % nodes], wish(number))
        assert isinstance(answer, Accepted | QuotaReached), answer

    await asyncio.gather(*(ask(number) for number in range(SEATS)))
    judge = (await rig.believe())[-1]
    return sum(judge.seat_map.status(seat) != FREE for seat in range(SEATS))


async def test_channels_that_race_for_the_last_places_get_exactly_what_the_quota_allows(
    redis_url: str, emptied_database_url: Callable[[str], str]
) -> None:
    url = emptied_database_url("inventory")
    async with running_rig(redis_url, url, Guards(), capacity=SEATS, rules=RULES, nodes=1) as rig:
        assert await used_after_the_race(rig, 1) == CAP


async def test_the_quota_holds_while_two_nodes_take_the_performance_from_each_other(
    redis_url: str, emptied_database_url: Callable[[str], str]
) -> None:
    url = emptied_database_url("inventory")
    async with running_rig(redis_url, url, Guards(), capacity=SEATS, rules=RULES, nodes=3) as rig:
        assert await used_after_the_race(rig, 2) == CAP


async def test_an_owner_that_does_not_count_is_seen_to_oversell(
    redis_url: str, emptied_database_url: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""
    monkeypatch.setattr(SeatQuotas, "take_free", lambda *_: None)
    monkeypatch.setattr(SeatQuotas, "count", lambda *_: None)
    url = emptied_database_url("inventory")
    async with running_rig(redis_url, url, Guards(), capacity=SEATS, rules=RULES, nodes=1) as rig:
        assert await used_after_the_race(rig, 1) > CAP
