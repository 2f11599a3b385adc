"""What an endpoint answered stands, though the database is silent just when it is noted how the endpoint fares."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from services.integrations.webhooks.adapters.told_rows import dispatch_of
from services.integrations.webhooks.adapters.webhook_carrier import WebhookCarrier
from services.integrations.webhooks.domain.delivery import notice_of, secret_of
from services.integrations.webhooks.domain.endpoint import Endpoint, Wishes
from services.integrations.webhooks.domain.target_url import TargetRules
from services.integrations.webhooks.ports.signing import Signing
from services.runtime.clock import SystemClock
from services.runtime.errors import StoreUnavailable
from services.runtime.outbound.answers import word_of
from services.runtime.outbound.http import OutboundHttp, Question
from services.runtime.outbound.port import Carried, Later, Target

WISHES = Wishes("https://hooks.theatre.example/balcon", "", ("balcon.orders.v1.OrderConfirmed",), ())
ENDPOINT = Endpoint("hou_1", "whe_1", WISHES, 1)


class SilentWatch:
    """See EndpointWatch: it knows the endpoint, and can note nothing."""

    async def signing(self, house_id: str, endpoint_id: str) -> Signing:
        """See EndpointWatch.signing."""
        return Signing(ENDPOINT, [secret_of("0123456789abcdef0123456789abcdef")])

    async def took(self, endpoint: Endpoint) -> None:
        """See EndpointWatch.took."""
        raise StoreUnavailable

    failed = gone = took


def _taken(_: httpx.Request) -> httpx.Response:
    message = "all are taken"
    raise httpx.PoolTimeout(message)


def test_an_endpoint_does_not_pay_for_connections_that_others_have_taken() -> None:
    async def carried() -> Carried:
        clock = SystemClock()
        notice = notice_of("evt_1", "kind", "balcon.orders", "prf_1", at_ms=1, sequence=1, data="{}")
        http = OutboundHttp("https://invalid.", clock, transport=httpx.MockTransport(_taken))
        target, watch = Target("hou_1", "whe_1"), SilentWatch()
        watch.failed = _never  # type: ignore[method-assign]
        carrier = WebhookCarrier(http, watch, TargetRules(), clock)
        answer = await http.at("https://hooks.theatre.example").ask(target, Question("POST", "/", "kind"))
        assert answer.outcome() == Later("all our own connections are taken", is_targets_fault=False)
        return await carrier.carry(target, [dispatch_of(notice, target, clock.now_ms(), 60_000)])

    [outcome] = asyncio.run(carried()).outcomes
    assert outcome == Later("all our own connections are taken", is_targets_fault=False)


async def _never(endpoint: Endpoint) -> None:
    raise AssertionError(endpoint.endpoint_id)


@pytest.mark.parametrize(("status", "word"), [(204, "delivered"), (410, "refused"), (500, "later")])
def test_an_answer_counts_though_it_could_not_be_noted_how_the_endpoint_fares(status: int, word: str) -> None:
    async def carried() -> Carried:
        clock, notice = (
            SystemClock(),
            notice_of("evt_1", "kind", "balcon.orders", "prf_1", at_ms=1, sequence=1, data="{}"),
        )
        transport = httpx.MockTransport(lambda _: httpx.Response(status, stream=httpx.ByteStream(b"")))
        http = OutboundHttp("https://invalid.", clock, transport=transport)
        carrier = WebhookCarrier(http, SilentWatch(), TargetRules(), clock)
        target = Target("hou_1", "whe_1")
        return await carrier.carry(target, [dispatch_of(notice, target, clock.now_ms(), 60_000)])

    told = asyncio.run(carried())
    assert ([word_of(each) for each in told.outcomes], len(told.exchanges)) == ([word], 1)
