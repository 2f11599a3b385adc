"""balcon.trackers.v1.TrackersService: requests to handlers, answers to messages. No rules."""

from __future__ import annotations

from typing import Final

from balcon.trackers.v1 import trackers_service_pb2 as pb
from balcon.trackers.v1.trackers_service_pb2_grpc import TrackersServiceServicer

from services.contracts.changes import refused_change
from services.contracts.pages import AskedPage, asked_page
from services.contracts.texts import refused_idempotency_key
from services.contracts.wire_requests import asked_once
from services.integrations.trackers.api.tracker_messages import (
    activity_message,
    attachment_message,
    call_message,
    credentials_of,
    ids_of,
    kind_of,
    tracker_message,
)
from services.integrations.trackers.domain.attachment import AttachmentScope
from services.integrations.trackers.domain.tracker import (
    Tracker,
    TrackerKind,
    refused_credentials,
    refused_ids,
    refused_name,
)
from services.integrations.trackers.handlers.attachments import AttachmentHandler
from services.integrations.trackers.handlers.checking import CheckHandler
from services.integrations.trackers.handlers.trackers import TrackerHandler, WantedTracker
from services.runtime.errors import UNSET, FieldInvalid
from services.runtime.ids import refused_key
from services.runtime.rpc.errors import Refused, accept, answered
from services.runtime.rpc.interceptors import Context

_CHANGEABLE: Final = frozenset({"name", "ids", "credentials"})
_NO_IDS: Final = "how the company knows it"


class TrackersServicer(TrackersServiceServicer):
    """See balcon.trackers.v1.TrackersService."""

    def __init__(self, trackers: TrackerHandler, attachments: AttachmentHandler, checks: CheckHandler) -> None:
        self._trackers = trackers
        self._attachments = attachments
        self._checks = checks

    async def CreateTracker(self, request: pb.CreateTrackerRequest, context: Context) -> pb.CreateTrackerResponse:  # noqa: N802
        kind = kind_of(request.kind)
        wanted = WantedTracker(request.name.strip(), ids_of(request.ids), credentials_of(request.credentials))
        accept(
            refused_key("house_id", request.house_id),
            kind if isinstance(kind, FieldInvalid) else None,
            refused_name("name", wanted.name),
            None if request.HasField("ids") else FieldInvalid("ids", UNSET, _NO_IDS),
            *(() if isinstance(kind, FieldInvalid) else _refused_for(kind, wanted, has_ids=request.HasField("ids"))),
            refused_idempotency_key(request.idempotency_key),
        )
        assert not isinstance(kind, FieldInvalid), "refused otherwise"

        def response(tracker: Tracker) -> pb.CreateTrackerResponse:
            return pb.CreateTrackerResponse(tracker=tracker_message(tracker))

        written = await self._trackers.create(asked_once(request, response), request.house_id, kind, wanted)
        return pb.CreateTrackerResponse.FromString(answered(written))

    async def UpdateTracker(self, request: pb.UpdateTrackerRequest, context: Context) -> pb.UpdateTrackerResponse:  # noqa: N802
        paths, change = set(request.update_mask.paths), request.tracker
        wanted = WantedTracker(change.name.strip(), ids_of(change.ids), credentials_of(change.credentials))
        accept(
            refused_key("house_id", request.house_id),
            None if request.HasField("tracker") else FieldInvalid("tracker", UNSET, "the new values"),
            refused_key("tracker.tracker_id", change.tracker_id),
            refused_change(request.etag, request.update_mask.paths, _CHANGEABLE),
            refused_name("tracker.name", wanted.name) if "name" in paths else None,
            _refused_no_account(change) if "ids" in paths else None,
        )
        tracker = await self._trackers.update(request.house_id, change.tracker_id, request.etag, wanted, paths)
        return pb.UpdateTrackerResponse(tracker=tracker_message(answered(tracker)))

    async def ArchiveTracker(self, request: pb.ArchiveTrackerRequest, context: Context) -> pb.ArchiveTrackerResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id), refused_key("tracker_id", request.tracker_id))
        tracker = answered(await self._trackers.archive(request.house_id, request.tracker_id))
        return pb.ArchiveTrackerResponse(tracker=tracker_message(tracker))

    async def GetTracker(self, request: pb.GetTrackerRequest, context: Context) -> pb.GetTrackerResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id), refused_key("tracker_id", request.tracker_id))
        tracker, activity = answered(await self._trackers.get(request.house_id, request.tracker_id))
        return pb.GetTrackerResponse(
            tracker=tracker_message(tracker), activity=[activity_message(one) for one in activity]
        )

    async def ListTrackers(self, request: pb.ListTrackersRequest, context: Context) -> pb.ListTrackersResponse:  # noqa: N802
        asked = answered(
            asked_page(
                request.page_size, request.page_token, request.house_id, refused_key("house_id", request.house_id)
            )
        )
        page = await self._trackers.all(request.house_id, asked, archived=request.include_archived)
        trackers = [tracker_message(one) for one in page.trackers]
        return pb.ListTrackersResponse(trackers=trackers, next_page_token=page.next_page_token)

    async def ValidateTracker(self, request: pb.ValidateTrackerRequest, context: Context) -> pb.ValidateTrackerResponse:  # noqa: N802
        accept(refused_key("house_id", request.house_id), refused_key("tracker_id", request.tracker_id))
        found = answered(await self._checks.check(request.house_id, request.tracker_id))
        return pb.ValidateTrackerResponse(accepted=found.is_accepted, note=found.note)

    async def AttachTracker(self, request: pb.AttachTrackerRequest, context: Context) -> pb.AttachTrackerResponse:  # noqa: N802
        accept(*_named(request), refused_key("performance_id", request.performance_id))
        attachment = await self._attachments.to_performance(
            request.house_id, request.tracker_id, request.performance_id
        )
        return pb.AttachTrackerResponse(attachment=attachment_message(answered(attachment)))

    async def DetachTracker(self, request: pb.DetachTrackerRequest, context: Context) -> pb.DetachTrackerResponse:  # noqa: N802
        accept(*_named(request), refused_key("performance_id", request.performance_id))
        await self._detach(request, AttachmentScope.PERFORMANCE, request.performance_id)
        return pb.DetachTrackerResponse()

    async def AttachTrackerToProduction(  # noqa: N802
        self, request: pb.AttachTrackerToProductionRequest, context: Context
    ) -> pb.AttachTrackerToProductionResponse:
        accept(*_named(request), refused_key("production_id", request.production_id))
        attachment = await self._attachments.to_production(request.house_id, request.tracker_id, request.production_id)
        return pb.AttachTrackerToProductionResponse(attachment=attachment_message(answered(attachment)))

    async def DetachTrackerFromProduction(  # noqa: N802
        self, request: pb.DetachTrackerFromProductionRequest, context: Context
    ) -> pb.DetachTrackerFromProductionResponse:
        accept(*_named(request), refused_key("production_id", request.production_id))
        await self._detach(request, AttachmentScope.PRODUCTION, request.production_id)
        return pb.DetachTrackerFromProductionResponse()

    async def ListAttachments(self, request: pb.ListAttachmentsRequest, context: Context) -> pb.ListAttachmentsResponse:  # noqa: N802
        asked = _asked(request)
        page = await self._attachments.all(
            request.house_id, asked, tracker_id=request.tracker_id, performance_id=request.performance_id
        )
        attachments = [attachment_message(one) for one in page.attachments]
        return pb.ListAttachmentsResponse(attachments=attachments, next_page_token=page.next_page_token)

    async def ListTrackerCalls(  # noqa: N802
        self, request: pb.ListTrackerCallsRequest, context: Context
    ) -> pb.ListTrackerCallsResponse:
        asked = _asked(request)
        page = await self._trackers.calls(
            request.house_id, asked, tracker_id=request.tracker_id, performance_id=request.performance_id
        )
        calls = [call_message(one) for one in page.calls]
        return pb.ListTrackerCallsResponse(calls=calls, next_page_token=page.next_page_token)

    async def _detach(self, request: _Named, scope: AttachmentScope, thing_id: str) -> None:
        refusal = await self._attachments.detach(request.house_id, request.tracker_id, scope, thing_id)
        if refusal is not None:
            raise Refused(refusal)


_Named = (
    pb.AttachTrackerRequest
    | pb.DetachTrackerRequest
    | pb.AttachTrackerToProductionRequest
    | pb.DetachTrackerFromProductionRequest
)


def _named(request: _Named) -> tuple[FieldInvalid | None, FieldInvalid | None]:
    return refused_key("house_id", request.house_id), refused_key("tracker_id", request.tracker_id)


def _refused_no_account(change: pb.TrackerChange) -> FieldInvalid | None:
    """Whether it is of the form is for who knows the kind."""
    if not change.HasField("ids"):
        return FieldInvalid("tracker.ids", UNSET, _NO_IDS)
    return None if change.ids.account.strip() else FieldInvalid("tracker.ids.account", UNSET, _NO_IDS)


def _refused_for(kind: TrackerKind, wanted: WantedTracker, *, has_ids: bool) -> tuple[FieldInvalid | None, ...]:
    ids = refused_ids(kind, wanted.ids, "ids.") if has_ids else None
    return ids, refused_credentials(kind, wanted.credentials, "credentials")


def _asked(request: pb.ListAttachmentsRequest | pb.ListTrackerCallsRequest) -> AskedPage:
    return answered(
        asked_page(
            request.page_size,
            request.page_token,
            request.house_id,
            refused_key("house_id", request.house_id),
            refused_key("tracker_id", request.tracker_id) if request.tracker_id else None,
            refused_key("performance_id", request.performance_id) if request.performance_id else None,
        )
    )
