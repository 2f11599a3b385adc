"""The service as main.py wires it: its own calls, events from the bus, MailChimp over HTTP, and its webhooks."""

# ruff: noqa: N802 (gRPC's names)

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import httpx
from balcon.customers.v1 import consents_pb2 as customers
from balcon.customers.v1 import customers_events_pb2 as events
from balcon.customers.v1.consents_service_pb2_grpc import (
    ConsentsServiceServicer,
    add_ConsentsServiceServicer_to_server,
)
from balcon.mailchimp.v1 import mailchimp_service_pb2 as pb
from balcon.mailchimp.v1.mailchimp_service_pb2_grpc import MailchimpServiceStub
from pydantic import SecretStr

from services.contracts.wire_types import wire_instant
from services.integrations.mailchimp.main import build
from services.integrations.mailchimp.settings import MailchimpSettings
from services.runtime.bus.factory import open_bus
from services.runtime.bus.topics import CONSENTS, TOPICS
from services.runtime.clock import SystemClock
from services.runtime.ids import RandomIds
from services.runtime.outbox.event import OutgoingEvent
from services.runtime.outbox.headers import to_message
from services.runtime.rpc.client import open_channel
from services.runtime.rpc.server import RpcServer
from services.runtime.service import Service
from services.runtime.testing.access import TEST_SERVICE_KEY
from services.runtime.testing.eventually import eventually
from services.runtime.testing.refusals import refusal
from services.runtime.testing.servers import DatabaseUrl
from tests.doubles.mailchimp import KEY, LIST, Mailchimp

HOUSE, NEWS, ADA = "hse_one", "cns_news", "cus_ada"
CLOCK, IDS = SystemClock(), RandomIds()
Context = grpc.aio.ServicerContext[Any, Any]


class Customers(ConsentsServiceServicer):
    """One customer, who has consented since a moment ago until it is taken back."""

    def __init__(self) -> None:
        self.since_ms = CLOCK.now_ms() - 60_000
        self.taken_back: list[customers.WithdrawConsentsRequest] = []

    async def ListConsents(
        self, request: customers.ListConsentsRequest, context: Context
    ) -> customers.ListConsentsResponse:
        text = customers.ConsentText(language="en", title="News")
        asked = customers.Consent(consent_id=NEWS, medium=events.CONSENT_MEDIUM_EMAIL, texts=[text])
        return customers.ListConsentsResponse(consents=[asked])

    async def ListConsented(
        self, request: customers.ListConsentedRequest, context: Context
    ) -> customers.ListConsentedResponse:
        if self.taken_back or ADA not in request.customer_ids:
            return customers.ListConsentedResponse()
        given = customers.StandingConsent(consent_id=NEWS, confirmed_at=wire_instant(self.since_ms))
        ada = customers.ConsentedCustomer(customer_id=ADA, name="Ada", email="ada@example.org", consents=[given])
        return customers.ListConsentedResponse(customers=[ada])

    async def WithdrawConsents(
        self, request: customers.WithdrawConsentsRequest, context: Context
    ) -> customers.WithdrawConsentsResponse:
        self.taken_back.append(request)
        return customers.WithdrawConsentsResponse(consent_ids=request.consent_ids)


@asynccontextmanager
async def running(database_url: str, bus_url: str, mailchimp: Mailchimp, book: Customers) -> AsyncIterator[Any]:
    """The service among its neighbours, and a client of it."""
    neighbour = RpcServer(clock=CLOCK, ids=IDS, host="127.0.0.1", port=0)
    neighbour.add(
        lambda server: add_ConsentsServiceServicer_to_server(book, server), "balcon.customers.v1.ConsentsService"
    )
    await neighbour.start()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = int(taken.getsockname()[1])
    settings = MailchimpSettings(
        database_url=SecretStr(database_url),
        bus_url=SecretStr(bus_url),
        sealing_secrets=SecretStr("a sealing secret of tests"),
        customers_target=f"127.0.0.1:{neighbour.port}",
        api_url=f"{mailchimp.url}/3.0",
        http_port=port,
        public_url=f"http://127.0.0.1:{port}",
        sync_interval_seconds=0.2,
        news_interval_seconds=0.1,
        relay_interval_seconds=0.1,
        drain_seconds=1,
        service_key=SecretStr(TEST_SERVICE_KEY),
    )
    service = Service("mailchimp", settings)
    await build(service, settings)
    await service.start()
    channel = open_channel(f"127.0.0.1:{service.rpc.port}", CLOCK)
    try:
        yield MailchimpServiceStub(channel), port
    finally:
        await channel.close()
        await service.stop()
        await neighbour.stop(0)


async def test_r3_17_from_a_consent_in_an_event_to_a_subscriber_and_back_to_an_opt_out(
    database_url: DatabaseUrl,
) -> None:
    book, bus_url = Customers(), database_url()  # type: ignore[abstract] # the rest is not asked
    bus = open_bus(bus_url, clock=CLOCK, ids=IDS, client_id="test")
    await bus.create_topics(TOPICS)
    async with Mailchimp() as double, running(database_url("mailchimp"), bus_url, double, book) as (stub, port):
        account = (await stub.SetAccount(pb.SetAccountRequest(house_id=HOUSE, mailchimp_key=KEY))).account
        assert (account.data_centre, account.key_tail) == ("us6", "0a0a-us6")
        checked = await stub.CheckAccount(pb.CheckAccountRequest(house_id=HOUSE))
        assert (checked.account_name, [one.list_id for one in checked.audiences]) == ("The theatre", [LIST])
        wanted = pb.CreateAudienceSyncRequest(
            idempotency_key="key_1", house_id=HOUSE, consent_id=NEWS, list_id=LIST, direction=pb.DIRECTION_TWO_WAY
        )
        sync = (await stub.CreateAudienceSync(wanted)).sync
        assert (await stub.CreateAudienceSync(wanted)).sync == sync
        told = events.ConsentChanged(
            house_id=HOUSE, customer_id=ADA, consent_id=NEWS, state=events.CONSENT_STATE_CONFIRMED
        )
        event = OutgoingEvent(CONSENTS, ADA, told.DESCRIPTOR.full_name, told.SerializeToString(), HOUSE)
        now_ms = CLOCK.now_ms()
        await bus.publish([to_message(event, event_id="evt_1", source="balcon.customers", time_ms=now_ms, sequence=1)])
        await eventually(lambda: double.audience.states() == {"ada@example.org": "subscribed"})
        await eventually(lambda: len(double.audience.hooks) == 1)
        assert set(await double.acts("ada@example.org", "unsubscribe", told=5)) == {200}
        await eventually(lambda: bool(book.taken_back))
        [no] = book.taken_back
        assert (no.customer_id, list(no.consent_ids), no.system) == (ADA, [NEWS], "MailChimp")
        [hook] = double.audience.hooks.values()
        await its_port_takes_only_what_mailchimp_tells(port, hook["url"])
        foreign = await refusal(
            stub.GetAudienceSync(pb.GetAudienceSyncRequest(house_id="hse_two", sync_id=sync.sync_id))
        )
        assert foreign.reason == "AUDIENCE_SYNC_NOT_FOUND"
        assert not double.faults
    await bus.close()


async def its_port_takes_only_what_mailchimp_tells(port: int, hook: str) -> None:
    """GET for its check; 404 for whoever does not know the secret; bounded; and nothing but members' changes."""
    form = {"type": "unsubscribe", "data[list_id]": LIST, "data[email]": "grace@example.org"}
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.get(hook)).status_code == 200
        guessed = [f"{hook}x", f"http://127.0.0.1:{port}/hse_two/{hook.rpartition('/')[2]}", f"{hook[:-32]}{'x' * 32}"]
        for url in guessed:
            assert (await client.post(url, data=form)).status_code == 404, url
        assert (await client.post(hook, data={**form, "data[list_id]": "777"})).status_code == 404
        assert (await client.post(hook, data={"type": "campaign"})).status_code == 400
        assert (await client.post(hook, content=b"x" * 70_000)).status_code == 413
