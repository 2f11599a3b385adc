"""What is kept of a visit, and what its pages are handed: by what the visitor allows, and for days only."""

from __future__ import annotations

import json

from balcon.trackers.v1 import visits_pb2 as pb
from balcon.types.v1.money_pb2 import Money

from services.integrations.trackers.domain.steps import Step
from services.runtime.testing.clocks import ShiftedClock
from services.runtime.testing.refusals import refusal
from tests.integration.trackers.shows import STARTS, TITLE, A, B, production_of, show_of
from tests.integration.trackers.stage import ADS, ALL_CONSENTS, GTM, IDS, META, VALUE, Trackers, X

TRACES = pb.VisitTraces(
    page_url="https://shop.example/hamlet?gclid=gclid-secret",
    language="nl",
    user_agent="a-browser-of-somebody",
    ip_address="192.0.2.77",
    fbc="fbc-secret",
    gclid="gclid-secret",
)
PERSONAL = ("a-browser-of-somebody", "192.0.2.77", "fbc-secret", "gclid-secret")


async def sealed(trackers: Trackers) -> list[bool]:
    """Whether something is kept of each visit, beside what was chosen."""
    rows = await trackers.rows("SELECT sealed_traces IS NOT NULL FROM visits ORDER BY visit_id")
    return [kept for (kept,) in rows]


async def test_what_is_kept_of_a_browser_is_sealed_and_gone_once_the_consent_is_taken_back(
    trackers: Trackers, clock: ShiftedClock
) -> None:
    await trackers.visit("visit_0", "ad_storage", traces=TRACES)
    await trackers.visit("visit_1", *ALL_CONSENTS, traces=TRACES)
    assert await sealed(trackers) == [False, True]
    assert not [word for word in PERSONAL if word in await trackers.everything()]
    clock.forward(days=0.01)
    counts = await trackers.visit("visit_1", "ad_storage", traces=TRACES)
    assert counts.ad_storage.granted
    assert not counts.ad_user_data.granted
    assert await sealed(trackers) == [False, False]


async def test_a_choice_that_comes_late_does_not_undo_a_later_one(trackers: Trackers) -> None:
    now_ms = trackers.service.clock.now_ms()
    await trackers.visit("visit_1", traces=TRACES, at_ms=now_ms)
    counts = await trackers.visit("visit_1", *ALL_CONSENTS, traces=TRACES, at_ms=now_ms - 1_000)
    assert not counts.ad_user_data.granted
    assert await sealed(trackers) == [False]


async def test_a_choice_of_the_future_is_refused_with_every_other_fault(trackers: Trackers) -> None:
    chosen = trackers.choices(*ALL_CONSENTS, at_ms=trackers.service.clock.now_ms() + 3_600_000)
    traces = pb.VisitTraces(ip_address="nowhere", page_url="javascript:x", user_agent="x" * 513)
    request = pb.RecordVisitRequest(house_id=A, visit_id="", consents=chosen, traces=traces)
    told = await refusal(trackers.visits.RecordVisit(request))
    assert told.reason == "FIELD_INVALID"
    assert int(told.facts["violations"]) == 8


async def test_a_visit_is_forgotten_when_asked_and_after_seven_days(trackers: Trackers, clock: ShiftedClock) -> None:
    await trackers.attached(META)
    await trackers.visit("visit_1", *ALL_CONSENTS, traces=TRACES)
    await trackers.visit("visit_2", *ALL_CONSENTS, traces=TRACES)
    await trackers.visits.ForgetVisit(pb.ForgetVisitRequest(house_id=A, visit_id="visit_1"))
    await trackers.visits.ForgetVisit(pb.ForgetVisitRequest(house_id=A, visit_id="visit_1"))
    assert len((await trackers.snippets("visit_2", Step.START)).calls) > 2
    assert await sealed(trackers) == [True]
    clock.forward(days=7.01)
    # Too old to count at once, and gone with the next purge.
    assert len((await trackers.snippets("visit_2", Step.START)).calls) == 1
    assert await trackers.purge() == 1
    assert await sealed(trackers) == []
    assert await trackers.calls() == []


async def test_pages_of_a_purchase_are_handed_eleven_calls_once_and_none_to_whom_refuses(trackers: Trackers) -> None:
    made = await trackers.attached(META, GTM, ADS, X)
    await trackers.visit("visit_1", *ALL_CONSENTS)
    item = pb.SnippetItem(
        category="Stalls", ticket_type="normal", price=Money(amount_minor=2_500, currency="EUR"), quantity=2
    )
    pages = [
        await trackers.snippets("visit_1", step, order_id="ord_1" if step is Step.DONE else "", items=[item])
        for step in (*Step, Step.DONE)
    ]
    assert all(page.calls[0].function == "gtag" for page in pages)
    assert all("https://connect.facebook.net" in page.hosts.script_src for page in pages)
    content = f"{production_of(A)}|{A}|{STARTS}"
    said = next(call for call in pages[-1].calls if call.function == "fbq" and call.event_id)
    arguments = json.loads(said.arguments_json)
    assert (arguments[2], arguments[3]["content_ids"], arguments[3]["content_name"]) == ("Purchase", [content], TITLE)
    assert (arguments[3]["value"], arguments[4]) == (VALUE.amount_minor / 100, {"eventID": "ord_1.Purchase"})
    calls = await trackers.calls()
    assert len([call for call in calls if call.HasField("handed_out_at")]) == 11
    assert {call.tracker_id for call in calls} == {one.tracker_id for one in made}
    await trackers.visit("visit_2")
    refused = await trackers.snippets("visit_2", Step.START)
    assert [call.function for call in refused.calls] == ["gtag", "gtag"]
    assert len(await trackers.calls()) == 11


async def test_the_browsers_call_and_the_funnels_are_one_by_their_id(trackers: Trackers) -> None:
    await trackers.attached(META)
    chosen = trackers.choices(*ALL_CONSENTS)
    page = await trackers.snippets("visit_1", Step.START, consents=chosen)
    await trackers.come_to("visit_1", Step.START)
    [call] = await trackers.calls()
    assert call.HasField("handed_out_at")
    assert call.HasField("reached_at")
    assert call.event_id == page.calls[-1].event_id


async def test_a_page_without_trackers_does_nothing_and_another_houses_performance_is_none(trackers: Trackers) -> None:
    await trackers.tracker(META)
    assert not (await trackers.snippets("visit_1", Step.START)).calls
    foreign = pb.GetSnippetsRequest(house_id=A, performance_id=show_of(B), visit_id="visit_1", step=1)  # type: ignore[arg-type]
    assert (await refusal(trackers.visits.GetSnippets(foreign))).reason == "PERFORMANCE_NOT_FOUND"
    reported = pb.ReportStepRequest(house_id=A, performance_id=show_of(B), visit_id=IDS.new_id("vis"), step=1)  # type: ignore[arg-type]
    assert (await refusal(trackers.visits.ReportStep(reported))).reason == "PERFORMANCE_NOT_FOUND"


async def test_a_purchase_without_its_order_or_value_is_refused(trackers: Trackers) -> None:
    done = pb.GetSnippetsRequest(house_id=A, performance_id=show_of(A), visit_id="visit_1", step=5)  # type: ignore[arg-type]
    told = await refusal(trackers.visits.GetSnippets(done))
    assert told.facts["violations"] == "2"
    reported = pb.ReportStepRequest(house_id=A, performance_id=show_of(A), visit_id="visit_1", step=5)  # type: ignore[arg-type]
    assert (await refusal(trackers.visits.ReportStep(reported))).facts["field"] == "order_id"
