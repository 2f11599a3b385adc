"""Every combination of consents against every kind of tracker, and choices that come in another order."""

from __future__ import annotations

from itertools import combinations

import pytest
from balcon.trackers.v1.visits_pb2 import VisitTraces

from services.integrations.trackers.api.visit_messages import refused_traces
from services.integrations.trackers.domain.consents import (
    ConsentKind,
    Consents,
    Decision,
    later_of,
    may_load,
    may_tell,
)
from services.integrations.trackers.domain.snippet_call import Load
from services.integrations.trackers.domain.snippets import snippets_of
from services.integrations.trackers.domain.steps import Step
from services.integrations.trackers.domain.tracker import TrackerKind
from services.integrations.trackers.domain.visit import NO_TRACES, Traces, Visit, allowed_traces, told_again
from tests.unit.integrations.trackers.samples import ONE_OF_EACH, granting, page

MEASURE, STORE, DATA, PERSONAL = ConsentKind
META, ADS, GTM, X = TrackerKind
TRACES = Traces(
    ip_address="192.0.2.1",
    user_agent="a browser",
    page_url="https://ada@shop.example/hamlet?gclid=1#top",
    language="nl",
    fbc="fb.1",
    gclid="g1",
    twclid="x1",
)


ALL_COMBINATIONS = [frozenset(some) for size in range(5) for some in combinations(ConsentKind, size)]


def in_words(some: frozenset[ConsentKind]) -> str:
    return "+".join(sorted(some)) or "nothing"


@pytest.mark.parametrize("granted", ALL_COMBINATIONS, ids=in_words)
def test_each_company_is_loaded_and_told_by_exactly_what_it_needs(granted: frozenset[ConsentKind]) -> None:
    consents = granting(*granted)
    advertising = {STORE, DATA, PERSONAL} <= granted
    loads = {META: advertising, X: advertising, ADS: STORE in granted, GTM: bool({STORE, MEASURE} & granted)}
    assert {kind: may_load(kind, consents) for kind in TrackerKind} == loads
    tells = {META: advertising, X: advertising, ADS: {STORE, DATA} <= granted, GTM: False}
    assert {kind: may_tell(kind, consents) for kind in TrackerKind} == tells
    snippets = snippets_of(page(Step.DONE, consents=consents), ONE_OF_EACH)
    assert {call.kind for call in snippets.does if isinstance(call, Load)} == {kind for kind in loads if loads[kind]}
    assert {call.tracker.kind for call in snippets.tells} == {kind for kind in loads if loads[kind]}


@pytest.mark.parametrize("granted", ALL_COMBINATIONS, ids=in_words)
def test_of_a_browser_only_that_is_kept_which_is_allowed(granted: frozenset[ConsentKind]) -> None:
    kept = allowed_traces(TRACES, granting(*granted))
    if DATA not in granted:
        assert kept == NO_TRACES
        return
    assert (kept.ip_address, kept.user_agent, kept.language) == ("192.0.2.1", "a browser", "nl")
    assert kept.page_url == "https://shop.example/hamlet"
    assert (kept.fbc, kept.gclid, kept.twclid) == (("fb.1", "g1", "x1") if STORE in granted else ("", "", ""))


def test_the_latest_choice_counts_whichever_is_told_last_and_of_two_at_once_a_no() -> None:
    yes, no = (Consents(ad_storage=Decision(granted, 5)) for granted in (True, False))
    later_no = Consents(ad_storage=Decision(at_ms=6))
    assert later_of(yes, later_no) == later_of(later_no, yes) == later_no
    assert later_of(yes, no) == later_of(no, yes) == no
    assert later_of(yes, Consents()) == yes


def test_a_page_that_brings_less_leaves_what_was_brought_before_and_a_no_removes_it() -> None:
    everything = granting(*ConsentKind)
    first = told_again(None, Visit("hse_a", "visit_1", everything, TRACES, 1))
    second = told_again(first, Visit("hse_a", "visit_1", everything, Traces(user_agent="another"), 2))
    assert (second.traces.gclid, second.traces.user_agent, second.recorded_at_ms) == ("g1", "another", 2)
    withdrawn = Consents(ad_user_data=Decision(at_ms=everything.ad_user_data.at_ms + 1))
    assert told_again(second, Visit("hse_a", "visit_1", withdrawn, TRACES, 3)).traces == NO_TRACES


@pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8::1", "0000:0000:0000:0000:0000:ffff:192.168.100.228"])
def test_an_address_of_either_kind_is_taken(address: str) -> None:
    assert refused_traces(VisitTraces(ip_address=address)) is None


@pytest.mark.parametrize("address", ["fe80::1%eth0", f"fe80::1%{'a' * 100_000}", "1.2.3", "Ada", "0" * 46])
def test_what_is_no_address_or_has_a_zone_of_any_length_is_refused(address: str) -> None:
    refused = refused_traces(VisitTraces(ip_address=address))
    assert refused is not None and refused.field == "traces.ip_address"
