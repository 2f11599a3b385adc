"""balcon.customers.v1.CustomersService, what customers do themselves. Who may is said by the link, or its session."""

from __future__ import annotations

from balcon.customers.v1 import customers_service_pb2 as pb

from services.contracts.changes import refused_change
from services.contracts.email_addresses import EmailAddress, email_address
from services.contracts.phones import phone_number
from services.contracts.wire_types import wire_instant
from services.customers.api.consent_messages import answered_messages, refused_consent_ids, refused_ticks, ticks_of
from services.customers.api.customer_messages import customer_message, erased_message
from services.customers.domain.answer import ConsentSource
from services.customers.domain.customer import CustomerChange, refused_name, refused_spoken
from services.customers.domain.link import refused_secret
from services.customers.handlers.answering import Said
from services.customers.handlers.erasures import ErasureHandler
from services.customers.handlers.exports import ExportHandler
from services.customers.handlers.own_data import OwnDataHandler
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept, answered
from services.runtime.rpc.interceptors import Context

_CHANGEABLE = frozenset({"name", "language", "phone"})


class OwnDataCalls:
    """Stateless; everything lives in the handlers."""

    _own_data: OwnDataHandler
    _erasures: ErasureHandler
    _exports: ExportHandler

    async def RequestCustomerLink(  # noqa: N802
        self, request: pb.RequestCustomerLinkRequest, context: Context
    ) -> pb.RequestCustomerLinkResponse:
        email = email_address(request.email)
        accept(refused_key("house_id", request.house_id), email if isinstance(email, FieldInvalid) else None)
        assert isinstance(email, EmailAddress), "what is no address is refused"
        await self._own_data.ask_for_link(request.house_id, email)
        return pb.RequestCustomerLinkResponse()

    async def OpenCustomerLink(  # noqa: N802
        self, request: pb.OpenCustomerLinkRequest, context: Context
    ) -> pb.OpenCustomerLinkResponse:
        accept(refused_key("house_id", request.house_id), refused_secret("secret", request.secret))
        opened = answered(await self._own_data.open(request.house_id, request.secret))
        return pb.OpenCustomerLinkResponse(
            session_secret=opened.secret,
            expires_at=wire_instant(opened.expires_at_ms),
            customer=customer_message(opened.customer),
        )

    async def EndCustomerSession(  # noqa: N802
        self, request: pb.EndCustomerSessionRequest, context: Context
    ) -> pb.EndCustomerSessionResponse:
        _accept_session(request)
        await self._own_data.end(request.house_id, request.session_secret)
        return pb.EndCustomerSessionResponse()

    async def GetOwnData(self, request: pb.GetOwnDataRequest, context: Context) -> pb.GetOwnDataResponse:  # noqa: N802
        _accept_session(request)
        own = answered(await self._own_data.get(request.house_id, request.session_secret))
        return pb.GetOwnDataResponse(customer=customer_message(own.customer), consents=answered_messages(own.answers))

    async def UpdateOwnData(  # noqa: N802
        self, request: pb.UpdateOwnDataRequest, context: Context
    ) -> pb.UpdateOwnDataResponse:
        paths, wanted = set(request.update_mask.paths), request.customer
        phone = phone_number(wanted.phone, "customer.phone") if "phone" in paths else None
        accept(
            refused_key("house_id", request.house_id),
            None if request.HasField("customer") else FieldInvalid("customer", UNSET, "the new values"),
            refused_change(request.etag, request.update_mask.paths, _CHANGEABLE),
            refused_name("customer.name", wanted.name.strip()) if "name" in paths else None,
            refused_spoken("customer.language", wanted.language) if "language" in paths else None,
            phone if isinstance(phone, FieldInvalid) else None,
            refused_secret("session_secret", request.session_secret),
        )
        assert not isinstance(phone, FieldInvalid), "what is no number is refused"
        change = CustomerChange(
            name=wanted.name.strip() if "name" in paths else None,
            language=wanted.language if "language" in paths else None,
            phone=phone,
        )
        customer = await self._own_data.update(request.house_id, request.session_secret, request.etag, change)
        return pb.UpdateOwnDataResponse(customer=customer_message(answered(customer)))

    async def AnswerOwnConsents(  # noqa: N802
        self, request: pb.AnswerOwnConsentsRequest, context: Context
    ) -> pb.AnswerOwnConsentsResponse:
        accept(
            refused_key("house_id", request.house_id),
            refused_secret("session_secret", request.session_secret),
            refused_ticks("ticks", request.ticks),
            refused_consent_ids("withdrawn_consent_ids", request.withdrawn_consent_ids),
        )
        said = Said(ConsentSource.ACCOUNT, ticks_of(request.ticks), tuple(request.withdrawn_consent_ids))
        stands = answered(await self._own_data.answer(request.house_id, request.session_secret, said))
        return pb.AnswerOwnConsentsResponse(consents=answered_messages(stands))

    async def ExportOwnData(self, request: pb.ExportOwnDataRequest, context: Context) -> pb.ExportOwnDataResponse:  # noqa: N802
        _accept_session(request)
        customer_id = answered(await self._own_data.whose(request.house_id, request.session_secret))
        told = await self._exports.export(request.house_id, customer_id)
        return pb.ExportOwnDataResponse(json=answered(told))

    async def EraseOwnData(self, request: pb.EraseOwnDataRequest, context: Context) -> pb.EraseOwnDataResponse:  # noqa: N802
        _accept_session(request)
        customer_id = answered(await self._own_data.whose(request.house_id, request.session_secret))
        erasure = await self._erasures.erase(request.house_id, customer_id)
        return pb.EraseOwnDataResponse(erased=erased_message(answered(erasure)))


def _accept_session(
    request: pb.EndCustomerSessionRequest | pb.GetOwnDataRequest | pb.ExportOwnDataRequest | pb.EraseOwnDataRequest,
) -> None:
    accept(refused_key("house_id", request.house_id), refused_secret("session_secret", request.session_secret))
