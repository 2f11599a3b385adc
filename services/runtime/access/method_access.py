"""What a method's option says (balcon.access.v1.access), read once from the descriptors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from balcon.access.v1 import access_pb2
from balcon.types.v1 import seating_pb2
from google.protobuf import descriptor_pool
from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor

from services.runtime.errors import Fatal
from services.runtime.principal import PrincipalKind

_CHANNEL = seating_pb2.DESCRIPTOR.enum_types_by_name["Channel"].full_name
PUBLIC = "PUBLIC"
PERSON = "PERSON"
# The audiences that a token of each kind belongs to. Staff and promoters are people: one log-in for both (R3.4).
AUDIENCES_OF_KIND: dict[PrincipalKind, frozenset[str]] = {
    PrincipalKind.BUYER: frozenset({"BUYER"}),
    PrincipalKind.STAFF: frozenset({PERSON, "PROMOTER"}),
    PrincipalKind.PROMOTER: frozenset({PERSON, "PROMOTER"}),
    PrincipalKind.RESELLER: frozenset({"RESELLER"}),
    PrincipalKind.SERVICE: frozenset({"SERVICE"}),
    PrincipalKind.OPERATOR: frozenset({"OPERATOR"}),
}


class AccessUndeclared(Fatal):
    """A method's access option is missing or says what cannot be: the service does not start."""


@dataclass(frozen=True, slots=True)
class MethodAccess:
    """`house_of` and `holder_of` read a request's fields; None where the option names none. `holder` is that field.

    `channel` is the field that says how the sale reaches the house, '' where the request has none.
    """

    permission: str
    audiences: frozenset[str]
    house_of: Callable[[Any], str] | None
    holder_of: Callable[[Any], str] | None
    holder: str
    channel: str

    @property
    def is_public(self) -> bool:
        """Whether anybody may call, also without a token."""
        return PUBLIC in self.audiences


def method_access(full_name: str) -> MethodAccess:
    """The access of "/package.Service/Method", as gRPC names it. AccessUndeclared tells what is wrong with it."""
    service, _, name = full_name.lstrip("/").rpartition("/")
    method = descriptor_pool.Default().FindServiceByName(service).methods_by_name[name]
    return access_of(method)


def access_of(method: MethodDescriptor) -> MethodAccess:
    """The access that the method declares (AccessUndeclared)."""
    options = method.GetOptions()
    if not options.HasExtension(access_pb2.access):
        raise AccessUndeclared(method=method.full_name, problem="has no balcon.access.v1.access")
    said = options.Extensions[access_pb2.access]
    audiences = frozenset(access_pb2.Audience.Name(audience).removeprefix("AUDIENCE_") for audience in said.audiences)
    for problem in _problems(method, said, audiences):
        raise AccessUndeclared(method=method.full_name, problem=problem)
    return MethodAccess(
        permission=said.permission,
        audiences=audiences,
        house_of=_reader(said.house),
        holder_of=_reader(said.holder),
        holder=said.holder,
        channel=next((field.name for field in method.input_type.fields if _is_channel(field)), ""),
    )


def _problems(method: MethodDescriptor, said: access_pb2.Access, audiences: frozenset[str]) -> list[str]:
    problems = []
    if not said.permission and not audiences:
        problems.append("lets nobody call")
    if "UNSPECIFIED" in audiences:
        problems.append("names no audience in its place")
    if said.permission and not said.house:
        problems.append("asks for a permission in no house")
    if PUBLIC in audiences and (said.permission or len(audiences) > 1):
        problems.append("is public and asks for more")
    if "BUYER" in audiences and said.house and not (said.holder or said.own or _names_nobody(method)):
        problems.append("lets buyers in and does not say what is theirs")
    problems += [
        f"names the field {path}, which the request has not as a text"
        for path in (said.house, said.holder)
        if path and not _has_text(method.input_type, path)
    ]
    if method.client_streaming and (said.house or said.holder or said.own):
        problems.append("names fields of a stream of requests")
    return problems


def _names_nobody(method: MethodDescriptor) -> bool:
    """Whether nothing in the request is anybody's: seat maps are the same for all."""
    return not any(field.name.startswith(("holder", "hold_", "order_")) for field in method.input_type.fields)


def _is_channel(field: FieldDescriptor) -> bool:
    return field.enum_type is not None and field.enum_type.full_name == _CHANNEL and not field.is_repeated


def _has_text(message: Descriptor, path: str) -> bool:
    *outer, last = path.split(".")
    for name in outer:
        field = message.fields_by_name.get(name)
        if field is None or field.message_type is None or field.is_repeated:
            return False
        message = field.message_type
    field = message.fields_by_name.get(last)
    return field is not None and field.type == field.TYPE_STRING and not field.is_repeated


def _reader(path: str) -> Callable[[Any], str] | None:
    if not path:
        return None
    names = path.split(".")
    if len(names) == 1:
        return _field(names[0])

    def read(request: Any) -> str:
        for name in names:
            request = getattr(request, name)
        value: str = request
        return value

    return read


def _field(name: str) -> Callable[[Any], str]:
    def read(request: Any) -> str:
        value: str = getattr(request, name)
        return value

    return read
