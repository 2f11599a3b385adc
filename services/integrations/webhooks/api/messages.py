"""Endpoints, event types and deliveries between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from balcon.webhooks.v1 import webhooks_pb2 as pb

from services.contracts.changes import etag_of
from services.contracts.wire_types import wire_instant, wire_instant_or_none
from services.integrations.webhooks.domain.endpoint import Endpoint, EndpointState, Wishes
from services.integrations.webhooks.ports.deliveries import Delivery, DeliveryState, DeliveryTry
from services.integrations.webhooks.ports.event_types import EventType
from services.runtime.errors import FieldInvalid

_STATES = {one: pb.EndpointState.Value(f"ENDPOINT_STATE_{one.name}") for one in EndpointState}
_DELIVERY_STATES = {one: pb.DeliveryState.Value(f"DELIVERY_STATE_{one.name}") for one in DeliveryState}
_FROM_WIRE = {wire: one for one, wire in _DELIVERY_STATES.items()}


def wishes_of(wire: pb.CreateEndpointRequest | pb.EndpointChange) -> Wishes:
    """As they were asked for."""
    return Wishes(
        url=wire.url,
        description=wire.description.strip(),
        event_types=tuple(wire.event_types),
        topics=tuple(wire.topics),
        performance_ids=tuple(wire.performance_ids),
        production_ids=tuple(wire.production_ids),
    )


def endpoint_message(endpoint: Endpoint, now_ms: int) -> pb.Endpoint:
    """The endpoint on the wire, without its secrets."""
    wishes, until_ms = endpoint.wishes, endpoint.former_secret_until_ms
    return pb.Endpoint(
        house_id=endpoint.house_id,
        endpoint_id=endpoint.endpoint_id,
        url=wishes.url,
        description=wishes.description,
        event_types=wishes.event_types,
        topics=wishes.topics,
        performance_ids=wishes.performance_ids,
        production_ids=wishes.production_ids,
        state=_STATES[endpoint.state],
        created_at=wire_instant(endpoint.created_at_ms),
        disabled_at=wire_instant_or_none(endpoint.disabled_at_ms),
        failing_since_at=wire_instant_or_none(endpoint.failing_since_ms),
        former_secret_until_at=wire_instant(until_ms) if until_ms > now_ms else None,
        etag=etag_of(endpoint.revision),
    )


def event_type_message(kind: EventType) -> pb.EventType:
    """A kind of event on the wire."""
    fields = [pb.EventField(path=one.path, type=one.type, description=one.description) for one in kind.fields]
    return pb.EventType(type=kind.type, topic=kind.topic, description=kind.description, fields=fields)


def delivery_state_of(wire: pb.DeliveryState.ValueType) -> DeliveryState | FieldInvalid | None:
    """None where none is asked for."""
    if wire == pb.DELIVERY_STATE_UNSPECIFIED:
        return None
    names = ", ".join(state.name for state in DeliveryState)
    return _FROM_WIRE.get(wire) or FieldInvalid("state", f"{int(wire)} is no state", names)


def delivery_message(house_id: str, delivery: Delivery) -> pb.Delivery:
    """A delivery on the wire, with its tries."""
    return pb.Delivery(
        house_id=house_id,
        endpoint_id=delivery.endpoint_id,
        event_id=delivery.event_id,
        event_type=delivery.event_type,
        state=_DELIVERY_STATES[delivery.state],
        tries=delivery.tries,
        made_at=wire_instant(delivery.made_at_ms),
        next_try_at=wire_instant_or_none(delivery.next_try_at_ms),
        settled_at=wire_instant_or_none(delivery.settled_at_ms),
        note=delivery.note,
        log=[_try_message(one) for one in delivery.log],
    )


def _try_message(one: DeliveryTry) -> pb.DeliveryTry:
    return pb.DeliveryTry(tried_at=wire_instant(one.at_ms), status=one.status, took_ms=one.took_ms, answer=one.answer)
