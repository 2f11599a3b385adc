"""R3.13, R3.14: a house's trackers, and that nothing of them crosses into another house."""

from __future__ import annotations

import grpc
import pytest
from balcon.catalogue.v1.catalogue_events_pb2 import PerformanceCreated, PerformanceMoved
from balcon.trackers.v1 import trackers_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask

from services.integrations.trackers.domain.steps import Step
from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.refusals import refusal
from tests.integration.trackers.shows import A, B, Shows, a_performance, production_of, show_of
from tests.integration.trackers.stage import GTM, ID_FORMS, META, TOKEN, Trackers, X

KEYS = pb.TrackerCredentials(access_token=TOKEN)


async def shown(trackers: Trackers, tracker: pb.Tracker) -> pb.Tracker:
    request = pb.GetTrackerRequest(house_id=tracker.house_id, tracker_id=tracker.tracker_id)
    return (await trackers.stub.GetTracker(request)).tracker


def change(tracker: pb.Tracker, *paths: str, **values: object) -> pb.UpdateTrackerRequest:
    return pb.UpdateTrackerRequest(
        house_id=tracker.house_id,
        tracker=pb.TrackerChange(tracker_id=tracker.tracker_id, **values),  # type: ignore[arg-type]
        update_mask=FieldMask(paths=paths or tuple(values)),
        etag=tracker.etag,
    )


async def test_a_tracker_is_made_once_changed_by_its_etag_and_told_without_its_keys(trackers: Trackers) -> None:
    made = await trackers.tracker(META, key="key_1", credentials=KEYS)
    assert await trackers.tracker(META, key="key_1", credentials=KEYS) == made
    assert (made.credentials_hint, made.ids) == ("…6789", ID_FORMS[META])
    renamed = (await trackers.stub.UpdateTracker(change(made, name="Theirs"))).tracker
    assert (renamed.name, renamed.ids, renamed.credentials_hint) == ("Theirs", made.ids, "…6789")
    assert (await refusal(trackers.stub.UpdateTracker(change(made, name="Lost")))).reason == "ETAG_STALE"
    wrong = change(renamed, "ids", "credentials", ids=pb.TrackerIds(account="x"), credentials=pb.TrackerCredentials())
    assert (await refusal(trackers.stub.UpdateTracker(wrong))).reason == "FIELD_INVALID"
    keyless = (await trackers.stub.UpdateTracker(change(renamed, "credentials"))).tracker
    assert (keyless.credentials_hint, await shown(trackers, made)) == ("", keyless)
    listed = await trackers.stub.ListTrackers(pb.ListTrackersRequest(house_id=A))
    assert list(listed.trackers) == [keyless]
    acts = "".join(await trackers.acts())
    assert all(act in acts for act in ("tracker.created", "tracker.changed"))


async def test_keys_are_nowhere_but_sealed(trackers: Trackers) -> None:
    made = await trackers.tracker(META, credentials=KEYS)
    assert TOKEN not in str(made)
    assert TOKEN not in await trackers.everything()
    [(sealed,)] = await trackers.rows("SELECT sealed_credentials FROM trackers")
    assert len(bytes(sealed)) > len(TOKEN)


async def test_an_archived_tracker_is_silent_and_its_keys_are_gone(trackers: Trackers) -> None:
    [made] = await trackers.attached(META, credentials=KEYS)
    asked = pb.ArchiveTrackerRequest(house_id=A, tracker_id=made.tracker_id)
    archived = (await trackers.stub.ArchiveTracker(asked)).tracker
    assert archived.archived
    assert (await trackers.stub.ArchiveTracker(asked)).tracker == archived
    assert await trackers.rows("SELECT sealed_credentials FROM trackers") == [(None,)]
    await trackers.come_to("visit_1", Step.START)
    assert await trackers.counts() == {}
    assert (await refusal(trackers.attach(made, show_of(A, 2)))).reason == "TRACKER_ARCHIVED"


async def test_r3_14_a_tracker_is_reused_within_its_house(trackers: Trackers) -> None:
    [made] = await trackers.attached(META)
    await trackers.attach(made, show_of(A, 2))
    assert await trackers.attach(made) == await trackers.attach(made)
    page = await trackers.stub.ListAttachments(pb.ListAttachmentsRequest(house_id=A, page_size=1))
    token = page.next_page_token
    rest = await trackers.stub.ListAttachments(pb.ListAttachmentsRequest(house_id=A, page_size=1, page_token=token))
    assert [one.thing_id for one in (*page.attachments, *rest.attachments)] == [show_of(A), show_of(A, 2)]
    assert not rest.next_page_token
    detach = pb.DetachTrackerRequest(house_id=A, tracker_id=made.tracker_id, performance_id=show_of(A))
    await trackers.stub.DetachTracker(detach)
    await trackers.stub.DetachTracker(detach)
    assert len((await trackers.stub.ListAttachments(pb.ListAttachmentsRequest(house_id=A))).attachments) == 1


@pytest.mark.parametrize("thing", ["performance", "production"])
async def test_r3_14_attaching_across_houses_is_refused_both_ways(trackers: Trackers, thing: str) -> None:
    mine, theirs = await trackers.tracker(META), await trackers.tracker(META, house_id=B)
    if thing == "performance":
        attach, of = pb.AttachTrackerRequest, {"performance_id": show_of(A)}
        foreign = {"performance_id": show_of(B)}
        call = trackers.stub.AttachTracker
    else:
        attach, of = pb.AttachTrackerToProductionRequest, {"production_id": production_of(A)}  # type: ignore[assignment]
        foreign = {"production_id": production_of(B)}
        call = trackers.stub.AttachTrackerToProduction  # type: ignore[assignment]
    there = await refusal(call(attach(house_id=A, tracker_id=mine.tracker_id, **foreign)))
    assert there.reason == f"{thing.upper()}_NOT_FOUND"
    here = await refusal(call(attach(house_id=A, tracker_id=theirs.tracker_id, **of)))
    assert here.reason == "TRACKER_NOT_FOUND"
    assert await trackers.rows("SELECT * FROM attachments") == []


async def test_every_call_about_anothers_tracker_finds_none(trackers: Trackers) -> None:
    [theirs] = await trackers.attached(META, house_id=B, credentials=KEYS)
    await trackers.come_to("visit_1", Step.START, house_id=B)
    their_id = theirs.tracker_id
    which = {"house_id": A, "tracker_id": their_id}
    foreign = change(theirs, name="Mine")
    foreign.house_id = A
    for call in (
        trackers.stub.GetTracker(pb.GetTrackerRequest(**which)),
        trackers.stub.UpdateTracker(foreign),
        trackers.stub.ArchiveTracker(pb.ArchiveTrackerRequest(**which)),
        trackers.stub.DetachTracker(pb.DetachTrackerRequest(**which, performance_id=show_of(B))),
        trackers.stub.DetachTrackerFromProduction(
            pb.DetachTrackerFromProductionRequest(**which, production_id=production_of(B))
        ),
    ):
        assert (await refusal(call)).reason == "TRACKER_NOT_FOUND"
    for listed in (
        await trackers.stub.ListTrackers(pb.ListTrackersRequest(house_id=A)),
        await trackers.stub.ListAttachments(pb.ListAttachmentsRequest(house_id=A, tracker_id=their_id)),
        await trackers.stub.ListAttachments(pb.ListAttachmentsRequest(house_id=A, performance_id=show_of(B))),
        await trackers.stub.ListTrackerCalls(pb.ListTrackerCallsRequest(house_id=A, tracker_id=their_id)),
    ):
        assert not listed.ListFields()
    assert await shown(trackers, theirs) == theirs


async def test_a_production_has_its_performances_with_those_to_come(trackers: Trackers) -> None:
    made = await trackers.tracker(GTM)
    which = {"house_id": A, "tracker_id": made.tracker_id, "production_id": production_of(A)}
    await trackers.stub.AttachTrackerToProduction(pb.AttachTrackerToProductionRequest(**which))
    await trackers.attach(made)
    await trackers.tell_show(PerformanceCreated(performance=a_performance(A, "perf_new")))
    for performance_id in ("perf_new", show_of(A)):
        asked = pb.ListAttachmentsRequest(house_id=A, performance_id=performance_id)
        scopes = [one.scope for one in (await trackers.stub.ListAttachments(asked)).attachments]
        assert pb.ATTACHMENT_SCOPE_PRODUCTION in scopes
    await trackers.come_to("visit_1", Step.START)
    assert await trackers.counts() == {made.tracker_id: 1}
    await trackers.stub.DetachTrackerFromProduction(pb.DetachTrackerFromProductionRequest(**which))
    left = await trackers.stub.ListAttachments(pb.ListAttachmentsRequest(house_id=A))
    assert [one.scope for one in left.attachments] == [pb.ATTACHMENT_SCOPE_PERFORMANCE]


async def test_a_moved_performance_is_known_by_its_new_start_and_an_old_event_changes_nothing(
    trackers: Trackers,
) -> None:
    [_] = await trackers.attached(X)
    moved = a_performance(A, show_of(A), starts=1_950_000_000, revision=3)
    await trackers.tell_show(PerformanceMoved(performance=moved))
    late = a_performance(A, show_of(A), starts=1_940_000_000, revision=2)
    await trackers.tell_show(PerformanceMoved(performance=late))
    assert await trackers.rows("SELECT starts_at_ms FROM shows") == [(1_950_000_000_000,)]


async def test_while_the_catalogue_is_away_nothing_is_attached_and_it_may_be_asked_again(
    trackers: Trackers, shows: Shows
) -> None:
    made, shows.is_away = await trackers.tracker(META), True
    with pytest.raises(grpc.aio.AioRpcError) as told:
        await trackers.attach(made)
    assert told.value.code() is grpc.StatusCode.UNAVAILABLE
    shows.is_away = False
    await trackers.attach(made)


async def test_the_audit_finds_an_attachment_across_houses_and_what_no_visit_allows(
    trackers: Trackers, clock: ShiftedClock
) -> None:
    [mine], [_] = await trackers.attached(META), await trackers.attached(META, house_id=B)
    await trackers.visit("visit_1", "ad_user_data")
    assert not [check for check in await trackers.audit() if check.violations]
    await trackers.rows(
        f"INSERT INTO attachments VALUES ('{A}', '{mine.tracker_id}', 'PERFORMANCE', '{show_of(B)}', 'att_0', 1)"
    )
    await trackers.rows(
        "INSERT INTO visits (house_id, visit_id, consents, sealed_traces, recorded_at_ms) "
        "VALUES ('hse_a', 'visit_2', '{}', 'x', 1)"
    )
    broken = {check.invariant for check in await trackers.audit() if check.violations}
    assert broken == {"INV-8", "INV-9"}
