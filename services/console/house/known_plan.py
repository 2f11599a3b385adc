"""The version of a plan that nobody named: who names seats at a shell means those of the performance as it is now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from balcon.catalogue.v1 import catalogue_service_pb2
from balcon.catalogue.v1.performances_pb2 import GetPerformanceRequest
from google.protobuf.message import Message

from services.console.house.connection import Connection
from services.console.house.fields import message_name, set_fields

_PLAN_VERSION: Final = "plan_version"
_OF_SEATS: Final = frozenset({"balcon.types.v1.SeatRefs", "balcon.inventory.v1.SeatBlock"})


async def fill_plan_version(connection: Connection, house_id: str, request: Message) -> None:
    """Where the request names seats of a performance and no version of their plan, that which the performance has."""
    performance_id = _performance(request)
    unset = [message for message in _seats_in(request) if not getattr(message, _PLAN_VERSION)]
    if not unset or not performance_id:
        return
    method = catalogue_service_pb2.DESCRIPTOR.services_by_name["CatalogueService"].methods_by_name["GetPerformance"]
    wanted = GetPerformanceRequest(house_id=house_id, performance_id=performance_id)
    answer: Any = await connection.call("catalogue", method, wanted)
    for message in unset:
        setattr(message, _PLAN_VERSION, answer.performance.plan_version)


def _performance(request: Any) -> str:
    names = request.DESCRIPTOR.fields_by_name
    return str(request.key.performance_id if "key" in names else getattr(request, "performance_id", ""))


def _seats_in(message: Message) -> Iterator[Message]:
    """The messages that name seats, wherever they are in it."""
    for field, value in set_fields(message):
        if field.is_repeated or not message_name(field):
            continue
        if value.DESCRIPTOR.full_name in _OF_SEATS:
            yield value
        yield from _seats_in(value)
