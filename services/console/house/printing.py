"""Answers as tables for people and as JSON for programs; neither knows any subject, both go by the descriptors."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

from balcon.types.v1.money_pb2 import Money
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from rich.markup import escape
from rich.table import Table

from services.console.house.fields import fields_of, kind_of, message_name, set_fields
from services.console.house.values import enum_names
from services.console.terminal import OUT, print_json
from services.contracts.house_time import local_of, local_text
from services.contracts.money import decimal_text
from services.contracts.wire_types import instant_ms

# What only programs want to see in a table of one thing.
_MORE = frozenset({"etag", "prices_etag", "next_page_token", "epoch"})


class Shown(Enum):
    """How an answer is shown."""

    TABLE = "table"
    JSON = "json"
    # Only the ids of what it is about, one a line: for variables of a shell.
    IDS = "ids"


def print_answer(answer: Message, columns: Sequence[str], time_zone: str, shown: Shown) -> None:
    """One answer: a list as a table with a line each, a thing as a table with a line for each of its fields."""
    if shown is Shown.JSON:
        print_json(MessageToDict(answer, preserving_proto_field_name=True))
        return
    if shown is Shown.IDS:
        for one in ids_of(answer):
            OUT.print(one, highlight=False, markup=False, soft_wrap=True)
        return
    rows = _rows(answer)
    if rows is not None:
        OUT.print(_list_table(getattr(answer, rows.name), columns or _columns(rows), time_zone))
        beside = type(answer)()
        beside.CopyFrom(answer)
        beside.ClearField(rows.name)
        if any(field.name not in _MORE for field, _ in set_fields(beside)):
            OUT.print(_thing_table(beside, time_zone))
        return
    thing = _single(answer) or answer
    OUT.print(_thing_table(thing, time_zone))


def ids_of(answer: Message) -> list[str]:
    """The id of the thing that an answer is about, or of each in a list; where it has none, the plan's version."""
    thing = _single(answer) or _with_id(answer)
    rows = _rows(answer)
    things = [thing] if rows is None else list(getattr(answer, rows.name))
    return [found for found in map(_id_of, things) if found]


def _with_id(answer: Message) -> Message:
    """The answer, or the one message in it that has an id where it has none itself: a thing, and a secret beside it."""
    inner = [
        getattr(answer, field.name)
        for field in fields_of(answer)
        if field.message_type is not None and not field.is_repeated and _own_ids(getattr(answer, field.name))
    ]
    return inner[0] if len(inner) == 1 and not _own_ids(answer) else answer


def _own_ids(thing: Message) -> list[str]:
    return [name for field in fields_of(thing) if (name := field.name).endswith("_id") and name != "house_id"]


def _id_of(thing: Message) -> str:
    names = [field.name for field in fields_of(thing)]
    own = _own_ids(thing)
    name = next(iter([*own, *(name for name in ("house_id", "plan_version") if name in names)]), None)
    return str(getattr(thing, name)) if name else ""


def told(answer: Message, field: FieldDescriptor, time_zone: str) -> str:
    """The value of a field as people read it; '' where it is not set."""
    value = getattr(answer, field.name)
    if field.is_repeated:
        return (", " if field.message_type is None else "\n").join(_one(item, field, time_zone) for item in value)
    if field.message_type is not None and not answer.HasField(field.name):
        return ""
    return _one(value, field, time_zone)


def _one(value: Any, field: FieldDescriptor, time_zone: str) -> str:
    if isinstance(value, Money):
        return f"{decimal_text(value.amount_minor, value.currency)} {value.currency}" if value.currency else ""
    if isinstance(value, Timestamp):
        return local_text(local_of(time_zone, instant_ms(value) // 1000 * 1000))
    if isinstance(value, Message):
        pairs = ((inner.name, told(value, inner, time_zone)) for inner, _ in set_fields(value))
        return ", ".join(f"{name}={text}" for name, text in pairs)
    if field.enum_type is not None:
        return next((name for name, number in enum_names(field.enum_type).items() if number == value), "")
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    return str(value)


def _is_list(field: FieldDescriptor) -> bool:
    return bool(field.is_repeated) and message_name(field) != ""


def _rows(answer: Message) -> FieldDescriptor | None:
    """The list that an answer is, where it is one: it comes first, and there is no other."""
    fields = [field for field in fields_of(answer) if field.name not in _MORE]
    is_one = bool(fields) and _is_list(fields[0]) and not any(map(_is_list, fields[1:]))
    return fields[0] if is_one else None


def _single(answer: Message) -> Message | None:
    """The thing that an answer is about, where it is about one: its only field that is a message."""
    fields = fields_of(answer)
    if len(fields) == 1 and fields[0].message_type is not None and not fields[0].is_repeated:
        inner: Message = getattr(answer, fields[0].name)
        return inner
    return None


def _columns(rows: FieldDescriptor) -> Sequence[str]:
    return [field.name for field in kind_of(rows).fields if field.name not in _MORE]


def folded_table(*columns: str) -> Table:
    """A list without lines, whose cells are broken rather than cut."""
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _list_table(rows: Sequence[Message], columns: Sequence[str], time_zone: str) -> Table:
    table = folded_table(*columns)
    for row in rows:
        table.add_row(*(escape(_at(row, column.split("."), time_zone)) for column in columns))
    return table


def _at(row: Message, path: Sequence[str], time_zone: str) -> str:
    """The text of a field of the row, or of a message in it."""
    for name in path[:-1]:
        row = getattr(row, name)
    field = next(field for field in fields_of(row) if field.name == path[-1])
    return told(row, field, time_zone)


def _thing_table(thing: Message, time_zone: str) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for field, _ in set_fields(thing):
        if field.name not in _MORE:
            table.add_row(field.name, escape(told(thing, field, time_zone)))
    return table
