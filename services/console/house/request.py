"""The request that a command sends, made of what people gave: field by field, all that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from services.console.house.fields import OWN_KEYS, OptionField, thing_of
from services.console.house.values import HouseTerms, put, value_of
from services.runtime.errors import FieldInvalid, refused_fields

Given = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Extras:
    """What is given with every command of a kind, beside the fields: all empty where it was not."""

    idempotency_key: str = ""
    etag: str = ""
    cleared: Sequence[str] = ()


def request_of(
    shape: Descriptor, fields: Sequence[OptionField], given: Given, terms: HouseTerms, extras: Extras
) -> Message | FieldInvalid:
    """The request without what the house and the session say. An update's mask names what was given or cleared."""
    request: Message = GetMessageClass(shape)()
    faults: list[FieldInvalid] = []
    changed: list[str] = []
    thing = thing_of(shape)
    for one in fields:
        texts = _texts(given.get(one.key))
        if not texts:
            continue
        if thing is not None and one.path[0] == thing.name and one.path[1] != f"{thing.name}_id":
            changed.append(one.path[1])
        holder = _holder(request, one.path[:-1])
        if one.repeated and texts == [""]:
            # None of them, which is something else than nothing said.
            holder.SetInParent()
            continue
        for index, text in enumerate(texts):
            value = value_of(one.field, text, terms, f"{one.field.name}[{index}]" if one.repeated else one.field.name)
            if isinstance(value, FieldInvalid):
                faults.append(value)
            else:
                put(holder, one.field, value)
    if "update_mask" in shape.fields_by_name and thing is not None:
        cleared = [name.replace("-", "_") for name in extras.cleared]
        holder = _holder(request, ("update_mask",))
        holder.paths.extend(dict.fromkeys([*changed, *cleared]))  # type: ignore[attr-defined]
        _holder(request, (thing.name,)).SetInParent()
    for name, value in (*((key, extras.idempotency_key) for key in OWN_KEYS), ("etag", extras.etag)):
        if value and name in shape.fields_by_name:
            setattr(request, name, value)
    return refused_fields(faults) or request


def _texts(value: Any) -> list[str]:
    """What was given of a field: nothing, once, or several times. An empty text is a value: it clears the field."""
    if value is None:
        return []
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    return list(value) if isinstance(value, list | tuple) else [value]


def _holder(message: Message, path: Sequence[str]) -> Message:
    for name in path:
        message = getattr(message, name)
    return message
