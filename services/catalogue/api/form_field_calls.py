"""balcon.catalogue.v1.CatalogueService, what buyers are asked."""

from __future__ import annotations

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.form_field_messages import form_field_message, form_field_of
from services.catalogue.domain.form_field import FormField
from services.catalogue.domain.kept import Kept
from services.catalogue.handlers.order_forms import OrderFormHandler
from services.catalogue.handlers.price_things import PriceThingHandler, ThingChange
from services.contracts.once import Asked
from services.contracts.wire_requests import asked_once
from services.runtime.rpc.errors import answered
from services.runtime.rpc.interceptors import Context


class FormFieldCalls:
    """Stateless; everything lives in the handlers."""

    _form_fields: PriceThingHandler[FormField]
    _order_forms: OrderFormHandler

    async def GetOrderForm(  # noqa: N802
        self, request: pb.GetOrderFormRequest, context: Context
    ) -> pb.GetOrderFormResponse:
        found = await self._order_forms.get(request.house_id, tuple(request.performance_ids))
        return pb.GetOrderFormResponse(form_fields=map(form_field_message, answered(found)))

    async def CreateFormField(  # noqa: N802
        self, request: pb.CreateFormFieldRequest, context: Context
    ) -> pb.CreateFormFieldResponse:
        asked: Asked[Kept[FormField]] = asked_once(
            request, lambda made: pb.CreateFormFieldResponse(form_field=form_field_message(made))
        )
        body, chosen = form_field_of(request.form_field), request.form_field.form_field_id
        made = await self._form_fields.create(asked, request.house_id, chosen, body)
        return pb.CreateFormFieldResponse.FromString(answered(made))

    async def GetFormField(  # noqa: N802
        self, request: pb.GetFormFieldRequest, context: Context
    ) -> pb.GetFormFieldResponse:
        found = await self._form_fields.get(request.house_id, request.form_field_id)
        return pb.GetFormFieldResponse(form_field=form_field_message(answered(found)))

    async def ListFormFields(  # noqa: N802
        self, request: pb.ListFormFieldsRequest, context: Context
    ) -> pb.ListFormFieldsResponse:
        page = answered(
            await self._form_fields.page(
                request.house_id, request.page_size, request.page_token, include_archived=request.include_archived
            )
        )
        return pb.ListFormFieldsResponse(
            form_fields=map(form_field_message, page.things), next_page_token=page.next_page_token
        )

    async def UpdateFormField(  # noqa: N802
        self, request: pb.UpdateFormFieldRequest, context: Context
    ) -> pb.UpdateFormFieldResponse:
        body, paths = form_field_of(request.form_field), tuple(request.update_mask.paths)
        change = ThingChange(request.form_field.form_field_id, body, paths, request.etag)
        changed = await self._form_fields.update(request.house_id, change)
        return pb.UpdateFormFieldResponse(form_field=form_field_message(answered(changed)))

    async def ArchiveFormField(  # noqa: N802
        self, request: pb.ArchiveFormFieldRequest, context: Context
    ) -> pb.ArchiveFormFieldResponse:
        archived = await self._form_fields.archive(request.house_id, request.form_field_id, request.etag)
        return pb.ArchiveFormFieldResponse(form_field=form_field_message(answered(archived)))
