"""What happens in a house is told to its endpoints, signed, once for each, and to no other house's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from balcon.catalogue.v1.catalogue_events_pb2 import PerformanceCreated
from balcon.catalogue.v1.performances_pb2 import Performance
from balcon.orders.v1.orders_events_pb2 import OrderConfirmed
from balcon.webhooks.v1 import webhooks_pb2 as pb
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cloudevents.core.formats.json import JSONFormat
from standardwebhooks.webhooks import WebhookVerificationError

from services.runtime.bus.topics import CATALOGUE, ORDERS
from services.runtime.testing.eventually import eventually
from services.runtime.testing.refusals import refusal
from tests.integration.webhooks.receivers import Received
from tests.integration.webhooks.stage import HOUSE, IDS, OTHER_HOUSE, OTHER_SHOW, SHOW, Webhooks, named


def as_cloud_event(received: Received) -> Any:
    """Read by the CloudEvents project's own package, in HTTP's binary mode."""
    return from_http_event(HTTPMessage(dict(received.headers), received.body), JSONFormat())


async def test_a_sale_is_told_signed_and_as_a_cloud_event(webhooks: Webhooks) -> None:
    endpoint, secret = await webhooks.endpoint("box")
    event_id = await webhooks.sold("ord_1")

    [delivery] = await webhooks.until(endpoint, "DELIVERED")

    [received] = webhooks.receivers.received["box"]
    told = received.verified(secret)
    assert (told["type"], told["sequence"], told["subject"]) == ("balcon.orders.v1.OrderConfirmed", 1, SHOW)
    assert (told["data"]["orderId"], told["data"]["houseId"]) == ("ord_1", HOUSE)
    assert told["data"]["confirmedAtMs"] == "0"
    assert received.event_id == event_id == delivery.event_id
    event = as_cloud_event(received)
    assert (event.get_id(), event.get_type(), event.get_source()) == (event_id, told["type"], "balcon.orders")
    assert event.get_data() == told
    assert (delivery.tries, [one.status for one in delivery.log]) == (1, [204])
    request = pb.GetDeliveryRequest(**named(endpoint), event_id=event_id)
    assert (await webhooks.stub.GetDelivery(request)).payload.encode() == received.body


async def test_a_rotated_secret_and_the_one_before_both_verify_for_a_day(webhooks: Webhooks) -> None:
    endpoint, first = await webhooks.endpoint("box")
    request = pb.RotateSecretRequest(idempotency_key="rotation", **named(endpoint))
    answer = await webhooks.stub.RotateSecret(request)
    again = await webhooks.stub.RotateSecret(request)

    assert answer.secret not in ("", first)
    assert again.secret == "", "it is told once"
    await webhooks.sold()
    await webhooks.until(endpoint, "DELIVERED")
    [received] = webhooks.receivers.received["box"]
    assert received.verified(first) == received.verified(answer.secret)
    assert len(received.headers["webhook-signature"].split()) == 2

    webhooks.world.clock.forward(hours=24.1)
    await webhooks.sold()
    await webhooks.until(endpoint, "DELIVERED", 2)
    assert len(webhooks.receivers.received["box"][-1].headers["webhook-signature"].split()) == 1
    assert not (await webhooks.get(endpoint)).HasField("former_secret_until_at")


async def test_a_changed_body_does_not_verify(webhooks: Webhooks) -> None:
    endpoint, secret = await webhooks.endpoint("box")
    await webhooks.sold()
    await webhooks.until(endpoint, "DELIVERED")
    [received] = webhooks.receivers.received["box"]

    with pytest.raises(WebhookVerificationError):
        Received(received.headers, received.body.replace(b"OrderConfirmed", b"OrderRefunded_")).verified(secret)


async def test_an_endpoint_is_told_of_its_performances_and_productions_only(webhooks: Webhooks) -> None:
    for show, production in ((SHOW, "prod_1"), (OTHER_SHOW, "prod_2")):
        created = PerformanceCreated(
            performance=Performance(performance_id=show, house_id=HOUSE, production_id=production)
        )
        await webhooks.world.tell(CATALOGUE, created, house_id=HOUSE, key=show)
    await eventually(lambda: _knows(webhooks, 2))
    everything, _ = await webhooks.endpoint("all")
    of_show, _ = await webhooks.endpoint("show", topics=[ORDERS], performance_ids=[SHOW])
    of_production, _ = await webhooks.endpoint("production", topics=[ORDERS], production_ids=["prod_2"])
    refunds, _ = await webhooks.endpoint("refunds", event_types=["balcon.orders.v1.OrderRefunded"])
    here, there, unknown = [await webhooks.sold(show=one) for one in (SHOW, OTHER_SHOW, "perf_of_no_catalogue")]

    await webhooks.until(everything, "DELIVERED", 3)
    await webhooks.until(of_show, "DELIVERED", 1)
    await webhooks.until(of_production, "DELIVERED", 2)

    assert set(webhooks.receivers.ids("show")) == {here}
    assert set(webhooks.receivers.ids("production")) == {there, unknown}, "of what is not known nothing is lost"
    assert not webhooks.receivers.ids("refunds")
    assert await webhooks.log(refunds) == []


async def _knows(webhooks: Webhooks, shows: int) -> bool:
    return await webhooks.rows("SELECT count(*) FROM shows") == [(shows,)]


async def test_nothing_from_before_an_endpoint_was_made_is_told(webhooks: Webhooks) -> None:
    await webhooks.sold()
    webhooks.world.clock.forward(hours=0.01)
    endpoint, _ = await webhooks.endpoint("box")
    later = await webhooks.sold()

    await webhooks.until(endpoint, "DELIVERED")

    assert set(webhooks.receivers.ids("box")) == {later}


async def test_an_event_that_is_another_houses_than_is_said_is_told_to_neither(webhooks: Webhooks) -> None:
    mine, _ = await webhooks.endpoint("mine")
    theirs, _ = await webhooks.endpoint("theirs", house_id=OTHER_HOUSE)
    forged = OrderConfirmed(order_id="ord_1", house_id=OTHER_HOUSE, performance_id=SHOW)
    await webhooks.world.tell(ORDERS, forged, house_id=HOUSE, key=SHOW)
    good = await webhooks.sold(show=OTHER_SHOW)

    await webhooks.until(mine, "DELIVERED")
    await eventually(lambda: _parked(webhooks))

    assert set(webhooks.receivers.ids("mine")) == {good}
    assert await webhooks.log(theirs) == []


async def _parked(webhooks: Webhooks) -> bool:
    return await webhooks.rows("SELECT count(*) FROM inbox_sequence WHERE parked") == [(1,)]


async def test_secrets_are_told_once_and_are_nowhere(webhooks: Webhooks, caplog: pytest.LogCaptureFixture) -> None:
    endpoint, secret = await webhooks.endpoint("box/path-with-a-secret")
    await webhooks.sold()
    await webhooks.until(endpoint, "DELIVERED")
    kept = await webhooks.world.everything()

    assert secret.removeprefix("whsec_") not in kept + caplog.text
    ledger = [row for (row,) in await webhooks.rows("SELECT row_to_json(x)::text FROM outbound_exchange x")]
    acts = "".join(map(str, await webhooks.acts()))
    assert "path-with-a-secret" not in "".join(ledger) + acts + caplog.text
    assert [act.act for act in await webhooks.acts()] == ["endpoint.created"]
    shown = json.dumps([str(await webhooks.get(endpoint)), str(await webhooks.log(endpoint))])
    assert secret not in shown


async def test_a_test_is_signed_and_logged_as_all_others(webhooks: Webhooks) -> None:
    endpoint, secret = await webhooks.endpoint("box")
    request = pb.SendTestEventRequest(idempotency_key=IDS.new_id("key"), **named(endpoint))
    event_id = (await webhooks.stub.SendTestEvent(request)).event_id
    again = (await webhooks.stub.SendTestEvent(request)).event_id

    await webhooks.until(endpoint, "DELIVERED")

    [received] = webhooks.receivers.received["box"]
    assert received.verified(secret)["data"]["endpointId"] == endpoint.endpoint_id
    assert received.event_id == event_id == again


async def test_what_is_wrong_with_an_endpoint_is_told_at_once(webhooks: Webhooks) -> None:
    request = pb.CreateEndpointRequest(
        idempotency_key="key", house_id=HOUSE, url="https://10.0.0.1/", event_types=["balcon.orders.v1.Unheard"]
    )
    refused = await refusal(webhooks.stub.CreateEndpoint(request))

    assert {one.field for one in refused.violations} == {"url", "event_types"}
    webhooks.world.names.answers["hooks.example"] = [["93.184.216.34", "192.168.1.1"]]
    inside = await refusal(webhooks.endpoint("x", url="https://hooks.example/", topics=[ORDERS]))
    assert inside.reason == "FIELD_INVALID"


async def test_a_house_has_twenty_endpoints_at_most(webhooks: Webhooks) -> None:
    made = [await webhooks.endpoint(f"box{number}") for number in range(20)]
    refused = await refusal(webhooks.endpoint("one-more"))
    await webhooks.stub.ArchiveEndpoint(pb.ArchiveEndpointRequest(**named(made[0][0])))
    await webhooks.endpoint("one-more")

    assert (refused.reason, refused.facts["limit"]) == ("TOO_MANY_ENDPOINTS", "20")
    page = await webhooks.stub.ListEndpoints(pb.ListEndpointsRequest(house_id=HOUSE, page_size=15))
    rest = await webhooks.stub.ListEndpoints(
        pb.ListEndpointsRequest(house_id=HOUSE, page_token=page.next_page_token, include_archived=True)
    )
    assert (len(page.endpoints), len(rest.endpoints)) == (15, 5)
