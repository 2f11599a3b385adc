"""WebhooksService: requests to handlers, answers to messages. No rules."""

from __future__ import annotations

from balcon.webhooks.v1.webhooks_service_pb2_grpc import WebhooksServiceServicer

from services.integrations.webhooks.api.delivery_calls import DeliveryCalls
from services.integrations.webhooks.api.endpoint_calls import EndpointCalls
from services.integrations.webhooks.domain.target_url import TargetRules
from services.integrations.webhooks.handlers.deliveries import DeliveryHandler
from services.integrations.webhooks.handlers.endpoints import EndpointHandler
from services.integrations.webhooks.ports.event_types import EventTypes
from services.runtime.clock import Clock


class WebhooksServicer(EndpointCalls, DeliveryCalls, WebhooksServiceServicer):
    """See balcon.webhooks.v1.WebhooksService."""

    def __init__(
        self,
        endpoints: EndpointHandler,
        deliveries: DeliveryHandler,
        event_types: EventTypes,
        rules: TargetRules,
        clock: Clock,
    ) -> None:
        self._endpoints = endpoints
        self._deliveries = deliveries
        self._event_types = event_types
        self._rules = rules
        self._clock = clock
