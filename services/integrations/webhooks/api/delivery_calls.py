"""balcon.webhooks.v1.WebhooksService: tests, the delivery log, and what is sent again."""

from __future__ import annotations

from balcon.webhooks.v1 import webhooks_service_pb2 as pb

from services.contracts.pages import asked_page
from services.contracts.texts import refused_idempotency_key
from services.contracts.wire_requests import asked_once
from services.contracts.wire_types import instant_ms, wire_instant_or_none
from services.integrations.webhooks.api.messages import delivery_message, delivery_state_of
from services.integrations.webhooks.handlers.deliveries import DeliveryHandler
from services.integrations.webhooks.ports.deliveries import Window
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept, answered
from services.runtime.rpc.interceptors import Context


class DeliveryCalls:
    """Stateless; everything lives in the handler."""

    _deliveries: DeliveryHandler

    async def SendTestEvent(self, request: pb.SendTestEventRequest, context: Context) -> pb.SendTestEventResponse:  # noqa: N802
        accept(
            refused_key("house_id", request.house_id),
            refused_key("endpoint_id", request.endpoint_id),
            refused_idempotency_key(request.idempotency_key),
        )

        def response(event_id: str) -> pb.SendTestEventResponse:
            return pb.SendTestEventResponse(event_id=event_id)

        written = await self._deliveries.test(asked_once(request, response), request.house_id, request.endpoint_id)
        return pb.SendTestEventResponse.FromString(answered(written))

    async def ListDeliveries(self, request: pb.ListDeliveriesRequest, context: Context) -> pb.ListDeliveriesResponse:  # noqa: N802
        state = delivery_state_of(request.state)
        asked = answered(
            asked_page(
                request.page_size,
                request.page_token,
                request.house_id,
                refused_key("house_id", request.house_id),
                refused_key("endpoint_id", request.endpoint_id),
                state if isinstance(state, FieldInvalid) else None,
            )
        )
        assert not isinstance(state, FieldInvalid), "refused otherwise"
        page = answered(await self._deliveries.page(request.house_id, request.endpoint_id, state, asked))
        found = [delivery_message(request.house_id, one) for one in page.deliveries]
        return pb.ListDeliveriesResponse(deliveries=found, next_page_token=page.next_page_token)

    async def GetDelivery(self, request: pb.GetDeliveryRequest, context: Context) -> pb.GetDeliveryResponse:  # noqa: N802
        accept(*_refused_names(request))
        told = answered(await self._deliveries.get(request.house_id, request.endpoint_id, request.event_id))
        payload = "" if told.payload is None else told.payload.decode()
        return pb.GetDeliveryResponse(delivery=delivery_message(request.house_id, told.delivery), payload=payload)

    async def RedeliverEvent(self, request: pb.RedeliverEventRequest, context: Context) -> pb.RedeliverEventResponse:  # noqa: N802
        accept(*_refused_names(request))
        put = answered(await self._deliveries.again(request.house_id, request.endpoint_id, request.event_id))
        return pb.RedeliverEventResponse(put=put.count)

    async def RedeliverEvents(self, request: pb.RedeliverEventsRequest, context: Context) -> pb.RedeliverEventsResponse:  # noqa: N802
        from_ms, until_ms = instant_ms(request.from_at), instant_ms(request.until_at)
        is_empty = 0 < until_ms <= from_ms
        accept(
            refused_key("house_id", request.house_id),
            refused_key("endpoint_id", request.endpoint_id),
            None if request.HasField("from_at") else FieldInvalid("from_at", UNSET, "a time"),
            FieldInvalid("until_at", "is not after from_at", "a time after from_at") if is_empty else None,
        )
        window = Window(from_ms, until_ms, request.only_failed)
        put = answered(await self._deliveries.all_again(request.house_id, request.endpoint_id, window))
        return pb.RedeliverEventsResponse(
            put=put.count,
            has_more=bool(put.next_from_ms),
            next_from_at=wire_instant_or_none(put.next_from_ms),
        )


def _refused_names(request: pb.GetDeliveryRequest | pb.RedeliverEventRequest) -> tuple[FieldInvalid | None, ...]:
    return (
        refused_key("house_id", request.house_id),
        refused_key("endpoint_id", request.endpoint_id),
        refused_key("event_id", request.event_id),
    )
