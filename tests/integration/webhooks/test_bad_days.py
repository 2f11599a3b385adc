"""Receivers on their bad days: nothing is lost, nobody else pays, and it heals when the other side is back."""

from __future__ import annotations

from balcon.inventory.v1.inventory_events_pb2 import AvailabilityChanged
from balcon.webhooks.v1 import webhooks_pb2 as pb

from services.contracts.wire_types import wire_instant
from services.integrations.webhooks.adapters.webhook_carrier import HTTP_LIMITS
from services.runtime.bus.topics import AVAILABILITY, ORDERS
from services.runtime.ids import seeded_random
from services.runtime.testing.eventually import eventually
from services.runtime.testing.refusals import refusal
from tests.integration.webhooks.receivers import Says
from tests.integration.webhooks.stage import HOUSE, Webhooks, World, named


async def test_an_endpoint_that_was_broken_is_told_once_it_is_back_under_the_same_id(webhooks: Webhooks) -> None:
    webhooks.receivers.script["box"].extend(
        [Says(500), Says(503, {"retry-after": "1"}), Says(400, body=b"no"), Says(200)]
    )
    endpoint, secret = await webhooks.endpoint("box")
    event_id = await webhooks.sold()
    for tries in range(1, 4):
        await _until_tried(webhooks, endpoint, event_id, tries)
        await webhooks.again()

    await webhooks.until(endpoint, "DELIVERED")

    assert webhooks.receivers.ids("box") == {event_id: 4}
    signatures = {one.headers["webhook-signature"] for one in webhooks.receivers.received["box"]}
    assert all(one.verified(secret) for one in webhooks.receivers.received["box"])
    assert signatures
    found = await webhooks.delivery(endpoint, event_id)
    assert sorted(one.status for one in found.log) == [200, 400, 500, 503]
    assert (await webhooks.get(endpoint)).state == pb.ENDPOINT_STATE_ENABLED
    assert not (await webhooks.get(endpoint)).HasField("failing_since_at")


async def _until_tried(webhooks: Webhooks, endpoint: pb.Endpoint, event_id: str, tries: int) -> None:
    async def tried() -> bool:
        return any(one.event_id == event_id and one.tries >= tries for one in await webhooks.log(endpoint))

    await eventually(tried)


async def test_a_redirect_is_not_followed(webhooks: Webhooks) -> None:
    webhooks.receivers.always["box"] = Says(307, {"location": webhooks.receivers.url("elsewhere")})
    endpoint, _ = await webhooks.endpoint("box")
    event_id = await webhooks.sold()
    await _until_tried(webhooks, endpoint, event_id, 1)

    assert not webhooks.receivers.received["elsewhere"]
    assert (await webhooks.delivery(endpoint, event_id)).state == pb.DELIVERY_STATE_WAITING


async def test_an_endpoint_that_drips_is_left_after_the_whole_time_and_costs_the_others_nothing(
    webhooks: Webhooks,
) -> None:
    webhooks.receivers.always["slow"] = Says(drips=True)
    slow, _ = await webhooks.endpoint("slow")
    quick, _ = await webhooks.endpoint("quick")
    for _ in range(3):
        await webhooks.sold()

    await webhooks.until(quick, "DELIVERED", 3)

    assert await webhooks.log(slow, state=pb.DELIVERY_STATE_DELIVERED) == []
    assert HTTP_LIMITS.total_seconds <= 15, "a byte now and then keeps nobody longer"


async def test_an_endpoint_that_is_gone_is_disabled_at_once_and_told_again_by_hand(webhooks: Webhooks) -> None:
    webhooks.receivers.script["box"].append(Says(410))
    endpoint, _ = await webhooks.endpoint("box")
    gone = await webhooks.sold()
    await webhooks.until_state(endpoint, "GONE")
    missed = await webhooks.sold()
    await webhooks.until(endpoint, "DROPPED")

    refused = await refusal(webhooks.stub.RedeliverEvent(pb.RedeliverEventRequest(**named(endpoint), event_id=gone)))
    await webhooks.stub.EnableEndpoint(pb.EnableEndpointRequest(**named(endpoint)))
    again = pb.RedeliverEventsRequest(**named(endpoint), from_at=wire_instant(1), only_failed=True)
    put = (await webhooks.stub.RedeliverEvents(again)).put
    await webhooks.until(endpoint, "DELIVERED", 2)

    assert (refused.reason, put) == ("ENDPOINT_DISABLED", 2)
    assert webhooks.receivers.ids("box") == {gone: 2, missed: 1}
    assert (await webhooks.stub.RedeliverEvents(again)).put == 0, "what was taken is not sent again"
    acts = [act for act in await webhooks.acts() if act.act == "endpoint.disabled"]
    assert [(act.facts["why"], act.HasField("who")) for act in acts] == [("gone", False)]
    await eventually(lambda: len(webhooks.world.mails()) == 2)
    mails = webhooks.world.mails()
    assert [mail["To"] for mail in mails] == [f"ada@{HOUSE}.example", f"eve@{HOUSE}.example"]
    assert endpoint.endpoint_id in mails[0].get_content()
    assert "127.0.0.1/" not in mails[0].get_content(), "an address may have a secret in its path"


async def test_an_endpoint_that_takes_nothing_for_three_days_is_disabled_and_its_owners_are_told(
    webhooks: Webhooks,
) -> None:
    webhooks.receivers.always["box"] = Says(500)
    endpoint, _ = await webhooks.endpoint("box")
    first = await webhooks.sold()
    await _until_tried(webhooks, endpoint, first, 1)
    assert (await webhooks.get(endpoint)).HasField("failing_since_at")

    webhooks.world.clock.forward(hours=71)
    await webhooks.again()
    await _until_tried(webhooks, endpoint, first, 2)
    assert (await webhooks.get(endpoint)).state == pb.ENDPOINT_STATE_ENABLED

    webhooks.world.clock.forward(hours=1.1)
    second = await webhooks.sold()
    await webhooks.again()
    await webhooks.until_state(endpoint, "FAILING")
    await webhooks.until(endpoint, "EXPIRED")
    await eventually(lambda: len(webhooks.world.mails()) == 2)

    webhooks.receivers.always["box"] = Says(200)
    await webhooks.stub.EnableEndpoint(pb.EnableEndpointRequest(**named(endpoint)))
    await webhooks.again()
    put = await webhooks.stub.RedeliverEvents(
        pb.RedeliverEventsRequest(**named(endpoint), from_at=wire_instant(1), only_failed=True)
    )
    await webhooks.until(endpoint, "DELIVERED", 2)
    assert put.put >= 1
    assert set(webhooks.receivers.ids("box")) == {first, second}


async def test_a_name_that_leads_inside_later_is_sent_nothing(webhooks: Webhooks) -> None:
    names = webhooks.world.names.answers
    names["hooks.example"] = [["93.184.216.34"], ["127.0.0.1", "10.0.0.7"]]
    endpoint, _ = await webhooks.endpoint("x", url="https://hooks.example/", topics=[ORDERS])
    event_id = await webhooks.sold()
    await _until_tried(webhooks, endpoint, event_id, 1)

    found = await webhooks.delivery(endpoint, event_id)
    assert (found.state, found.log[0].status) == (pb.DELIVERY_STATE_WAITING, 0)
    assert "AddressRefused" in found.log[0].answer


async def test_an_answer_that_was_lost_is_asked_for_again_under_one_id(world: World) -> None:
    """The receiver stores and answers; the process dies before it has written that down."""
    async with world.serving() as first:
        endpoint, _ = await first.endpoint("box")
        world.receivers.always["box"] = Says(drips=True)
        event_id = await first.sold()
        await eventually(lambda: len(world.receivers.received["box"]) == 1)
    world.receivers.always["box"] = Says(200)
    async with world.serving() as second:
        world.clock.forward(hours=0.1)
        await second.until(endpoint, "DELIVERED")
    assert world.receivers.ids("box") == {event_id: 2}


async def test_two_processes_tell_each_event_once_and_one_that_is_killed_loses_none(world: World) -> None:
    async with world.serving() as first, world.serving() as second:
        endpoints = [(await first.endpoint(name))[0] for name in ("one", "two", "three")]
        told = {await first.sold(show=f"perf_{number % 4}") for number in range(40)}
        for endpoint in endpoints:
            await second.until(endpoint, "DELIVERED", 40)
    for name in ("one", "two", "three"):
        assert world.receivers.ids(name) == dict.fromkeys(told, 1)


async def test_whatever_is_killed_whenever_each_event_arrives_under_its_own_id(world: World) -> None:
    """Processes come and go; what a test cannot time, chance does, from one seed."""
    chance, told = seeded_random(42), set[str]()
    async with world.serving() as first:
        endpoint, _ = await first.endpoint("box")
    for _ in range(6):
        async with world.serving() as serving:
            told |= {await serving.sold(show=f"perf_{number}") for number in range(5)}
            await _until_came(world, chance.randrange(len(told)))
        world.clock.forward(hours=0.05)
    async with world.serving() as last:
        await last.until(endpoint, "DELIVERED", len(told))
    assert set(world.receivers.ids("box")) == told
    assert await world.rows("SELECT count(*) FROM outbound_dispatch") == [(len(told),)]


async def _until_came(world: World, events: int) -> None:
    await eventually(lambda: len(world.receivers.ids("box")) >= events)


async def test_counts_of_seats_are_told_as_the_latest_only(webhooks: Webhooks) -> None:
    endpoint, secret = await webhooks.endpoint("box", topics=[AVAILABILITY])
    ids = [
        await webhooks.world.tell(
            AVAILABILITY,
            AvailabilityChanged(house_id=HOUSE, performance_id="perf_1", epoch=1, version=version),
            house_id=HOUSE,
            key="perf_1",
        )
        for version in range(1, 6)
    ]
    await webhooks.until(endpoint, "DELIVERED")
    await eventually(lambda: webhooks.receivers.received["box"][-1].verified(secret)["data"]["version"] == "5")
    assert len(webhooks.receivers.received["box"]) < 5
    assert (await webhooks.delivery(endpoint, ids[-1])).state == pb.DELIVERY_STATE_DELIVERED
