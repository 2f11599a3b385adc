"""Meta's Conversions API over real HTTP: what is said, what is heard, and its bad days."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from services.integrations.trackers.domain.conversion import Conversion
from services.integrations.trackers.domain.hashing import Person, sha256
from services.integrations.trackers.domain.steps import Step
from services.runtime.outbound.port import Carried, Done, Later, Locked, Settled
from tests.doubles.company import SERVER_ERROR, Spoiled, holding
from tests.doubles.meta import MetaDouble
from tests.integration.trackers.companies import META, TARGET, Companies, companies, purchase

DELIVERED = Done(Settled.DELIVERED)


@pytest.fixture
async def world() -> AsyncIterator[Companies]:
    async with companies() as found:
        yield found


async def tell(world: Companies, *conversions: Conversion) -> Carried:
    return await world.meta.tell(TARGET, META, conversions, "purchase")


def counted(double: MetaDouble) -> list[str]:
    return [event_id for _, event_id in double.counted.get(META.pixel_id, {})]


async def test_a_purchase_is_said_with_hashes_of_the_person_and_the_traces_as_they_are(world: Companies) -> None:
    sale = purchase()
    carried = await tell(world, sale)
    (asked,) = world.meta_double.asked
    assert (asked.method, asked.path, asked.query) == ("POST", "/v25.0/100200300/events", "")
    assert json.loads(asked.body) == {
        "access_token": META.access_token,
        "data": [
            {
                "event_name": "Purchase",
                "event_time": sale.at_ms // 1_000,
                "event_id": "ord_1.purchase",
                "action_source": "website",
                "event_source_url": "https://shop.theatre.example/hamlet",
                "user_data": {
                    "em": "86e0b9e56c17cc4d12387e1949b85053fbe73bc3ce5a1188713a9d300cc6133d",
                    "ph": "e03d152bbe638d9fe7a04f9b88a67674bf15b73c0981755c16eb78d177721e03",
                    "external_id": sha256("cus_jane"),
                    "client_ip_address": "203.0.113.7",
                    "client_user_agent": "Mozilla/5.0 (test)",
                    "fbp": "fb.1.1596403881668.1116446470",
                    "fbc": "fb.1.1554763741205.AbCdEfGhIjKl",
                },
                "custom_data": {
                    "value": 25.0,
                    "currency": "EUR",
                    "content_type": "product",
                    "content_ids": ["pro_hamlet|hou_one|2027-01-31T20:00"],
                    "contents": [{"id": "pro_hamlet|hou_one|2027-01-31T20:00", "quantity": 2}],
                    "num_items": 2,
                    "order_id": "ord_1",
                },
            }
        ],
    }
    assert carried.outcomes == [DELIVERED]


async def test_r3_12_every_step_is_an_event_of_metas_own(world: Companies) -> None:
    await tell(world, *(replace(purchase(), step=step, event_id=f"vis_1.{step}") for step in Step))
    assert list(world.meta_double.counted[META.pixel_id]) == [
        ("ViewContent", "vis_1.start"),
        ("AddToCart", "vis_1.seats"),
        ("InitiateCheckout", "vis_1.customer"),
        ("AddPaymentInfo", "vis_1.payment"),
        ("Purchase", "vis_1.done"),
    ]


async def test_an_answer_that_was_lost_is_made_up_for_by_the_same_event_id(world: Companies) -> None:
    world.meta_double.spoil(replace(SERVER_ERROR, after_effect=True))
    first = await tell(world, purchase())
    again = await tell(world, purchase())
    assert [isinstance(first.outcomes[0], Later), again.outcomes[0]] == [True, DELIVERED]
    assert (counted(world.meta_double), world.meta_double.duplicates) == (["ord_1.purchase"], 1)


@pytest.mark.parametrize("tells_index", [True, False])
async def test_one_bad_event_does_not_sink_a_batch(world: Companies, *, tells_index: bool) -> None:
    world.meta_double.tells_index = tells_index
    world.meta_double.disliked = {"ord_7.purchase"}
    carried = await tell(world, *(purchase(number) for number in range(20)))
    refused = [place for place, outcome in enumerate(carried.outcomes) if outcome != DELIVERED]
    assert refused == [7]
    assert isinstance(carried.outcomes[7], Done) and carried.outcomes[7].how is Settled.REFUSED
    assert sorted(counted(world.meta_double)) == sorted(f"ord_{n}.purchase" for n in range(20) if n != 7)
    assert world.meta_double.duplicates == 0


async def test_one_event_of_eight_days_ago_fails_the_whole_request_there(world: Companies) -> None:
    """Why the carrier gives up old ones before they go: this is what would happen."""
    world.meta_double.tells_index = False
    old = purchase(1, at_ms=purchase().at_ms - 8 * 86_400_000)
    carried = await tell(world, old, purchase(2))
    assert carried.exchanges[0].outcome == "refused"
    assert (carried.exchanges[0].dispatches, len(carried.exchanges)) == (2, 3)


@pytest.mark.parametrize(
    ("spoiled", "after_ms"),
    [
        (SERVER_ERROR, 0),
        (Spoiled(429, b"{}", {"retry-after": "30"}), 30_000),
        (Spoiled(400, b'{"error":{"code":4,"message":"Application request limit reached"}}'), 0),
        (Spoiled(400, b'{"error":{"code":2,"message":"Service temporarily unavailable","is_transient":true}}'), 0),
        (Spoiled(200, b"<html>We are busy</html>", {"content-type": "text/html"}), 0),
        (Spoiled(200, b'{"events_received":0}'), 0),
        (Spoiled(200, b'{"error":{"code":1,"message":"An unknown error"}}'), 0),
        (Spoiled(404, b"<html>Not here</html>"), 0),
        (Spoiled(302, b"", {"location": "https://elsewhere.example/"}), 0),
    ],
)
async def test_a_bad_day_of_meta_refuses_nothing_and_is_over_with_it(
    world: Companies, spoiled: Spoiled, after_ms: int
) -> None:
    world.meta_double.spoil(spoiled)
    carried = await tell(world, purchase(1), purchase(2))
    assert all(isinstance(outcome, Later) and outcome.after_ms == after_ms for outcome in carried.outcomes)
    assert (await tell(world, purchase(1), purchase(2))).outcomes == [DELIVERED, DELIVERED]


async def test_silence_is_later_and_uncertain() -> None:
    async with companies(read_seconds=0.2) as world, holding(world.meta_double):
        (outcome,) = (await tell(world, purchase())).outcomes
    assert isinstance(outcome, Later) and outcome.is_uncertain


@pytest.mark.parametrize("account", [replace(META, access_token="EAAG-old"), replace(META, pixel_id="404404")])
async def test_a_token_taken_back_or_a_pixel_that_is_not_there_locks_and_refuses_nothing(
    world: Companies, account: object
) -> None:
    assert isinstance(account, type(META))
    carried = await world.meta.tell(TARGET, account, [purchase(1), purchase(2)], "purchase")
    assert all(isinstance(outcome, Locked) for outcome in carried.outcomes)
    assert len(world.meta_double.asked) == 1


async def test_a_test_event_code_counts_nothing(world: Companies) -> None:
    account = replace(META, test_event_code="TEST1")
    carried = await world.meta.validate(TARGET, account, purchase())
    assert (carried.outcomes, counted(world.meta_double)) == ([DELIVERED], [])
    assert [event.event_id for event in world.meta_double.tested] == ["ord_1.purchase"]
    without = await world.meta.validate(TARGET, META, purchase())
    assert isinstance(without.outcomes[0], Done) and without.outcomes[0].how is Settled.REFUSED
    assert len(world.meta_double.asked) == 1


async def test_the_ledger_has_no_token_no_person_and_no_hash(world: Companies) -> None:
    said = f'{{"error":{{"code":100,"message":"bad {META.access_token} jane.doe@example.com 203.0.113.7"}}}}'
    world.meta_double.spoil(Spoiled(400, said.encode()))
    secrets: Sequence[str] = (META.access_token, "jane.doe@example.com", "203.0.113.7", "86e0b9e5", "e03d152b")
    carried = await tell(world, purchase())
    kept = f"{carried}"
    assert not [secret for secret in secrets if secret in kept]
    assert (await tell(world, purchase(2, person=Person()))).outcomes == [DELIVERED]
