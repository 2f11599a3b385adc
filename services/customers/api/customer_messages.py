"""Customers and what stays of the erased, on the wire."""

from __future__ import annotations

from balcon.customers.v1 import customers_service_pb2 as pb

from services.contracts.changes import etag_of
from services.contracts.wire_types import wire_instant
from services.customers.domain.customer import Customer
from services.customers.domain.erasure import Erasure


def customer_message(customer: Customer) -> pb.Customer:
    """The customer on the wire."""
    return pb.Customer(
        house_id=customer.house_id,
        customer_id=customer.customer_id,
        name=customer.name,
        email=customer.email.written,
        language=customer.language,
        phone=customer.phone,
        email_confirmed=customer.email_confirmed,
        created_at=wire_instant(customer.created_at_ms),
        etag=etag_of(customer.revision),
    )


def erased_message(erasure: Erasure) -> pb.ErasedCustomer:
    """What stays, on the wire."""
    until_ms = erasure.locked_until_ms
    return pb.ErasedCustomer(
        house_id=erasure.house_id,
        customer_id=erasure.customer_id,
        erased_at=wire_instant(erasure.erased_at_ms),
        locked_until=None if until_ms is None else wire_instant(until_ms),
    )
