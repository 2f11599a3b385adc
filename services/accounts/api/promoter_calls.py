"""balcon.accounts.v1.AccountsService, promoters."""

from __future__ import annotations

from balcon.accounts.v1 import accounts_service_pb2 as pb

from services.accounts.domain.promoter import CHANGEABLE, Promoter
from services.accounts.handlers.promoters import PromoterHandler
from services.contracts.bounds import MAX_NAME_CHARS
from services.contracts.changes import etag_of, refused_mask, refused_unset_etag
from services.contracts.email_addresses import EmailAddress, email_address
from services.contracts.pages import asked_page
from services.contracts.texts import refused_idempotency_key, refused_text
from services.contracts.wire_requests import asked_once
from services.contracts.wire_types import wire_instant
from services.runtime.errors import FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused, accept, answered
from services.runtime.rpc.interceptors import Context


class PromoterCalls:
    """Stateless; everything lives in the handler."""

    _promoters: PromoterHandler

    async def CreatePromoter(self, request: pb.CreatePromoterRequest, context: Context) -> pb.CreatePromoterResponse:  # noqa: N802
        email = email_address(request.email)
        accept(
            refused_key("house_id", request.house_id),
            refused_text("name", request.name, at_most=MAX_NAME_CHARS),
            email if isinstance(email, FieldInvalid) else None,
            refused_idempotency_key(request.idempotency_key),
        )
        assert isinstance(email, EmailAddress), "what is no address is refused"

        def response(promoter: Promoter) -> pb.CreatePromoterResponse:
            return pb.CreatePromoterResponse(promoter=_message(promoter))

        written = await self._promoters.create(asked_once(request, response), request.house_id, request.name, email)
        return pb.CreatePromoterResponse.FromString(answered(written))

    async def GetPromoter(self, request: pb.GetPromoterRequest, context: Context) -> pb.GetPromoterResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id), refused_key("promoter_id", request.promoter_id))
        promoter = answered(await self._promoters.get(request.house_id, request.promoter_id))
        return pb.GetPromoterResponse(promoter=_message(promoter))

    async def ListPromoters(self, request: pb.ListPromotersRequest, context: Context) -> pb.ListPromotersResponse:  # noqa: N802
        checks = (refused_key("house_id", request.house_id),)
        asked = asked_page(request.page_size, request.page_token, request.house_id, *checks)
        if isinstance(asked, FieldInvalid):
            raise Refused(asked)
        page = await self._promoters.page(request.house_id, asked)
        return pb.ListPromotersResponse(
            promoters=[_message(one) for one in page.promoters], next_page_token=page.next_page_token
        )

    async def UpdatePromoter(self, request: pb.UpdatePromoterRequest, context: Context) -> pb.UpdatePromoterResponse:  # noqa: N802
        paths, new = set(request.update_mask.paths), request.promoter
        email = email_address(new.email, "promoter.email") if "email" in paths else None
        accept(
            refused_key("house_id", request.house_id),
            refused_key("promoter.promoter_id", new.promoter_id),
            refused_mask(request.update_mask.paths, CHANGEABLE),
            refused_unset_etag(request.etag),
            refused_text("promoter.name", new.name, at_most=MAX_NAME_CHARS) if "name" in paths else None,
            email if isinstance(email, FieldInvalid) else None,
        )
        assert not isinstance(email, FieldInvalid), "what is no address is refused"
        promoter = await self._promoters.update(
            request.house_id,
            new.promoter_id,
            request.etag,
            name=new.name if "name" in paths else None,
            email=email,
        )
        return pb.UpdatePromoterResponse(promoter=_message(answered(promoter)))

    async def ResetPromoterPassword(  # noqa: N802
        self, request: pb.ResetPromoterPasswordRequest, context: Context
    ) -> pb.ResetPromoterPasswordResponse:
        accept(refused_key("house_id", request.house_id), refused_key("promoter_id", request.promoter_id))
        answered(await self._promoters.reset_password(request.house_id, request.promoter_id))
        return pb.ResetPromoterPasswordResponse()


def _message(promoter: Promoter) -> pb.Promoter:
    person = promoter.person
    return pb.Promoter(
        house_id=promoter.house_id,
        promoter_id=person.person_id,
        name=person.name,
        email=person.email.written,
        email_confirmed=person.email_confirmed,
        created_at=wire_instant(promoter.created_at_ms),
        etag=etag_of(person.revision),
    )
