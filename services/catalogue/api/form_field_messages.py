"""Fields of the buyers' form between the wire and the domain. No rule is decided here."""

from __future__ import annotations

from typing import Final

from balcon.catalogue.v1 import catalogue_service_pb2 as pb

from services.catalogue.api.ticket_type_messages import local_names, local_names_of
from services.catalogue.domain.form_field import FormChoice, FormField
from services.catalogue.domain.kept import Kept
from services.contracts.order_forms import FormFieldKind
from services.contracts.wire_types import wire_instant_or_none

_KINDS: Final = {kind: pb.FormFieldKind.Value(f"FORM_FIELD_KIND_{kind.name}") for kind in FormFieldKind}
_KINDS_OF_WIRE: Final = {int(wire): kind for kind, wire in _KINDS.items()}


def form_field_message(kept: Kept[FormField]) -> pb.FormField:
    """The field on the wire."""
    body = kept.body
    return pb.FormField(
        form_field_id=kept.thing_id,
        label=body.label,
        translations=local_names(body.translations),
        hint=body.hint,
        hint_translations=local_names(body.hint_translations),
        kind=_KINDS[body.kind] if body.kind else pb.FORM_FIELD_KIND_UNSPECIFIED,
        required=body.required,
        of_tickets=body.of_tickets,
        at_least=body.at_least,
        at_most=body.at_most,
        from_date=body.from_date,
        until_date=body.until_date,
        choices=[
            pb.FormChoice(choice_id=one.choice_id, label=one.label, translations=local_names(one.translations))
            for one in body.choices
        ],
        performance_ids=body.performance_ids,
        position=body.position,
        etag=kept.etag,
        archived_at=wire_instant_or_none(kept.archived_at_ms),
    )


def form_field_of(message: pb.FormField) -> FormField:
    """What a request says of a field."""
    return FormField(
        label=message.label,
        kind=_KINDS_OF_WIRE.get(message.kind),
        translations=local_names_of(message.translations),
        hint=message.hint,
        hint_translations=local_names_of(message.hint_translations),
        required=message.required,
        of_tickets=message.of_tickets,
        at_least=message.at_least,
        at_most=message.at_most,
        from_date=message.from_date,
        until_date=message.until_date,
        choices=tuple(
            FormChoice(one.choice_id, one.label, local_names_of(one.translations)) for one in message.choices
        ),
        performance_ids=tuple(message.performance_ids),
        position=message.position,
    )
