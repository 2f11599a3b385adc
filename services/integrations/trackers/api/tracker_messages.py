"""Trackers, attachments and calls between wire and domain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from balcon.funnel.v1.funnel_events_pb2 import FunnelStep
from balcon.trackers.v1 import trackers_pb2 as pb

from services.contracts.changes import etag_of
from services.contracts.wire_types import wire_instant, wire_instant_or_none
from services.integrations.trackers.domain.attachment import Attachment, AttachmentScope
from services.integrations.trackers.domain.called import Activity, CallRecord
from services.integrations.trackers.domain.steps import Step
from services.integrations.trackers.domain.tracker import (
    Credentials,
    GoogleDestination,
    Tracker,
    TrackerIds,
    TrackerKind,
)
from services.runtime.errors import UNSET, FieldInvalid

_KINDS: Final[Mapping[int, TrackerKind]] = {
    pb.TrackerKind.Value(f"TRACKER_KIND_{one.value}"): one for one in TrackerKind
}
_STEPS: Final[Mapping[int, Step]] = {FunnelStep.Value(f"FUNNEL_STEP_{one.name}"): one for one in Step}


def kind_of(wire: pb.TrackerKind.ValueType) -> TrackerKind | FieldInvalid:
    """Whose tracker."""
    return _KINDS.get(wire) or _unknown("kind", wire, [one.value for one in TrackerKind])


def step_of(wire: FunnelStep.ValueType) -> Step | FieldInvalid:
    """Which step."""
    return _STEPS.get(wire) or _unknown("step", wire, [one.name for one in Step])


def _unknown(field: str, wire: int, known: Iterable[str]) -> FieldInvalid:
    return FieldInvalid(field, f"{wire} is unknown" if wire else UNSET, ", ".join(known))


def kind_message(kind: TrackerKind) -> pb.TrackerKind.ValueType:
    """For a message."""
    return pb.TrackerKind.Value(f"TRACKER_KIND_{kind.value}")


def step_message(step: Step) -> FunnelStep.ValueType:
    """For a message."""
    return FunnelStep.Value(f"FUNNEL_STEP_{step.name}")


def ids_of(wire: pb.TrackerIds) -> TrackerIds:
    """How the company knows it; blanks around are nobody's intention."""
    google = wire.google
    return TrackerIds(
        account=wire.account.strip(),
        start_event=wire.start_event.strip(),
        purchase_event=wire.purchase_event.strip(),
        google=GoogleDestination(
            customer=google.customer.strip(),
            start_action=google.start_action.strip(),
            purchase_action=google.purchase_action.strip(),
            login_customer=google.login_customer.strip(),
        ),
    )


def credentials_of(wire: pb.TrackerCredentials) -> Credentials:
    """What was given, by its names."""
    return Credentials({field.name: str(value).strip() for field, value in wire.ListFields()})


def tracker_message(tracker: Tracker) -> pb.Tracker:
    """The tracker on the wire; nothing that lets anybody in."""
    ids, google = tracker.ids, tracker.ids.google
    destination = pb.GoogleDestination(
        customer=google.customer,
        start_action=google.start_action,
        purchase_action=google.purchase_action,
        login_customer=google.login_customer,
    )
    return pb.Tracker(
        house_id=tracker.house_id,
        tracker_id=tracker.tracker_id,
        kind=kind_message(tracker.kind),
        name=tracker.name,
        ids=pb.TrackerIds(
            account=ids.account,
            start_event=ids.start_event,
            purchase_event=ids.purchase_event,
            google=destination if google.is_set else None,
        ),
        credentials_hint=tracker.credentials_hint,
        archived=tracker.archived,
        etag=etag_of(tracker.revision),
    )


def attachment_message(attachment: Attachment) -> pb.Attachment:
    """The attachment on the wire."""
    return pb.Attachment(
        house_id=attachment.house_id,
        tracker_id=attachment.tracker_id,
        scope=_scope(attachment.scope),
        thing_id=attachment.thing_id,
        attached_at=wire_instant(attachment.attached_at_ms),
    )


def _scope(scope: AttachmentScope) -> pb.AttachmentScope.ValueType:
    return pb.AttachmentScope.Value(f"ATTACHMENT_SCOPE_{scope.value}")


def call_message(call: CallRecord) -> pb.TrackerCall:
    """A call on the wire."""
    return pb.TrackerCall(
        tracker_id=call.tracker_id,
        step=step_message(call.step),
        event_id=call.event_id,
        performance_id=call.performance_id,
        visit_id=call.visit_id,
        order_id=call.order_id,
        handed_out_at=wire_instant_or_none(call.handed_out_at_ms),
        reached_at=wire_instant_or_none(call.reached_at_ms),
        queued_at=wire_instant_or_none(call.queued_at_ms),
    )


def activity_message(activity: Activity) -> pb.TrackerActivity:
    """What a tracker was told of a step, on the wire."""
    return pb.TrackerActivity(
        step=step_message(activity.step),
        handed_out=activity.handed_out,
        reached=activity.reached,
        queued=activity.queued,
        last_handed_out_at=wire_instant_or_none(activity.last_handed_out_at_ms),
        last_reached_at=wire_instant_or_none(activity.last_reached_at_ms),
        last_queued_at=wire_instant_or_none(activity.last_queued_at_ms),
    )
