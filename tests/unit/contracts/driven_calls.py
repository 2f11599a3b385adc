"""Makes one call of any form, and tells the fields that it refuses in its answers; a refusal of all of it is raised."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message

from services.runtime.errors import FieldInvalid

FIELD_INVALID = FieldInvalid.reason()


async def refused_fields_of(call: Callable[..., Any], request: Message, method: MethodDescriptor) -> list[str]:
    """By whatever the answers tell them."""
    if method.client_streaming:
        return [field async for answer in call(_once(request), None) for field in _refused_of_stream(answer)]
    if method.server_streaming:
        async for _ in call(request, None):
            pass
    else:
        return _refused_items(request, await call(request, None))
    return []


def _refused_of_stream(answer: Any) -> list[str]:
    if "answers" in answer.DESCRIPTOR.fields_by_name:
        return [one.refused.facts["field"] for one in answer.answers if one.refused.reason == FIELD_INVALID]
    refused = (*answer.refused, answer.batch_refused)
    return [one.metadata["field"] for one in refused if one.reason == FIELD_INVALID]


def _refused_items(request: Any, answer: Any) -> list[str]:
    """The fields of a call of many whose answers are values, each with its item's place."""
    if "answers" not in answer.DESCRIPTOR.fields_by_name:
        return []
    items = next(field.name for field in request.DESCRIPTOR.fields if field.is_repeated)
    return [
        f"{items}[{place}].{each.refused.facts['field']}"
        for place, each in enumerate(answer.answers)
        if each.refused.reason == FIELD_INVALID
    ]


async def _once(request: Message) -> AsyncIterator[Message]:
    yield request
