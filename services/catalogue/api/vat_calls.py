"""balcon.catalogue.v1.CatalogueService, VAT classes and price rules."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.vat_messages import rules_message, rules_of, vat_class_message, vat_class_of
from services.catalogue.domain.kept import Kept
from services.catalogue.domain.vat import VatClass
from services.catalogue.handlers.price_rules import PriceRulesHandler, RulesChange
from services.catalogue.handlers.price_things import PriceThingHandler, ThingChange
from services.contracts.once import Asked
from services.contracts.wire_requests import asked_once
from services.runtime.rpc.errors import answered
from services.runtime.rpc.interceptors import Context


class VatCalls:
    """Stateless; everything lives in the handlers."""

    _price_rules: PriceRulesHandler
    _vat_classes: PriceThingHandler[VatClass]

    async def GetPriceRules(  # noqa: N802
        self, request: pb.GetPriceRulesRequest, context: Context
    ) -> pb.GetPriceRulesResponse:
        rules = answered(await self._price_rules.get(request.house_id))
        return pb.GetPriceRulesResponse(price_rules=rules_message(rules))

    async def UpdatePriceRules(  # noqa: N802
        self, request: pb.UpdatePriceRulesRequest, context: Context
    ) -> pb.UpdatePriceRulesResponse:
        rules_asked = rules_of(request.price_rules) if request.HasField("price_rules") else None
        change = RulesChange(rules_asked, tuple(request.update_mask.paths), request.etag)
        rules = answered(await self._price_rules.update(request.house_id, change))
        return pb.UpdatePriceRulesResponse(price_rules=rules_message(rules))

    async def AdoptVatClasses(  # noqa: N802
        self, request: pb.AdoptVatClassesRequest, context: Context
    ) -> pb.AdoptVatClassesResponse:
        classes = await self._price_rules.adopt(request.house_id, request.country, request.ticket_vat_class_id)
        return pb.AdoptVatClassesResponse(vat_classes=map(vat_class_message, answered(classes)))

    async def CreateVatClass(  # noqa: N802
        self, request: pb.CreateVatClassRequest, context: Context
    ) -> pb.CreateVatClassResponse:
        asked: Asked[Kept[VatClass]] = asked_once(
            request, lambda made: pb.CreateVatClassResponse(vat_class=vat_class_message(made))
        )
        body, chosen = vat_class_of(request.vat_class), request.vat_class.vat_class_id
        made = await self._vat_classes.create(asked, request.house_id, chosen, body)
        return pb.CreateVatClassResponse.FromString(answered(made))

    async def GetVatClass(self, request: pb.GetVatClassRequest, context: Context) -> pb.GetVatClassResponse:  # noqa: N802
        found = await self._vat_classes.get(request.house_id, request.vat_class_id)
        return pb.GetVatClassResponse(vat_class=vat_class_message(answered(found)))

    async def ListVatClasses(  # noqa: N802
        self, request: pb.ListVatClassesRequest, context: Context
    ) -> pb.ListVatClassesResponse:
        page = answered(
            await self._vat_classes.page(
                request.house_id, request.page_size, request.page_token, include_archived=request.include_archived
            )
        )
        return pb.ListVatClassesResponse(
            vat_classes=map(vat_class_message, page.things), next_page_token=page.next_page_token
        )

    async def UpdateVatClass(  # noqa: N802
        self, request: pb.UpdateVatClassRequest, context: Context
    ) -> pb.UpdateVatClassResponse:
        body, paths = vat_class_of(request.vat_class), tuple(request.update_mask.paths)
        change = ThingChange(request.vat_class.vat_class_id, body, paths, request.etag)
        changed = await self._vat_classes.update(request.house_id, change)
        return pb.UpdateVatClassResponse(vat_class=vat_class_message(answered(changed)))

    async def ArchiveVatClass(  # noqa: N802
        self, request: pb.ArchiveVatClassRequest, context: Context
    ) -> pb.ArchiveVatClassResponse:
        archived = await self._vat_classes.archive(request.house_id, request.vat_class_id, request.etag)
        return pb.ArchiveVatClassResponse(vat_class=vat_class_message(answered(archived)))
