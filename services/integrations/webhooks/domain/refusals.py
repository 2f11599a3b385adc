"""Why webhooks says no. Values with facts; the docstring is the message."""

from __future__ import annotations

from dataclasses import dataclass

from services.runtime.errors import Kind, Refusal


@dataclass(frozen=True, slots=True)
class EndpointNotFound(Refusal):
    """There is no endpoint {endpoint_id} in this house."""

    kind = Kind.NOT_FOUND
    endpoint_id: str


@dataclass(frozen=True, slots=True)
class EndpointArchived(Refusal):
    """Endpoint {endpoint_id} was archived: name the address anew."""

    kind = Kind.PRECONDITION
    endpoint_id: str


@dataclass(frozen=True, slots=True)
class EndpointDisabled(Refusal):
    """Endpoint {endpoint_id} is disabled: enable it first."""

    kind = Kind.PRECONDITION
    endpoint_id: str


@dataclass(frozen=True, slots=True)
class TooManyEndpoints(Refusal):
    """A house has {limit} endpoints at most: archive one first."""

    kind = Kind.PRECONDITION
    limit: int


@dataclass(frozen=True, slots=True)
class DeliveryNotFound(Refusal):
    """Nothing is known of event {event_id} at endpoint {endpoint_id}."""

    kind = Kind.NOT_FOUND
    endpoint_id: str
    event_id: str


@dataclass(frozen=True, slots=True)
class PayloadForgotten(Refusal):
    """Event {event_id} is too old to be sent again."""

    kind = Kind.PRECONDITION
    event_id: str
