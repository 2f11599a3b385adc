"""X's conversion API over real HTTP: what is said and signed, what is heard, and its bad days."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from services.integrations.trackers.domain.conversion import Conversion
from services.integrations.trackers.domain.hashing import Person, sha256
from services.integrations.trackers.domain.steps import Step
from services.integrations.trackers.domain.visit import Traces
from services.runtime.outbound.port import Carried, Done, Later, Locked, Settled
from services.runtime.testing.eventually import eventually
from tests.doubles.company import SERVER_ERROR, Spoiled, holding
from tests.doubles.x_conversions import XDouble
from tests.integration.trackers.companies import TARGET, Companies, X, companies, purchase

DELIVERED = Done(Settled.DELIVERED)
AT_MS = 1_700_000_000_000


@pytest.fixture
async def world() -> AsyncIterator[Companies]:
    async with companies() as found:
        yield found


async def tell(world: Companies, *conversions: Conversion) -> Carried:
    return await world.x.tell(TARGET, X, conversions, "purchase")


def counted(double: XDouble) -> list[str]:
    return [conversion_id for _, conversion_id in double.counted.get(X.pixel_id, {})]


async def test_a_purchase_is_said_signed_and_with_hashes_of_the_person(world: Companies) -> None:
    carried = await tell(world, purchase(at_ms=AT_MS))
    (asked,) = world.x_double.asked
    assert (asked.method, asked.path, asked.query) == ("POST", "/12/measurement/conversions/o8z6j", "")
    assert asked.headers["authorization"].startswith('OAuth oauth_consumer_key="x-consumer"')
    assert json.loads(asked.body) == {
        "conversions": [
            {
                "conversion_time": "2023-11-14T22:13:20.000Z",
                "event_id": "tw-o8z6j-sold1",
                "event_source_url": "https://shop.theatre.example/hamlet",
                "identifiers": [
                    {"twclid": "23opevjt88psuo13lu8d020qkn"},
                    {"hashed_email": "86e0b9e56c17cc4d12387e1949b85053fbe73bc3ce5a1188713a9d300cc6133d"},
                    {"hashed_phone_number": sha256("+31612345678")},
                    {"ip_address": "203.0.113.7"},
                    {"user_agent": "Mozilla/5.0 (test)"},
                ],
                "conversion_id": "ord_1.purchase",
                "value": 25.0,
                "price_currency": "EUR",
                "number_items": 2,
                "contents": [{"content_id": "pro_hamlet|hou_one|2027-01-31T20:00", "num_items": 2}],
            }
        ]
    }
    assert carried.outcomes == [DELIVERED]


async def test_r3_12_start_and_purchase_are_two_events_of_the_pixel(world: Companies) -> None:
    await tell(world, replace(purchase(), step=Step.START, event_id="vis_1.start"), purchase())
    assert list(world.x_double.counted[X.pixel_id]) == [
        ("tw-o8z6j-start1", "vis_1.start"),
        ("tw-o8z6j-sold1", "ord_1.purchase"),
    ]


async def test_five_hundred_go_in_one_request_and_no_more(world: Companies) -> None:
    carried = await tell(world, *(purchase(number) for number in range(1_001)))
    assert [len(json.loads(asked.body)["conversions"]) for asked in world.x_double.asked] == [500, 500, 1]
    assert set(carried.outcomes) == {DELIVERED} and len(carried.outcomes) == 1_001
    assert [exchange.dispatches for exchange in carried.exchanges] == [500, 500, 1]


async def test_an_answer_that_was_lost_is_made_up_for_by_the_same_conversion_id(world: Companies) -> None:
    world.x_double.spoil(replace(SERVER_ERROR, after_effect=True))
    first, again = await tell(world, purchase()), await tell(world, purchase())
    assert [isinstance(first.outcomes[0], Later), again.outcomes[0]] == [True, DELIVERED]
    assert (counted(world.x_double), world.x_double.duplicates) == (["ord_1.purchase"], 1)


@pytest.mark.parametrize("off_ms", [-1_200_000, 1_200_000])
async def test_a_clock_that_x_refuses_is_taken_from_its_answer_and_kept(world: Companies, off_ms: int) -> None:
    world.clock.off_ms = off_ms
    first = await tell(world, purchase(1, at_ms=AT_MS))
    assert (first.outcomes, [exchange.outcome for exchange in first.exchanges]) == ([DELIVERED], ["later", "delivered"])
    second = await tell(world, purchase(2, at_ms=AT_MS))
    assert (second.outcomes, len(second.exchanges)) == ([DELIVERED], 1)
    world.clock.off_ms = 0
    assert (await tell(world, purchase(3, at_ms=AT_MS))).outcomes == [DELIVERED]


async def test_a_clock_that_x_refuses_locks_nobody_though_two_are_under_way(world: Companies) -> None:
    """The one that is refused after the other has found out must be signed again as well."""
    world.clock.off_ms = 1_200_000
    async with asyncio.TaskGroup() as group, holding(world.x_double):
        both = [group.create_task(tell(world, purchase(number, at_ms=AT_MS))) for number in (1, 2)]
        await eventually(lambda: len(world.x_double.asked) == len(both))
    assert [task.result().outcomes for task in both] == [[DELIVERED], [DELIVERED]]


async def test_keys_taken_back_lock_after_one_request(world: Companies) -> None:
    for account in (replace(X, token_secret="old"), replace(X, token="gone"), replace(X, pixel_id="other")):
        before = len(world.x_double.asked)
        carried = await world.x.tell(TARGET, account, [purchase(1), purchase(2)], "purchase")
        assert all(isinstance(outcome, Locked) for outcome in carried.outcomes)
        assert len(world.x_double.asked) == before + 1


@pytest.mark.parametrize("tells_index", [True, False])
async def test_one_bad_conversion_does_not_sink_a_batch(world: Companies, *, tells_index: bool) -> None:
    world.x_double.tells_index = tells_index
    world.x_double.disliked = {"ord_3.purchase", "ord_12.purchase"}
    carried = await tell(world, *(purchase(number) for number in range(20)))
    assert [place for place, outcome in enumerate(carried.outcomes) if outcome != DELIVERED] == [3, 12]
    assert len(counted(world.x_double)) == 18 and world.x_double.duplicates == 0


async def test_nobody_to_match_is_refused_there_and_address_and_browser_alone_are_not_sent(world: Companies) -> None:
    nobody = replace(purchase(), person=Person(), traces=Traces(ip_address="203.0.113.7", user_agent="test"))
    (outcome,) = (await tell(world, nobody)).outcomes
    assert isinstance(outcome, Done) and outcome.how is Settled.REFUSED
    assert b"203.0.113.7" not in world.x_double.asked[0].body


async def test_the_limits_own_header_says_how_long_to_wait(world: Companies) -> None:
    until = world.clock.now_ms() // 1_000 + 90
    world.x_double.spoil(Spoiled(429, b'{"errors":[{"code":88}]}', {"x-rate-limit-reset": str(until)}))
    (outcome,) = (await tell(world, purchase())).outcomes
    assert isinstance(outcome, Later) and 80_000 < outcome.after_ms <= 90_000


@pytest.mark.parametrize(
    "spoiled",
    [
        SERVER_ERROR,
        Spoiled(200, b"<html>"),
        Spoiled(200, b'{"data":{"conversions_processed":1}}'),
        Spoiled(400, b"<html>Bad gateway</html>"),
    ],
)
async def test_a_bad_day_of_x_refuses_nothing_and_is_over_with_it(world: Companies, spoiled: Spoiled) -> None:
    world.x_double.spoil(spoiled)
    carried = await tell(world, purchase(1), purchase(2))
    assert all(isinstance(outcome, Later) for outcome in carried.outcomes)
    assert (await tell(world, purchase(1), purchase(2))).outcomes == [DELIVERED, DELIVERED]


async def test_silence_is_later_and_uncertain() -> None:
    async with companies(read_seconds=0.2) as world, holding(world.x_double):
        (outcome,) = (await tell(world, purchase())).outcomes
    assert isinstance(outcome, Later) and outcome.is_uncertain


async def test_the_ledger_has_no_key_no_person_and_no_hash(world: Companies) -> None:
    said = f'{{"errors":[{{"code":"X","message":"bad {X.token} jane.doe@example.com 203.0.113.7"}}]}}'
    world.x_double.spoil(Spoiled(400, said.encode()))
    kept = f"{await tell(world, purchase())}"
    secrets = (X.token, X.consumer_secret, X.token_secret, "jane.doe", "203.0.113.7", "86e0b9e5")
    assert not [secret for secret in secrets if secret in kept]
