"""balcon.reporting.v1.SettlementsService, deals."""

from __future__ import annotations

from balcon.reporting.v1 import settlements_pb2 as pb

from services.contracts.pages import asked_page, token_after
from services.contracts.texts import refused_idempotency_key
from services.contracts.wire_requests import asked_once
from services.reporting.api.deal_messages import deal_key_of, deal_message, deal_of, refused_deal, refused_scope
from services.reporting.domain.settlement_document import KeptDeal
from services.reporting.handlers.deals import THINGS, DealHandler
from services.reporting.ports.deals import DealThing
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import accept, answered
from services.runtime.rpc.interceptors import Context

_MAX_VERSION = 2**31 - 1


class DealCalls:
    """Stateless; everything lives in the handler."""

    _deals: DealHandler

    async def SetDeal(self, request: pb.SetDealRequest, context: Context) -> pb.SetDealResponse:  # noqa: N802
        accept(
            refused_idempotency_key(request.idempotency_key),
            refused_key("house_id", request.house_id),
            *(
                refused_deal(request.deal)
                if request.HasField("deal")
                else [FieldInvalid("deal", UNSET, "what was agreed on")]
            ),
        )
        key = deal_key_of(request.deal.scope, request.deal.scope_id)

        def response(kept: KeptDeal) -> pb.SetDealResponse:
            return pb.SetDealResponse(deal=deal_message(kept))

        asked = asked_once(request, response)
        answer = await self._deals.set(asked, request.house_id, key, deal_of(request.deal), request.etag)
        return pb.SetDealResponse.FromString(answered(answer))

    async def GetDeal(self, request: pb.GetDealRequest, context: Context) -> pb.GetDealResponse:  # noqa: N802
        accept(
            refused_key("house_id", request.house_id),
            refused_scope("scope", request.scope),
            refused_key("scope_id", request.scope_id),
            _refused_version(request.deal_version),
        )
        key = deal_key_of(request.scope, request.scope_id)
        kept = answered(await self._deals.get(request.house_id, key, request.deal_version))
        return pb.GetDealResponse(deal=deal_message(kept))

    async def ListDeals(self, request: pb.ListDealsRequest, context: Context) -> pb.ListDealsResponse:  # noqa: N802
        page = answered(
            asked_page(
                request.page_size, request.page_token, request.house_id, refused_key("house_id", request.house_id)
            )
        )
        found = await self._deals.page(request.house_id, page)
        shown = found[: page.size]
        token = _token(request.house_id, shown[-1]) if len(found) > page.size else ""
        return pb.ListDealsResponse(deals=map(deal_message, shown), next_page_token=token)


def _refused_version(version: int) -> FieldInvalid | None:
    if version <= _MAX_VERSION:
        return None
    return FieldInvalid("deal_version", f"is {version:,}", f"0 to {_MAX_VERSION:,}")


def _token(house_id: str, last: KeptDeal) -> str:
    thing = DealThing.PERFORMANCE if last.performance_id else DealThing.PRODUCTION
    return token_after(house_id, last.performance_id or last.production_id, THINGS.index(thing))
