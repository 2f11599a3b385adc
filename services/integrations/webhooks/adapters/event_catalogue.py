"""The events that houses may be told: which there are, what each is about, and how it is written in JSON.

Names and shapes come from the protos; event_types.json has the protos' comments, which generated code has not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from balcon.catalogue.v1 import catalogue_events_pb2
from balcon.customers.v1 import customers_events_pb2
from balcon.inventory.v1 import allotments_pb2, inventory_events_pb2
from balcon.orders.v1 import orders_events_pb2
from balcon.payments.v1 import payments_events_pb2
from balcon.ticketing.v1 import ticketing_events_pb2
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message

from services.integrations.webhooks.ports.event_types import EventField, EventType, EventTypes
from services.runtime.bus.topics import ALLOTMENTS, AVAILABILITY, CATALOGUE, CONSENTS, ORDERS, PAYMENTS, TICKETS
from services.runtime.errors import Fatal

# Which messages of which topic. What only our own services need to hear is not here.
_MODULES: Final = {
    CATALOGUE: catalogue_events_pb2,
    ORDERS: orders_events_pb2,
    PAYMENTS: payments_events_pb2,
    CONSENTS: customers_events_pb2,
    ALLOTMENTS: allotments_pb2,
    TICKETS: ticketing_events_pb2,
    AVAILABILITY: inventory_events_pb2,
}
# Messages that events have in them.
_PARTS: Final = frozenset({"PerformanceTimes", "AllotmentCounts", "Deck", "Allotment"})
# Of these only the latest is told, not each.
LATEST_ONLY: Final = frozenset({AVAILABILITY})
TOPICS: Final = tuple(_MODULES)
# Topics whose events each is told.
CHANGES: Final = tuple(topic for topic in TOPICS if topic not in LATEST_ONLY)


class HouseDiffers(Fatal):
    """An event says of itself that it is another house's than its envelope says; it is told to neither."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of event and its class."""

    name: str
    topic: str
    message: type[Message]


def _kinds() -> Mapping[str, Kind]:
    found: dict[str, Kind] = {}
    for topic, module in _MODULES.items():
        for name, descriptor in module.DESCRIPTOR.message_types_by_name.items():
            if name not in _PARTS:
                found[descriptor.full_name] = Kind(descriptor.full_name, topic, getattr(module, name))
    return found


KINDS: Final = _kinds()


def about(message: Message, house_id: str) -> tuple[str, str]:
    """The performance and the production that an event names, '' where it names none. Raises HouseDiffers."""
    thing = message
    for part in ("performance", "allotment"):
        if part in message.DESCRIPTOR.fields_by_name and message.HasField(part):
            thing = getattr(message, part)
    named = {field: getattr(thing, field, "") for field in ("house_id", "performance_id", "production_id")}
    if named["house_id"] != house_id:
        raise HouseDiffers(type=message.DESCRIPTOR.full_name)
    return str(named["performance_id"]), str(named["production_id"])


def in_json(message: Message) -> str:
    """The proto's own JSON: names in lowerCamelCase, 64-bit integers as strings; what has no value is there too."""
    return MessageToJson(message, always_print_fields_with_no_presence=True, indent=None, ensure_ascii=False)


@cache
def event_types() -> EventTypes:
    """All of them, with the words of the protos."""
    written = json.loads(files(__package__).joinpath("event_types.json").read_text(encoding="utf-8"))
    found = tuple(
        EventType(one["type"], one["topic"], one["description"], tuple(EventField(*field) for field in one["fields"]))
        for one in written
    )
    return EventTypes(found, frozenset(KINDS), frozenset(TOPICS))
