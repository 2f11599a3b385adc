"""balcon.customers.v1.CustomersService, what the house's people and other services ask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from balcon.customers.v1 import customers_service_pb2 as pb

from services.contracts.changes import refused_change
from services.contracts.email_addresses import EmailAddress, email_address
from services.contracts.pages import asked_page
from services.contracts.phones import phone_number
from services.contracts.texts import refused_idempotency_key
from services.contracts.wire_requests import asked_once
from services.contracts.wire_types import instant_ms
from services.customers.api.consent_messages import refused_ticks, ticks_of
from services.customers.api.customer_messages import customer_message, erased_message
from services.customers.domain.customer import (
    MAX_BUYERS,
    Customer,
    CustomerChange,
    refused_name,
    refused_spoken,
)
from services.customers.domain.link import refused_secret
from services.customers.handlers.customers import CustomerHandler, WantedCustomer
from services.customers.handlers.erasures import ErasureHandler
from services.customers.handlers.exports import ExportHandler
from services.customers.handlers.identities import Buyer, IdentityHandler
from services.runtime.errors import UNSET, FieldInvalid, Refusal
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused, accept, answered
from services.runtime.rpc.interceptors import Context

_CHANGEABLE = frozenset({"name", "email", "language", "phone"})


class CustomerCalls:
    """Stateless; everything lives in the handlers."""

    _identities: IdentityHandler
    _customers: CustomerHandler
    _erasures: ErasureHandler
    _exports: ExportHandler

    async def IdentifyCustomers(  # noqa: N802
        self, request: pb.IdentifyCustomersRequest, context: Context
    ) -> pb.IdentifyCustomersResponse:
        accept(refused_key("house_id", request.house_id), *_refused_buyers(request.buyers))
        found = await self._identities.identify(request.house_id, [_buyer(one) for one in request.buyers])
        told = [_identified(one.ref, who) for one, who in zip(request.buyers, found, strict=True)]
        return pb.IdentifyCustomersResponse(customers=told)

    async def CreateCustomer(  # noqa: N802
        self, request: pb.CreateCustomerRequest, context: Context
    ) -> pb.CreateCustomerResponse:
        email, phone = email_address(request.email), phone_number(request.phone)
        accept(
            refused_key("house_id", request.house_id),
            refused_name("name", request.name.strip()),
            email if isinstance(email, FieldInvalid) else None,
            refused_spoken("language", request.language),
            phone if isinstance(phone, FieldInvalid) else None,
            refused_idempotency_key(request.idempotency_key),
        )
        assert isinstance(email, EmailAddress), "what is no address is refused"
        assert isinstance(phone, str), "what is no number is refused"

        def response(customer: Customer) -> pb.CreateCustomerResponse:
            return pb.CreateCustomerResponse(customer=customer_message(customer))

        wanted = WantedCustomer(request.name.strip(), email, request.language, phone)
        written = await self._customers.create(asked_once(request, response), request.house_id, wanted)
        return pb.CreateCustomerResponse.FromString(answered(written))

    async def GetCustomer(self, request: pb.GetCustomerRequest, context: Context) -> pb.GetCustomerResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id), refused_key("customer_id", request.customer_id))
        customer = answered(await self._customers.get(request.house_id, request.customer_id))
        return pb.GetCustomerResponse(customer=customer_message(customer))

    async def ListCustomers(  # noqa: N802
        self, request: pb.ListCustomersRequest, context: Context
    ) -> pb.ListCustomersResponse:
        email = email_address(request.email) if request.email else None
        asked = asked_page(
            request.page_size,
            request.page_token,
            request.house_id,
            refused_key("house_id", request.house_id),
            email if isinstance(email, FieldInvalid) else None,
        )
        if isinstance(asked, FieldInvalid):
            raise Refused(asked)
        assert not isinstance(email, FieldInvalid), "what is no address is refused"
        page = await self._customers.page(request.house_id, email, asked)
        customers = [customer_message(one) for one in page.customers]
        return pb.ListCustomersResponse(customers=customers, next_page_token=page.next_page_token)

    async def UpdateCustomer(  # noqa: N802
        self, request: pb.UpdateCustomerRequest, context: Context
    ) -> pb.UpdateCustomerResponse:
        paths, wanted = set(request.update_mask.paths), request.customer
        email = email_address(wanted.email, "customer.email") if "email" in paths else None
        phone = phone_number(wanted.phone, "customer.phone") if "phone" in paths else None
        accept(
            refused_key("house_id", request.house_id),
            None if request.HasField("customer") else FieldInvalid("customer", UNSET, "the new values"),
            refused_key("customer.customer_id", wanted.customer_id),
            refused_change(request.etag, request.update_mask.paths, _CHANGEABLE),
            refused_name("customer.name", wanted.name.strip()) if "name" in paths else None,
            email if isinstance(email, FieldInvalid) else None,
            refused_spoken("customer.language", wanted.language) if "language" in paths else None,
            phone if isinstance(phone, FieldInvalid) else None,
        )
        assert not isinstance(email, FieldInvalid), "what is no address is refused"
        assert not isinstance(phone, FieldInvalid), "what is no number is refused"
        change = CustomerChange(
            name=wanted.name.strip() if "name" in paths else None,
            email=email,
            language=wanted.language if "language" in paths else None,
            phone=phone,
        )
        customer = await self._customers.update(request.house_id, wanted.customer_id, request.etag, change)
        return pb.UpdateCustomerResponse(customer=customer_message(answered(customer)))

    async def MergeCustomers(  # noqa: N802
        self, request: pb.MergeCustomersRequest, context: Context
    ) -> pb.MergeCustomersResponse:
        accept(
            refused_key("house_id", request.house_id),
            refused_key("customer_id", request.customer_id),
            refused_key("merged_customer_id", request.merged_customer_id),
        )
        stays = await self._customers.merge(request.house_id, request.customer_id, request.merged_customer_id)
        return pb.MergeCustomersResponse(customer=customer_message(answered(stays)))

    async def ExportCustomer(  # noqa: N802
        self, request: pb.ExportCustomerRequest, context: Context
    ) -> pb.ExportCustomerResponse:
        accept(refused_key("house_id", request.house_id), refused_key("customer_id", request.customer_id))
        told = answered(await self._exports.export(request.house_id, request.customer_id))
        return pb.ExportCustomerResponse(json=told)

    async def EraseCustomer(  # noqa: N802
        self, request: pb.EraseCustomerRequest, context: Context
    ) -> pb.EraseCustomerResponse:
        accept(refused_key("house_id", request.house_id), refused_key("customer_id", request.customer_id))
        erasure = answered(await self._erasures.erase(request.house_id, request.customer_id))
        return pb.EraseCustomerResponse(erased=erased_message(erasure))

    async def ListErasedCustomers(  # noqa: N802
        self, request: pb.ListErasedCustomersRequest, context: Context
    ) -> pb.ListErasedCustomersResponse:
        asked = asked_page(
            request.page_size, request.page_token, request.house_id, refused_key("house_id", request.house_id)
        )
        if isinstance(asked, FieldInvalid):
            raise Refused(asked)
        page = await self._erasures.page(request.house_id, asked)
        erased = [erased_message(one) for one in page.erasures]
        return pb.ListErasedCustomersResponse(customers=erased, next_page_token=page.next_page_token)


def _refused_buyers(buyers: Sequence[pb.Buyer]) -> Iterator[FieldInvalid | None]:
    if not 1 <= len(buyers) <= MAX_BUYERS:
        yield FieldInvalid("buyers", f"has {len(buyers):,}" if buyers else UNSET, f"1 to {MAX_BUYERS}")
        return
    seen: set[str] = set()
    for place, one in enumerate(buyers):
        field = f"buyers[{place}]"
        yield refused_key(f"{field}.ref", one.ref)
        if one.ref and one.ref in seen:
            yield FieldInvalid(f"{field}.ref", "is there twice", "each once")
        seen.add(one.ref)
        if one.session_secret:
            yield refused_secret(f"{field}.session_secret", one.session_secret)
        elif one.customer_id:
            yield refused_key(f"{field}.customer_id", one.customer_id)
        elif not one.email:
            yield FieldInvalid(f"{field}.email", UNSET, "or customer_id, or session_secret")
        yield refused_spoken(f"{field}.language", one.language)
        yield refused_ticks(f"{field}.ticks", one.ticks)


def _buyer(wire: pb.Buyer) -> Buyer:
    return Buyer(
        ref=wire.ref,
        customer_id=wire.customer_id,
        session_secret=wire.session_secret,
        name=wire.name,
        email=_address(wire.email) if not (wire.session_secret or wire.customer_id) else None,
        language=wire.language,
        ticks=ticks_of(wire.ticks),
        ordered_at_ms=instant_ms(wire.ordered_at),
    )


def _address(written: str) -> EmailAddress:
    """Whoever sells has looked at it. What no mail reaches is somebody's all the same: a sale does not end by that."""
    found = email_address(written)
    return found if isinstance(found, EmailAddress) else EmailAddress(written, written.casefold())


def _identified(ref: str, who: str | Refusal) -> pb.Identified:
    if isinstance(who, str):
        return pb.Identified(ref=ref, customer_id=who)
    return pb.Identified(ref=ref, refused=who.reason(), field=getattr(who, "field", ""))
