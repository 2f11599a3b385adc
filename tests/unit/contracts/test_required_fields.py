"""Each service demands of a request what its proto says that it demands, and tells all that is wrong at once."""

import itertools

import pytest
from google.api import field_behavior_pb2
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor

from tests.unit.contracts.request_stages import Path, good_requests, methods, paths, refused_of, without

METHODS = {method.full_name: method for method in methods()}
UNARY = [name for name, method in METHODS.items() if not method.client_streaming]
# Where one call demands more of a message than others that share it.
MORE_IS_ASKED = {
    ("AllotSeats", "office_id"): "a hard one is an office's",
    ("CreateConsent", "thing_id"): "only a consent to the house in general is about nothing",
    ("CreateDiscount", "discount.effect.basis_points"): "a percentage has them",
    ("UpdateDiscount", "discount.effect.basis_points"): "a percentage has them",
    ("CreateOrder", "performance_id"): "an order without parts is of one performance",
    ("CreateOrder", "seats"): "an order without parts is of one performance",
    ("ExecuteOrders", "performance_id"): "an order without parts is of one performance",
    ("ExecuteOrders", "seats"): "an order without parts is of one performance",
    ("CreatePackage", "package.basis_points"): "a percentage has them",
    ("UpdatePackage", "package.basis_points"): "a percentage has them",
    ("CreatePayment", "amount.amount_minor"): "what costs nothing needs no payment",
    ("CreatePayments", "payments[0].amount.amount_minor"): "what costs nothing needs no payment",
    ("RefundLines", "amount.amount_minor"): "what gives nothing back is no refund",
    ("RefundLines", "fee.amount_minor"): "nothing is no fee",
    ("RefundPayment", "amount.amount_minor"): "what is nothing goes nowhere",
    ("RefundPayments", "refunds[0].amount.amount_minor"): "what is nothing goes nowhere",
    ("CreatePayment", "instruments[0].amount.amount_minor"): "a voucher that pays nothing is none",
    ("CreatePayments", "payments[0].instruments[0].amount.amount_minor"): "a voucher that pays nothing is none",
    ("CreateVouchers", "value.amount_minor"): "a voucher is worth something",
    ("CorrectVoucher", "amount.amount_minor"): "a correction changes something",
    ("CheckVouchers", "amount.amount_minor"): "what costs nothing needs no voucher",
    ("ListPaymentMethods", "amount.amount_minor"): "what costs nothing is not paid",
    ("CreatePerformance", "opening_hours"): "a day's admission has hours",
}


def is_required(field: FieldDescriptor) -> bool:
    return field_behavior_pb2.REQUIRED in field.GetOptions().Extensions[field_behavior_pb2.field_behavior]


def as_told(method: MethodDescriptor, path: Path) -> str:
    """As a refusal names the field: on the stream, a command's fields are told beside its row's position."""
    if not method.client_streaming or path[0] != "commands[0]" or len(path) < 2:
        return ".".join(path)
    row = method.input_type.fields_by_name["commands"].message_type
    assert row is not None
    is_command = path[1] in {field.name for field in row.oneofs_by_name["command"].fields}
    return ".".join(path[2:] if is_command and len(path) > 2 else ("commands", *path[1:]))


def names(told: str, field: str) -> bool:
    """Whether it is the field itself, or a part of it."""
    return told == field or told.startswith((f"{field}.", f"{field}["))


@pytest.mark.parametrize("name", METHODS)
async def test_a_request_with_every_field_is_taken(name: str) -> None:
    for request in good_requests(METHODS[name]):
        assert await refused_of(METHODS[name], request) == []


@pytest.mark.parametrize("name", METHODS)
async def test_each_required_field_is_demanded_and_no_optional_one(name: str) -> None:
    method = METHODS[name]
    for request in good_requests(method):
        for path, field in paths(request):
            told, field_name = await refused_of(method, without(request, path)), as_told(method, path)
            expected = is_required(field) or (method.name, field_name) in MORE_IS_ASKED
            assert any(names(one, field_name) for one in told) == expected, (field_name, told)


@pytest.mark.parametrize("name", UNARY)
async def test_an_empty_request_is_told_of_every_field_that_it_needs(name: str) -> None:
    method = METHODS[name]
    empty = type(next(good_requests(method)))()
    told = await refused_of(method, empty)
    needed = [field.name for field in method.input_type.fields if is_required(field)]
    for one in needed:
        assert any(names(field, one) for field in told), (one, told)
    assert len(told) == len(set(told)) >= len(needed)


def test_every_service_is_asked() -> None:
    services = [service for service, _ in itertools.groupby(METHODS.values(), lambda m: m.containing_service.name)]
    assert len(services) == len(set(services)) > 16
    assert len(METHODS) > 40
