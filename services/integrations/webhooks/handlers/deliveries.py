"""What was told to endpoints: looked at, and told again by hand. Tests are told the same way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from services.contracts.acts import Act
from services.contracts.once import Asked, answer_once
from services.contracts.pages import AskedPage, token_after
from services.integrations.webhooks.domain.delivery import notice_of, time_of
from services.integrations.webhooks.domain.endpoint import DELIVERY_MS, MAX_REDELIVERED, TEST_MS, Endpoint
from services.integrations.webhooks.domain.refusals import (
    DeliveryNotFound,
    EndpointDisabled,
    EndpointNotFound,
    PayloadForgotten,
)
from services.integrations.webhooks.ports.deliveries import Delivery, DeliveryState, Window
from services.integrations.webhooks.ports.store import WebhooksStore
from services.integrations.webhooks.ports.transaction import WebhooksTransaction
from services.runtime.errors import Refusal
from services.runtime.ids import Ids

TEST_TYPE = "balcon.webhooks.v1.TestEvent"
_SOURCE = "balcon.webhooks"


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """The newest first; `next_page_token` is empty on the last page."""

    deliveries: Sequence[Delivery]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class Told:
    """A delivery and what is sent; None once that is too old to be kept."""

    delivery: Delivery
    payload: bytes | None


@dataclass(frozen=True, slots=True)
class Put:
    """How many are sent again. `next_from_ms` 0: those were all."""

    count: int
    next_from_ms: int = 0


class DeliveryHandler:
    """Nothing is sent here: what is put is carried by the outbound base."""

    def __init__(self, store: WebhooksStore, ids: Ids) -> None:
        self._store = store
        self._ids = ids

    async def test(self, asked: Asked[str], house_id: str, endpoint_id: str) -> bytes | Refusal:
        """Refusals: EndpointNotFound, EndpointDisabled, IdempotencyKeyReused."""

        async def act(transaction: WebhooksTransaction) -> str | Refusal:
            endpoint = await _told(transaction, endpoint_id)
            if isinstance(endpoint, Refusal):
                return endpoint
            event_id, now_ms = self._ids.new_id("evt"), transaction.now_ms
            data = {"houseId": house_id, "endpointId": endpoint_id, "sentAt": time_of(now_ms)}
            notice = notice_of(
                event_id, TEST_TYPE, _SOURCE, endpoint_id, at_ms=now_ms, sequence=0, data=json.dumps(data)
            )
            await transaction.deliveries.keep(notice)
            await transaction.deliveries.put(endpoint_id, [notice], lives_ms=TEST_MS)
            transaction.record_act(Act("endpoint.tested", "endpoint", endpoint_id, facts={"event": event_id}))
            return event_id

        return await answer_once(self._store.transaction(house_id), house_id, asked, act)

    async def page(
        self, house_id: str, endpoint_id: str, state: DeliveryState | None, asked: AskedPage
    ) -> DeliveryPage | Refusal:
        """Refusals: EndpointNotFound."""
        async with self._store.transaction(house_id) as transaction:
            if await transaction.endpoints.find(endpoint_id) is None:
                return EndpointNotFound(endpoint_id)
            found = await transaction.deliveries.page(endpoint_id, state, asked)
        page = found[: asked.size]
        token = ""
        if len(found) > asked.size:
            token = token_after(house_id, page[-1].delivery_id, page[-1].made_at_ms)
        return DeliveryPage(page, token)

    async def get(self, house_id: str, endpoint_id: str, event_id: str) -> Told | Refusal:
        """Refusals: DeliveryNotFound."""
        async with self._store.transaction(house_id) as transaction:
            delivery = await transaction.deliveries.find(endpoint_id, event_id)
            if delivery is None:
                return DeliveryNotFound(endpoint_id, event_id)
            notice = await transaction.deliveries.told(event_id)
        return Told(delivery, None if notice is None else notice.payload)

    async def again(self, house_id: str, endpoint_id: str, event_id: str) -> Put | Refusal:
        """Refusals: EndpointNotFound, EndpointDisabled, DeliveryNotFound, PayloadForgotten."""
        async with self._store.transaction(house_id) as transaction:
            endpoint = await _told(transaction, endpoint_id)
            if isinstance(endpoint, Refusal):
                return endpoint
            delivery = await transaction.deliveries.find(endpoint_id, event_id)
            if delivery is None:
                return DeliveryNotFound(endpoint_id, event_id)
            if delivery.state is DeliveryState.WAITING:
                return Put(0)
            notice = await transaction.deliveries.told(event_id)
            if notice is None:
                return PayloadForgotten(event_id)
            await transaction.deliveries.put(endpoint_id, [notice], lives_ms=DELIVERY_MS)
            facts = {"event": event_id, "events": "1"}
            transaction.record_act(Act("endpoint.redelivered", "endpoint", endpoint_id, facts=facts))
            await transaction.commit()
        return Put(1)

    async def all_again(self, house_id: str, endpoint_id: str, window: Window) -> Put | Refusal:
        """At most MAX_REDELIVERED, the oldest first. Refusals: EndpointNotFound, EndpointDisabled."""
        async with self._store.transaction(house_id) as transaction:
            endpoint = await _told(transaction, endpoint_id)
            if isinstance(endpoint, Refusal):
                return endpoint
            found = await transaction.deliveries.settled(endpoint_id, window, MAX_REDELIVERED + 1)
            now, later = found[:MAX_REDELIVERED], found[MAX_REDELIVERED:]
            if not now:
                return Put(0)
            await transaction.deliveries.put(endpoint_id, now, lives_ms=DELIVERY_MS)
            facts = {"events": str(len(now)), "from": time_of(window.from_ms)}
            transaction.record_act(Act("endpoint.redelivered", "endpoint", endpoint_id, facts=facts))
            await transaction.commit()
        return Put(len(now), later[0].at_ms if later else 0)


async def _told(transaction: WebhooksTransaction, endpoint_id: str) -> Endpoint | Refusal:
    """The endpoint if anything is sent to it, locked: two requests never put the same again."""
    endpoint = await transaction.endpoints.lock(endpoint_id)
    if endpoint is None:
        return EndpointNotFound(endpoint_id)
    return endpoint if endpoint.is_told else EndpointDisabled(endpoint_id)
