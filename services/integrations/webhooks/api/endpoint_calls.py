"""balcon.webhooks.v1.WebhooksService: endpoints, their secrets, and what they may be told."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from balcon.webhooks.v1 import webhooks_service_pb2 as pb

from services.contracts.changes import refused_change
from services.contracts.pages import asked_page
from services.contracts.texts import refused_idempotency_key
from services.contracts.wire_requests import asked_once
from services.integrations.webhooks.api.messages import endpoint_message, event_type_message, wishes_of
from services.integrations.webhooks.domain.endpoint import (
    MAX_EVENT_TYPES,
    MAX_TOPICS,
    Wishes,
    refused_description,
    refused_ids,
    refused_names,
    refused_wishes,
)
from services.integrations.webhooks.domain.target_url import TargetRules, TargetUrl, read_target
from services.integrations.webhooks.handlers.endpoints import EndpointHandler, NewSecret
from services.integrations.webhooks.ports.event_types import EventTypes
from services.runtime.clock import Clock
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept, answered
from services.runtime.rpc.interceptors import Context

_CHANGEABLE: Final = frozenset({"url", "description", "event_types", "topics", "performance_ids", "production_ids"})


class EndpointCalls:
    """Stateless but for secrets on their way out: what is kept of an answer has none."""

    _endpoints: EndpointHandler
    _rules: TargetRules
    _event_types: EventTypes
    _clock: Clock

    async def CreateEndpoint(self, request: pb.CreateEndpointRequest, context: Context) -> pb.CreateEndpointResponse:  # noqa: N802
        wishes, target = wishes_of(request), read_target("url", request.url, self._rules)
        accept(
            refused_key("house_id", request.house_id),
            None if isinstance(target, TargetUrl) else target,
            refused_description("description", wishes.description),
            refused_wishes("", wishes, self._event_types.names, self._event_types.topics),
            refused_idempotency_key(request.idempotency_key),
        )
        made: list[NewSecret] = []

        def kept(new: NewSecret) -> pb.CreateEndpointResponse:
            made.append(new)
            return pb.CreateEndpointResponse(endpoint=endpoint_message(new.endpoint, self._clock.now_ms()))

        wanted = replace(wishes, url=str(target))
        written = await self._endpoints.create(asked_once(request, kept), request.house_id, wanted)
        response = pb.CreateEndpointResponse.FromString(answered(written))
        response.secret = made[0].secret if made else ""
        return response

    async def UpdateEndpoint(self, request: pb.UpdateEndpointRequest, context: Context) -> pb.UpdateEndpointResponse:  # noqa: N802
        paths, wanted = frozenset(request.update_mask.paths), request.endpoint
        wishes, target = wishes_of(wanted), read_target("endpoint.url", wanted.url, self._rules)
        accept(
            refused_key("house_id", request.house_id),
            None if request.HasField("endpoint") else FieldInvalid("endpoint", UNSET, "the new values"),
            refused_key("endpoint.endpoint_id", wanted.endpoint_id),
            refused_change(request.etag, request.update_mask.paths, _CHANGEABLE),
            target if "url" in paths and isinstance(target, FieldInvalid) else None,
            *self._refused_parts(wishes, paths),
        )
        wishes = replace(wishes, url=str(target)) if isinstance(target, TargetUrl) else wishes
        endpoint = await self._endpoints.update(request.house_id, wanted.endpoint_id, request.etag, wishes, paths)
        return pb.UpdateEndpointResponse(endpoint=endpoint_message(answered(endpoint), self._clock.now_ms()))

    def _refused_parts(self, wishes: Wishes, paths: frozenset[str]) -> list[FieldInvalid | None]:
        """Of what the mask names."""
        known, topics = self._event_types.names, self._event_types.topics
        checks = {
            "description": refused_description("endpoint.description", wishes.description),
            "event_types": refused_names("endpoint.event_types", wishes.event_types, known, MAX_EVENT_TYPES),
            "topics": refused_names("endpoint.topics", wishes.topics, topics, MAX_TOPICS),
            "performance_ids": refused_ids("endpoint.performance_ids", wishes.performance_ids),
            "production_ids": refused_ids("endpoint.production_ids", wishes.production_ids),
        }
        return [refusal for path, refusal in checks.items() if path in paths]

    async def ArchiveEndpoint(self, request: pb.ArchiveEndpointRequest, context: Context) -> pb.ArchiveEndpointResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id), refused_key("endpoint_id", request.endpoint_id))
        endpoint = answered(await self._endpoints.archive(request.house_id, request.endpoint_id))
        return pb.ArchiveEndpointResponse(endpoint=endpoint_message(endpoint, self._clock.now_ms()))

    async def GetEndpoint(self, request: pb.GetEndpointRequest, context: Context) -> pb.GetEndpointResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id), refused_key("endpoint_id", request.endpoint_id))
        endpoint = answered(await self._endpoints.get(request.house_id, request.endpoint_id))
        return pb.GetEndpointResponse(endpoint=endpoint_message(endpoint, self._clock.now_ms()))

    async def ListEndpoints(self, request: pb.ListEndpointsRequest, context: Context) -> pb.ListEndpointsResponse:  # noqa: N802
        checks = (refused_key("house_id", request.house_id),)
        asked = answered(asked_page(request.page_size, request.page_token, request.house_id, *checks))
        page = await self._endpoints.page(request.house_id, asked, archived=request.include_archived)
        now_ms = self._clock.now_ms()
        found = [endpoint_message(one, now_ms) for one in page.endpoints]
        return pb.ListEndpointsResponse(endpoints=found, next_page_token=page.next_page_token)

    async def RotateSecret(self, request: pb.RotateSecretRequest, context: Context) -> pb.RotateSecretResponse:  # noqa: N802
        accept(
            refused_key("house_id", request.house_id),
            refused_key("endpoint_id", request.endpoint_id),
            refused_idempotency_key(request.idempotency_key),
        )
        made: list[NewSecret] = []

        def kept(new: NewSecret) -> pb.RotateSecretResponse:
            made.append(new)
            return pb.RotateSecretResponse(endpoint=endpoint_message(new.endpoint, self._clock.now_ms()))

        written = await self._endpoints.rotate(asked_once(request, kept), request.house_id, request.endpoint_id)
        response = pb.RotateSecretResponse.FromString(answered(written))
        response.secret = made[0].secret if made else ""
        return response

    async def EnableEndpoint(self, request: pb.EnableEndpointRequest, context: Context) -> pb.EnableEndpointResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id), refused_key("endpoint_id", request.endpoint_id))
        endpoint = answered(await self._endpoints.enable(request.house_id, request.endpoint_id))
        return pb.EnableEndpointResponse(endpoint=endpoint_message(endpoint, self._clock.now_ms()))

    async def ListEventTypes(self, request: pb.ListEventTypesRequest, context: Context) -> pb.ListEventTypesResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id))
        return pb.ListEventTypesResponse(event_types=[event_type_message(one) for one in self._event_types.all])
