"""Reporting as its main builds it, in this process, and every call of it from the descriptors, as anybody."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import openpyxl
import pypdf
from google.api import field_behavior_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from pydantic import SecretStr

from services.contracts.access import roles_with
from services.reporting.main import build
from services.reporting.settings import ReportingSettings
from services.runtime.access.written_keys import key_of
from services.runtime.ids import SeededIds
from services.runtime.principal import Principal
from services.runtime.rpc.errors import refusal_of
from services.runtime.service import Service
from tests.integration.access.every_call import access_of, audiences_of, credential_of, every_method
from tests.unit.contracts.good_values import GOOD
from tests.unit.contracts.request_stages import WELL_KNOWN

IDS = SeededIds(1)
_SECONDS = 20.0
PACKAGE = "balcon.reporting.v1"


@dataclass(frozen=True, slots=True)
class Told:
    """All that a caller was told: messages (of a stream that goes on the first), or a refusal and its facts."""

    messages: Sequence[Message] = ()
    reason: str = ""
    message: str = ""

    @property
    def is_ok(self) -> bool:
        return not self.reason

    @property
    def text(self) -> str:
        """Everything, files opened and read."""
        files = b"".join(content for message in self.messages for content in _bytes_in(message))
        return f"{self.message} {' '.join(map(str, self.messages))} {_file_text(files)}"


class WholeReporting:
    """Calls of the running service."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel

    async def call(self, method: MethodDescriptor, request: Message, caller: Principal) -> Told:
        """The method as whoever that is."""
        name = f"/{method.containing_service.full_name}/{method.name}"
        response = GetMessageClass(method.output_type)
        codecs: dict[str, Any] = {
            "request_serializer": type(request).SerializeToString,
            "response_deserializer": response.FromString,
        }
        how: dict[str, Any] = {
            "metadata": grpc.aio.Metadata(("authorization", credential_of(caller))),
            "timeout": _SECONDS,
        }
        try:
            if not method.server_streaming:
                return Told([await self._channel.unary_unary(name, **codecs)(request, **how)])
            stream = self._channel.unary_stream(name, **codecs)(request, **how)
            found: list[Message] = []
            async for part in stream:
                found.append(part)
                if method.name.startswith("Watch"):
                    break
            stream.cancel()
            return Told(found)
        except grpc.aio.AioRpcError as error:
            refusal = refusal_of(error)
            assert refusal is not None, (method.name, error)
            return Told(reason=refusal.reason, message=f"{refusal.message} {refusal.facts}")


@asynccontextmanager
async def whole_reporting(database_url: str, bus_url: str, accounts: str) -> AsyncIterator[WholeReporting]:
    """Whatever main serves, guarded as main guards it."""
    settings = ReportingSettings(
        database_url=SecretStr(database_url),
        bus_url=SecretStr(bus_url),
        accounts_target=accounts,
        catalogue_target="127.0.0.1:1",
        inventory_target="127.0.0.1:1",
        orders_target="127.0.0.1:1",
        ticketing_target="127.0.0.1:1",
        customers_target="127.0.0.1:1",
        service_key=SecretStr(key_of("the key of Balcon's tests")),
        sealing_secrets=SecretStr("a secret of the tests' own"),
        mail_folder="/nonexistent/mail",
        drain_seconds=0,
    )
    service = Service("reporting", settings)
    try:
        service.let_in(roles_with)
        await build(service, settings)
        await service.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{service.rpc.port}") as channel:
            yield WholeReporting(channel)
    finally:
        await service.stop()


def methods_of_reporting() -> list[MethodDescriptor]:
    """Every one, from the folder of protos: a new one is in it at once."""
    return [one for one in every_method() if one.containing_service.full_name.startswith(f"{PACKAGE}.")]


def is_for_promoters(method: MethodDescriptor) -> bool:
    return bool(audiences_of(method) & {"PERSON", "PROMOTER", "PUBLIC"})


def is_for_staff(method: MethodDescriptor) -> bool:
    return bool(access_of(method).permission)


def requests_of(method: MethodDescriptor, values: Mapping[str, Sequence[Any]]) -> Iterator[Message]:
    """What the method needs, each value of an enum at least once; then the same with one optional field at a time.

    Of two enums not every pair is tried: a file in each format takes its time, and all are made of the same tables.
    `values`: for the name of a field all that it is tried with, a list for one that is repeated.
    """
    needed = _needed(method.input_type, values)
    enums = [path for path in _paths(method.input_type) if path[-1].enum_type is not None and _is_required(path[-1])]
    choices = [_numbers(path[-1]) for path in enums]
    for turn in range(max(map(len, choices), default=1)):
        request = _copy(needed)
        picked = [numbers[turn % len(numbers)] for numbers in choices]
        for path, number in zip(enums, picked, strict=True):
            _set(request, path, number)
        yield request
    for path in _paths(method.input_type):
        for value in values.get(path[-1].name, ()):
            # Each is a request of its own, with a key of its own.
            request = _needed(method.input_type, values)
            _set(request, path, value)
            yield request


def _needed(kind: Descriptor, values: Mapping[str, Sequence[Any]]) -> Any:
    message = GetMessageClass(kind)()
    for field in kind.fields:
        if not _is_required(field):
            continue
        if field.message_type is not None and field.message_type.full_name not in WELL_KNOWN:
            getattr(message, field.name).CopyFrom(_needed(field.message_type, values))
            continue
        if field.message_type is not None:
            value: Any = GOOD.get(field.name, WELL_KNOWN[field.message_type.full_name])
        else:
            value = values[field.name][0] if field.name in values else GOOD.get(field.name, IDS.new_id("new"))
        _put(message, field, value)
    return message


def _paths(kind: Descriptor, above: tuple[FieldDescriptor, ...] = ()) -> Iterator[tuple[FieldDescriptor, ...]]:
    for field in kind.fields:
        if field.message_type is None:
            yield (*above, field)
        elif field.message_type.full_name not in WELL_KNOWN and not field.is_repeated:
            yield from _paths(field.message_type, (*above, field))


def _numbers(field: FieldDescriptor) -> list[int]:
    assert field.enum_type is not None
    return [value.number for value in field.enum_type.values if value.number]


def _is_required(field: FieldDescriptor) -> bool:
    return field_behavior_pb2.REQUIRED in field.GetOptions().Extensions[field_behavior_pb2.field_behavior]


def _copy(message: Any) -> Any:
    copied = type(message)()
    copied.CopyFrom(message)
    return copied


def _set(message: Any, path: Sequence[FieldDescriptor], value: Any) -> None:
    for field in path[:-1]:
        message = getattr(message, field.name)
    message.ClearField(path[-1].name)
    _put(message, path[-1], value)


def _put(message: Any, field: FieldDescriptor, value: Any) -> None:
    if field.is_repeated:
        getattr(message, field.name).extend(value if isinstance(value, list) else [value])
    elif field.message_type is not None:
        getattr(message, field.name).CopyFrom(value)
    else:
        setattr(message, field.name, value)


def _bytes_in(message: Any) -> Iterator[bytes]:
    for field, value in message.ListFields():
        if field.message_type is not None and not field.message_type.GetOptions().map_entry:
            for part in value if field.is_repeated else [value]:
                yield from _bytes_in(part)
        elif field.type == field.TYPE_BYTES:
            yield from value if field.is_repeated else [value]


def _file_text(content: bytes) -> str:
    """Read by those who have not written it."""
    if content.startswith(b"%PDF"):
        return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages)
    if content.startswith(b"PK"):
        book = openpyxl.load_workbook(io.BytesIO(content))
        cells = (cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row)
        return "\n".join(str(cell) for cell in cells if cell is not None)
    return content.decode(errors="replace")


def money_in(messages: Sequence[Message]) -> Iterator[int]:
    """Every amount, wherever it is."""
    for message in messages:
        for field, value in message.ListFields():
            if field.message_type is None or field.message_type.GetOptions().map_entry:
                continue
            for part in value if field.is_repeated else [value]:
                if field.message_type.full_name == "balcon.types.v1.Money":
                    yield part.amount_minor
                else:
                    yield from money_in([part])


async def bounded(work: Any) -> Any:
    """So that a stream that never tells anything is a failure and no silence."""
    return await asyncio.wait_for(work, _SECONDS)
