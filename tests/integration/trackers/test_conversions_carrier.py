"""The carrier between the queue and the companies: what goes, what is dropped, given up, locked or asked for later."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace

import pytest

from services.integrations.trackers.adapters.conversions_carrier import Companies as Clients
from services.integrations.trackers.adapters.conversions_carrier import ConversionsCarrier
from services.integrations.trackers.domain.conversion import Account, Conversion
from services.integrations.trackers.domain.hashing import Person
from services.integrations.trackers.domain.reached import Worth
from services.integrations.trackers.domain.visit import Traces
from services.integrations.trackers.ports.conversion_source import Diagnostics, Found, Nothing
from services.integrations.trackers.ports.people import PeopleUnanswered
from services.runtime.outbound.memory_queue import MemoryLedger
from services.runtime.outbound.port import Carried, Dispatch, Done, Later, Locked, Outcome, Settled, Target
from tests.integration.trackers.companies import GOOGLE, HOUSE, META, TARGET, Companies, X, companies, purchase

DAY_MS = 86_400_000
DELIVERED = Settled.DELIVERED


@dataclass
class SaidSource:
    """What the store and customers would say."""

    account: Account | None = META
    said: Sequence[Conversion | Diagnostics | Nothing] = ()
    are_customers_away: bool = False

    async def of(self, target: Target, dispatches: Sequence[Dispatch]) -> Found:
        if self.are_customers_away:
            raise PeopleUnanswered(house_id=target.house_id)
        assert len(dispatches) == len(self.said)
        return Found(self.account, self.said)


@dataclass
class KeptFollowUps:
    kept: list[Dispatch] = field(default_factory=list)

    async def put(self, dispatches: Sequence[Dispatch]) -> None:
        self.kept += dispatches


@dataclass
class Carrying:
    world: Companies
    source: SaidSource
    follow_ups: KeptFollowUps
    carrier: ConversionsCarrier

    async def carry(self, account: Account | None, *said: Conversion | Diagnostics | Nothing) -> Carried:
        self.source.account, self.source.said = account, said
        dispatches = [Dispatch(TARGET, f"key-{place}", "purchase", b"", 0) for place in range(len(said))]
        return await self.carrier.carry(TARGET, dispatches)


@pytest.fixture
async def carrying() -> AsyncIterator[Carrying]:
    async with companies() as world:
        source, follow_ups = SaidSource(), KeptFollowUps()
        clients = Clients(world.meta, world.google, world.x, MemoryLedger())
        yield Carrying(world, source, follow_ups, ConversionsCarrier(source, clients, follow_ups, world.clock))


def hows(carried: Carried) -> list[Settled | type[Outcome]]:
    return [outcome.how if isinstance(outcome, Done) else type(outcome) for outcome in carried.outcomes]


async def test_what_is_older_than_seven_days_is_given_up_before_it_sinks_the_others_at_meta(
    carrying: Carrying,
) -> None:
    now_ms = carrying.world.clock.now_ms()
    old, new = purchase(1, at_ms=now_ms - 7 * DAY_MS), purchase(2, at_ms=now_ms - 6 * DAY_MS)
    carried = await carrying.carry(META, old, new)
    assert hows(carried) == [Settled.EXPIRED, DELIVERED]
    assert [exchange.dispatches for exchange in carried.exchanges] == [1]
    assert hows(await carrying.carry(X, old, new)) == [DELIVERED, DELIVERED]


async def test_what_is_not_allowed_any_more_is_dropped_and_said_to_nobody(carrying: Carrying) -> None:
    carried = await carrying.carry(META, Nothing("the visitor does not allow it any more"), purchase(2))
    assert hows(carried) == [Settled.DROPPED, DELIVERED]
    assert list(carrying.world.meta_double.counted[META.pixel_id]) == [("Purchase", "ord_2.purchase")]


@pytest.mark.parametrize("account", [META, X])
async def test_a_refund_is_not_told_to_who_takes_nothing_back_and_the_ledger_says_so(
    carrying: Carrying, account: Account
) -> None:
    refund = replace(purchase(), worth=Worth(0, "EUR"), refunded_at_ms=carrying.world.clock.now_ms())
    carried = await carrying.carry(account, refund)
    assert hows(carried) == [Settled.DROPPED]
    assert isinstance(carried.outcomes[0], Done) and "takes nothing back" in carried.outcomes[0].note
    assert not carrying.world.meta_double.asked and not carrying.world.x_double.asked


async def test_a_tracker_without_credentials_is_locked_and_loses_nothing(carrying: Carrying) -> None:
    carried = await carrying.carry(None, purchase(1), Nothing("the visit is forgotten"), purchase(2))
    assert hows(carried) == [Locked, Settled.DROPPED, Locked]


async def test_while_customers_are_away_everything_waits_and_the_company_is_not_blamed(carrying: Carrying) -> None:
    carrying.source.are_customers_away = True
    (outcome,) = (await carrying.carry(META, purchase())).outcomes
    assert isinstance(outcome, Later) and not outcome.is_targets_fault


async def test_what_google_takes_is_looked_up_later_once_a_request(carrying: Carrying) -> None:
    carrying.world.google_double.fails_later = {"ord_2.purchase"}
    carried = await carrying.carry(GOOGLE, purchase(1), purchase(2))
    assert hows(carried) == [DELIVERED, DELIVERED]
    (follow,) = carrying.follow_ups.kept
    assert (follow.target, follow.key, follow.kind) == (TARGET, "diagnostics.request-1", "diagnostics")
    assert follow.due_at_ms == follow.made_at_ms + 1_800_000
    looked = await carrying.carry(GOOGLE, Diagnostics("request-1"))
    assert hows(looked) == [Settled.REFUSED]
    assert [exchange.kind for exchange in looked.exchanges] == ["diagnostics"]
    assert len(carrying.follow_ups.kept) == 1


async def test_one_house_s_account_is_never_spoken_for_by_another(carrying: Carrying) -> None:
    other = Target("hou_two", "trk_two")
    carrying.world.meta_double.tokens["999888777"] = "EAAG-meta-token-two"
    carrying.source.account = replace(META, pixel_id="999888777", access_token="EAAG-meta-token-two")
    carrying.source.said = [purchase(7)]
    await carrying.carrier.carry(other, [Dispatch(other, "key", "purchase", b"", 0)])
    await carrying.carry(META, purchase(8))
    assert {pixel: list(found) for pixel, found in carrying.world.meta_double.counted.items()} == {
        "999888777": [("Purchase", "ord_7.purchase")],
        META.pixel_id: [("Purchase", "ord_8.purchase")],
    }
    assert other.house_id != HOUSE


@pytest.mark.parametrize("account", [META, GOOGLE, X])
async def test_what_nobody_could_be_matched_by_is_not_told_and_costs_the_others_nothing(
    carrying: Carrying, account: Account
) -> None:
    """Most visitors come by no advertisement: for each of them a company would refuse the whole batch."""
    nobody = [replace(purchase(number), traces=Traces(), person=Person()) for number in range(2, 60)]
    carried = await carrying.carry(account, purchase(), *nobody)
    assert hows(carried) == [DELIVERED, *[Settled.DROPPED] * len(nobody)]
    assert sum(exchange.dispatches > 0 for exchange in carried.exchanges) == 1


async def test_browser_and_address_alone_are_somebody_to_meta_and_nobody_to_google_and_x(carrying: Carrying) -> None:
    traces = Traces(ip_address="203.0.113.7", user_agent="Mozilla/5.0", page_url="https://shop.theatre.example/")
    visitor = replace(purchase(), traces=traces, person=Person())
    told = [hows(await carrying.carry(account, visitor)) for account in (META, GOOGLE, X)]
    assert told == [[DELIVERED], [Settled.DROPPED], [Settled.DROPPED]]
