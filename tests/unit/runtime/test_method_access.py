"""What methods declare, what declarations cannot be, and whom the gate of a method lets in."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from balcon.access.v1 import access_pb2 as pb
from balcon.inventory.v1 import inventory_service_pb2
from balcon.orders.v1 import orders_service_pb2
from balcon.types.v1.seating_pb2 import CHANNEL_BACKEND, CHANNEL_BOX_OFFICE, CHANNEL_ONLINE, CHANNEL_UNSPECIFIED
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import MethodDescriptor

from services.runtime.access.interceptor import MethodGate
from services.runtime.access.method_access import AccessUndeclared, MethodAccess, access_of, method_access
from services.runtime.access.refusals import (
    AudienceRefused,
    ChannelForeign,
    HolderForeign,
    HouseNotFound,
    PermissionMissing,
)
from services.runtime.principal import HouseRoles, Principal, PrincipalKind, PrincipalRef

_TEXT, _NUMBER = descriptor_pb2.FieldDescriptorProto.TYPE_STRING, descriptor_pb2.FieldDescriptorProto.TYPE_INT64
BUYER, SERVICE, PUBLIC = pb.AUDIENCE_BUYER, pb.AUDIENCE_SERVICE, pb.AUDIENCE_PUBLIC


def method(said: pb.Access | None, fields: dict[str, Any] | None = None, *, streams: bool = False) -> MethodDescriptor:
    """A method that declares `said`, with a request of those fields."""
    file = descriptor_pb2.FileDescriptorProto(name="t.proto", package="t", syntax="proto3")
    request = file.message_type.add(name="ActRequest")
    for number, (name, kind) in enumerate((fields or {"house_id": _TEXT, "holder_id": _TEXT}).items(), 1):
        request.field.add(name=name, number=number, type=kind, label=1)
    rpc = file.service.add(name="Acts").method.add(
        name="Act", input_type=".t.ActRequest", output_type=".t.ActRequest", client_streaming=streams
    )
    if said is not None:
        rpc.options.Extensions[pb.access].CopyFrom(said)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found: MethodDescriptor = pool.FindServiceByName("t.Acts").methods_by_name["Act"]
    return found


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (None, "has no"),
        (pb.Access(), "lets nobody call"),
        (pb.Access(house="house_id"), "lets nobody call"),
        (pb.Access(audiences=[pb.AUDIENCE_UNSPECIFIED]), "names no audience"),
        (pb.Access(permission="orders.read"), "in no house"),
        (pb.Access(permission="orders.read", house="hall_id"), "names the field hall_id"),
        (pb.Access(permission="orders.read", house="number"), "names the field number"),
        (pb.Access(permission="orders.read", house="house_id.x"), "names the field house_id.x"),
        (pb.Access(audiences=[SERVICE], holder="buyer_id"), "names the field buyer_id"),
        (pb.Access(audiences=[PUBLIC, SERVICE]), "is public and asks for more"),
        (pb.Access(audiences=[BUYER], house="house_id"), "does not say what is theirs"),
    ],
)
def test_a_service_with_such_a_method_does_not_start(said: pb.Access | None, problem: str) -> None:
    fields = {"house_id": _TEXT, "holder_id": _TEXT, "number": _NUMBER}
    with pytest.raises(AccessUndeclared, match=problem):
        access_of(method(said, fields))


def test_a_stream_of_requests_cannot_name_a_field_of_theirs() -> None:
    with pytest.raises(AccessUndeclared, match="stream of requests"):
        access_of(method(pb.Access(audiences=[SERVICE], house="house_id"), streams=True))


def test_the_option_is_read_from_the_protos() -> None:
    access = method_access(f"/{inventory_service_pb2.DESCRIPTOR.package}.InventoryService/HoldSeats")
    request = SimpleNamespace(key=SimpleNamespace(house_id="hse_1"), holder_id="hld_1")
    assert access.permission == "seats.hold"
    assert access.audiences == {"BUYER", "SERVICE"}
    assert access.house_of is not None
    assert access.holder_of is not None
    assert (access.house_of(request), access.holder_of(request)) == ("hse_1", "hld_1")


def gate(access: MethodAccess) -> MethodGate:
    return MethodGate(access, lambda permission: frozenset({"owner"} if permission == "seats.hold" else ()))


HOLDING = gate(
    access_of(
        method(
            pb.Access(permission="seats.hold", house="house_id", audiences=[BUYER, SERVICE], holder="holder_id"),
        )
    )
)
REQUEST = SimpleNamespace(house_id="hse_a", holder_id="hld_1")


def staff(*roles: str, house_id: str = "hse_a") -> Principal:
    return Principal(PrincipalKind.STAFF, "psn_1", (HouseRoles(house_id, frozenset(roles)),))


def service(acts_for: PrincipalRef | None = None) -> Principal:
    return Principal(PrincipalKind.SERVICE, "shop", on_behalf_of=acts_for)


@pytest.mark.parametrize(
    ("principal", "refusal"),
    [
        (staff("owner"), None),
        (staff("door", "owner"), None),
        (staff("door"), PermissionMissing("hse_a", "seats.hold")),
        (staff(), PermissionMissing("hse_a", "seats.hold")),
        (staff("owner", house_id="hse_b"), HouseNotFound("hse_a")),
        (Principal(PrincipalKind.STAFF, "psn_1"), HouseNotFound("hse_a")),
        (Principal(PrincipalKind.BUYER, "hld_1"), None),
        (Principal(PrincipalKind.BUYER, "hld_2"), HolderForeign("holder_id")),
        (service(), None),
        (service(PrincipalRef(PrincipalKind.STAFF, "psn_1")), None),
        (service(PrincipalRef(PrincipalKind.BUYER, "hld_1")), None),
        (service(PrincipalRef(PrincipalKind.BUYER, "hld_2")), HolderForeign("holder_id")),
        (Principal(PrincipalKind.PROMOTER, "psn_2"), AudienceRefused("promoter")),
        (Principal(PrincipalKind.RESELLER, "rsl_1"), AudienceRefused("reseller")),
        (Principal(PrincipalKind.OPERATOR, "console"), AudienceRefused("operator")),
    ],
)
def test_the_gate_of_a_method_for_staff_buyers_and_services(principal: Principal, refusal: object) -> None:
    assert HOLDING.refusal(principal, REQUEST) == refusal


ORDERING = f"/{orders_service_pb2.DESCRIPTOR.package}.OrdersService/CreateOrder"
BUYING = gate(method_access(ORDERING))
SHOPPER = PrincipalRef(PrincipalKind.BUYER, "hld_1")


@pytest.mark.parametrize("channel", [CHANNEL_BOX_OFFICE, CHANNEL_BACKEND])
@pytest.mark.parametrize("who", [Principal(SHOPPER.kind, SHOPPER.subject), service(SHOPPER)])
def test_a_buyer_buys_online_and_on_no_channel_of_the_houses_people(who: Principal, channel: int) -> None:
    request = SimpleNamespace(house_id="hse_a", holder_id="hld_1", channel=channel)
    assert BUYING.refusal(who, request) == ChannelForeign("channel")
    for theirs in (CHANNEL_ONLINE, CHANNEL_UNSPECIFIED):
        # None at all is told by the call itself, with whatever else is wrong.
        request.channel = theirs
        assert BUYING.refusal(who, request) is None


@pytest.mark.parametrize("channel", [CHANNEL_BOX_OFFICE, CHANNEL_BACKEND, CHANNEL_ONLINE])
def test_services_and_people_of_the_house_sell_on_every_channel(channel: int) -> None:
    request = SimpleNamespace(house_id="hse_a", holder_id="hld_1", channel=channel)
    selling = MethodGate(method_access(ORDERING), lambda _: frozenset({"door"}))
    for who in (service(), service(PrincipalRef(PrincipalKind.STAFF, "psn_1")), staff("door")):
        assert selling.refusal(who, request) is None


def test_staff_of_no_house_in_particular_are_people_too() -> None:
    mine = gate(access_of(method(pb.Access(audiences=[pb.AUDIENCE_PERSON]))))
    assert mine.refusal(Principal(PrincipalKind.STAFF, "psn_1"), REQUEST) is None
    assert mine.refusal(Principal(PrincipalKind.PROMOTER, "psn_1"), REQUEST) is None
    assert mine.refusal(Principal(PrincipalKind.BUYER, "hld_1"), REQUEST) == AudienceRefused("buyer")


def test_a_resellers_key_opens_the_houses_that_it_is_scoped_to() -> None:
    selling = gate(access_of(method(pb.Access(audiences=[pb.AUDIENCE_RESELLER], house="house_id"))))
    scoped = Principal(PrincipalKind.RESELLER, "rsl_1", (HouseRoles("hse_a", frozenset()),))
    assert selling.refusal(scoped, REQUEST) is None
    assert selling.refusal(Principal(PrincipalKind.RESELLER, "rsl_2"), REQUEST) == HouseNotFound("hse_a")


def test_without_a_permission_no_role_lets_anybody_in() -> None:
    internal = gate(access_of(method(pb.Access(audiences=[SERVICE], house="house_id"))))
    assert internal.refusal(staff("owner"), REQUEST) == AudienceRefused("staff")
