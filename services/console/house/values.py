"""What people write, read as values of fields: times of the house's clock, amounts, names of enums, files."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

import msgspec
from balcon.catalogue.v1.prices_pb2 import PriceComponentKind
from balcon.types.v1.money_pb2 import Money
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.json_format import ParseDict, ParseError
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from services.console.house.fields import MONEY, TIMESTAMP, kind_of, message_name
from services.contracts.house_time import NoSuchLocalTime, local_instant, refused_or_instant
from services.contracts.money import minor_digits
from services.contracts.wire_types import wire_instant, wire_money
from services.runtime.errors import FieldInvalid

_WHOLE: Final = frozenset(
    {
        FieldDescriptor.TYPE_UINT32,
        FieldDescriptor.TYPE_UINT64,
        FieldDescriptor.TYPE_INT32,
        FieldDescriptor.TYPE_INT64,
    }
)
_PRICE: Final = "balcon.catalogue.v1.Price"
_YES: Final = {"yes": True, "true": True, "no": False, "false": False}


@dataclass(frozen=True, slots=True)
class HouseTerms:
    """How a house reads what is written: its clock, its money, and which of two times is meant (0 the earlier)."""

    time_zone: str
    currency: str
    fold: int | None = None


def value_of(field: FieldDescriptor, text: str, terms: HouseTerms, name: str) -> Any:
    """The value that a text stands for in the field; FieldInvalid, under that name, for what stands for none."""
    if field.enum_type is not None:
        return enum_value(field.enum_type, text, name)
    if field.message_type is not None:
        return _message_value(field, text, terms, name)
    if field.type in _WHOLE:
        return int(text) if text.isascii() and text.isdigit() else FieldInvalid(name, f"is {text!r}", "a whole number")
    if field.type == FieldDescriptor.TYPE_BOOL:
        return _YES.get(text.lower(), FieldInvalid(name, f"is {text!r}", "yes or no"))
    if field.type == FieldDescriptor.TYPE_BYTES:
        return _content_of(text, name)
    # Of a link that came by mail its last part proves it.
    return text.rpartition("/")[2] if field.name.endswith("_secret") else text


def enum_names(enum: EnumDescriptor) -> dict[str, int]:
    """The values of an enum by the names that people use: without what all of them begin with, in lower case."""
    prefix = enum.values[0].name.removesuffix("UNSPECIFIED")
    return {value.name.removeprefix(prefix).lower(): value.number for value in enum.values[1:]}


def enum_value(enum: EnumDescriptor, text: str, name: str) -> int | FieldInvalid:
    """The value of that name."""
    names = enum_names(enum)
    found = names.get(text.lower().replace("-", "_"))
    return FieldInvalid(name, f"is {text!r}", ", ".join(names)) if found is None else found


def _content_of(path: str, name: str) -> bytes | FieldInvalid:
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        return FieldInvalid(name, f"{path} cannot be read: {error.strerror}", "the path of a file")


def instant_of(text: str, terms: HouseTerms, name: str) -> Any:
    """A time of the house's clock as an instant; one that daylight saving skips or doubles is told with both."""
    found = refused_or_instant(name, terms.time_zone, text)
    if isinstance(found, FieldInvalid) and terms.fold is not None:
        found = _chosen(text, terms, terms.fold) or found
    return found if isinstance(found, FieldInvalid) else wire_instant(found)


def _chosen(text: str, terms: HouseTerms, fold: int) -> int | None:
    """The instant that --earlier or --later chooses; None: there is nothing to choose from."""
    try:
        written = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    none = local_instant(terms.time_zone, written) if written.tzinfo is None else None
    if not isinstance(none, NoSuchLocalTime):
        return None
    return none.later_ms if fold else none.earlier_ms


def money_of(text: str, terms: HouseTerms, name: str) -> Money | FieldInvalid:
    """29.50 in the house's currency, or with a currency of its own: EUR 29.50."""
    currency, _, figure = text.strip().rpartition(" ")
    currency = currency or terms.currency
    digits = minor_digits(currency)
    limit = f"an amount such as {Decimal(1250).scaleb(-(digits or 0))}"
    try:
        amount = Decimal(figure).scaleb(digits or 0)
    except InvalidOperation:
        return FieldInvalid(name, f"is {text!r}", limit)
    if not amount.is_finite() or amount != amount.to_integral_value():
        return FieldInvalid(name, f"is {text!r}", limit)
    return wire_money(int(amount), currency)


def _message_value(field: FieldDescriptor, text: str, terms: HouseTerms, name: str) -> Any:
    kind = message_name(field)
    if kind == TIMESTAMP:
        return instant_of(text, terms, name)
    if kind == MONEY:
        return money_of(text, terms, name)
    if text.lstrip().startswith("{"):
        return _from_json(kind_of(field), text, name)
    pairs = pairs_of(text, name)
    if isinstance(pairs, FieldInvalid):
        return pairs
    return (_price if kind == _PRICE else _filled)(kind_of(field), pairs, terms, name)


def _from_json(kind: Descriptor, text: str, name: str) -> Message | FieldInvalid:
    message: Message = GetMessageClass(kind)()
    try:
        return ParseDict(msgspec.json.decode(text), message)
    except (ParseError, msgspec.DecodeError) as error:
        return FieldInvalid(name, f"is no such JSON: {error}", "JSON as the API reads it")


def pairs_of(text: str, name: str) -> dict[str, str] | FieldInvalid:
    """key=value,key=value; a value with a comma in it is written "key=a, b" with its quotes."""
    pairs = {}
    for item in next(csv.reader([text], skipinitialspace=True), []):
        key, separator, value = item.partition("=")
        if not separator:
            return FieldInvalid(name, f"has {item!r}", "key=value,key=value or JSON")
        pairs[key.strip().replace("-", "_")] = value.strip()
    return pairs


def _filled(kind: Descriptor, pairs: Mapping[str, str], terms: HouseTerms, name: str) -> Any:
    """A message out of key=value; several values of a repeated field are divided by '+'."""
    message: Message = GetMessageClass(kind)()
    for key, text in pairs.items():
        inner = kind.fields_by_name.get(key)
        if inner is None:
            return FieldInvalid(f"{name}.{key}", "is unknown", ", ".join(kind.fields_by_name))
        for one in text.split("+") if inner.is_repeated else [text]:
            value = value_of(inner, one, terms, f"{name}.{key}")
            if isinstance(value, FieldInvalid):
                return value
            put(message, inner, value)
    return message


def put(message: Message, field: FieldDescriptor, value: Any) -> None:
    """Sets a field, or adds to it if it is repeated."""
    if field.is_repeated:
        getattr(message, field.name).append(value)
    elif isinstance(value, Message):
        getattr(message, field.name).CopyFrom(value)
    else:
        setattr(message, field.name, value)


def _price(kind: Descriptor, pairs: Mapping[str, str], terms: HouseTerms, name: str) -> Any:
    """A price; its parts are keys called as their kinds, and what is not said is a normal ticket, the parts' sum.

    base=25.00 and service_fee=2.00@standard: the amount, and the VAT class behind an @. One that ends in ? is a fee
    that buyers can avoid.
    """
    kinds = enum_names(PriceComponentKind.DESCRIPTOR)
    plain = {key: text for key, text in pairs.items() if key not in kinds}
    price = _filled(kind, {"ticket_type": "normal", "kind": "normal"} | plain, terms, name)
    if isinstance(price, FieldInvalid):
        return price
    owed = 0
    for key in (key for key in pairs if key in kinds):
        amount_text, _, vat_class = pairs[key].rstrip("?").partition("@")
        amount = money_of(amount_text, terms, f"{name}.{key}")
        if isinstance(amount, FieldInvalid):
            return amount
        part = price.components.add(kind=kinds[key], amount=amount, vat_class=vat_class)
        part.avoidable = pairs[key].endswith("?")
        owed += 0 if part.avoidable else amount.amount_minor
        if "amount" not in pairs:
            price.amount.CopyFrom(wire_money(owed, amount.currency))
    return price
