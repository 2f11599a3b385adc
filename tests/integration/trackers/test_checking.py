"""ValidateTracker: the company looks at a made-up purchase and counts nothing; what is wrong is said in its words."""

from __future__ import annotations

from balcon.trackers.v1 import trackers_pb2 as pb

from services.contracts.reasons import Reason
from services.runtime.clock import SystemClock
from services.runtime.testing.refusals import refusal
from services.runtime.testing.servers import DatabaseUrl
from tests.doubles.google_data_manager import GoogleDouble
from tests.doubles.meta import MetaDouble
from tests.integration.trackers.companies import PUBLIC_KEY
from tests.integration.trackers.server_stage import KEY_FILE
from tests.integration.trackers.shows import A, Shows
from tests.integration.trackers.stage import ADS, GTM, META, TOKEN, Trackers, X, running_trackers

PIXEL = "123456789012345"
ADS_IDS = pb.TrackerIds(
    account="AW-123456789",
    start_event="startLabel1",
    purchase_event="doneLabel1",
    google=pb.GoogleDestination(customer="1234567890", start_action="111", purchase_action="222"),
)
X_KEYS = pb.TrackerCredentials(consumer_key="k", consumer_secret="s", token="t", token_secret="u")


async def check(trackers: Trackers, tracker: pb.Tracker) -> pb.ValidateTrackerResponse:
    request = pb.ValidateTrackerRequest(house_id=A, tracker_id=tracker.tracker_id)
    return await trackers.stub.ValidateTracker(request)


async def test_a_check_says_what_the_company_says_and_counts_nothing(database_url: DatabaseUrl, shows: Shows) -> None:
    now_ms = SystemClock().now_ms
    async with MetaDouble(now_ms) as meta, GoogleDouble(now_ms) as google:
        meta.tokens[PIXEL] = TOKEN
        google.service_accounts["balcon@house.iam.example"] = PUBLIC_KEY
        targets = {"meta_url": meta.url, "google_url": google.url, "google_token_url": f"{google.url}/token"}
        async with running_trackers(database_url("trackers"), database_url(), shows, targets=targets) as trackers:
            given = pb.TrackerCredentials(access_token=TOKEN, test_event_code="TEST1")
            good = await trackers.tracker(META, credentials=given)
            assert (await check(trackers, good)).accepted
            wrong = pb.TrackerCredentials(access_token="EAAG-wrong", test_event_code="TEST1")
            refused = await check(trackers, await trackers.tracker(META, credentials=wrong))
            assert not refused.accepted and "190" in refused.note and "EAAG" not in refused.note
            untested = await check(
                trackers, await trackers.tracker(META, credentials=pb.TrackerCredentials(access_token=TOKEN))
            )
            assert not untested.accepted and "test_event_code" in untested.note
            key_file = pb.TrackerCredentials(service_account_key=KEY_FILE)
            ads = await trackers.tracker(ADS, ids=ADS_IDS, credentials=key_file)
            assert (await check(trackers, ads)).accepted
            for kind, credentials in ((GTM, None), (META, None), (X, X_KEYS)):
                silent = await check(trackers, await trackers.tracker(kind, credentials=credentials))
                assert not silent.accepted and silent.note
            found = await refusal(check(trackers, pb.Tracker(tracker_id="trk_nobody")))
            assert found.reason == Reason.TRACKER_NOT_FOUND
            await trackers.stub.ArchiveTracker(pb.ArchiveTrackerRequest(house_id=A, tracker_id=good.tracker_id))
            assert (await refusal(check(trackers, good))).reason == Reason.TRACKER_ARCHIVED
    assert meta.counted == {} and google.counted == {}
    assert [event.event_name for event in meta.tested] == ["Purchase"]
